meta: {id: five_errors, endian: be}
seq:
  - {id: len, type: u2}
  - {id: kind, type: u1, enum: kinds}
  - {id: body, type: boddy, size: len}
  - {id: name, type: str, size: lenn, encoding: ASCII}
  - {id: flags, type: b65}
  - {id: tail, size-eos: true, repeat: sometimes}
enums: {kind: {1: one}}
types: {body: {seq: [{id: a, type: u1}]}}
