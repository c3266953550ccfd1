meta:
  id: terms
seq:
  - {id: a, type: wrong}
