meta:
  id: pos
  encoding: odd
