meta:
  id: dns
  imports: [/terms]
seq:
  - {id: a, type: wrong}
  - {id: b, type: str, encoding: odd, size: 3}
  - {id: c, type: wrong}
