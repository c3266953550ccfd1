meta:
  id: resp
  imports: [/terms]
  encoding: odd
