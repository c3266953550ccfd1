meta:
  id: pos
