# A message whose fields are shown otherwise than their types say.
meta: {id: shown, endian: be}
-gateway:
  frame: {auto: true, max: 4KiB}
  operation: kind
  kind: 'kind == kind::sale ? "request" : "reply"'
  id: seq
seq:
  - {id: len_rest, type: u1}
  - {id: rest, type: rest, size: len_rest}
instances:
  kind: {value: rest.kind}
  seq: {value: rest.seq}
types:
  rest:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: seq, type: u2}
      - {id: body, type: {switch-on: kind, cases: {'kind::sale': sale, 'kind::receipt': receipt}}}
  sale:
    seq:
      - {id: terminal, size: 3, -gateway: {json: [terminal_id, hex]}, doc: Where it was.}
      - {id: colour, type: u1, enum: colour, -gateway: {json: number}}
      - {id: account, type: u8, -gateway: {json: string}}
      - {id: amount, type: s4, -gateway: {scale: 0.01}}
      - {id: fee, type: u2, -gateway: {scale: 0.5, json: string}}
      - {id: rates, type: u1, repeat: expr, repeat-expr: 2, -gateway: {scale: 0.1}}
      - {id: digits, size: 2, -gateway: {codec: bcd, scale: 0.01}}
      - {id: key, size: 2, -gateway: {secret: true, json: base64}}
      - {id: note, size-eos: true, -gateway: {json: text}}
  receipt:
    seq:
      - {id: number, type: u4, -gateway: {json: string}}
enums:
  kind: {1: sale, 2: receipt}
  colour: {0: red, 1: green}
