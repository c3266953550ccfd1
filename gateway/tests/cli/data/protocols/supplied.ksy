# A message of every sort of field, for what `check` tells of who supplies them.
meta: {id: supplied, endian: be}
-gateway:
  frame: {auto: true, max: 4KiB}
  operation: head.kind
  kind: 'head.kind == kind::asked ? "request" : "reply"'
  id: head.seq
  checks:
    - {field: crc, algorithm: crc32, over: [head, body]}
seq:
  - {id: magic, contents: [0x5a]}
  - {id: head, type: head}
  - id: body
    size: 2 * head.len_body
    type: {switch-on: head.kind, cases: {'kind::asked': asked, 'kind::told': told}}
  - {id: crc, type: u4}
instances:
  first: {pos: 1, type: u1}
types:
  head:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: seq, type: u2}
      - {id: len_body, type: u1}
  asked:
    seq:
      - {id: has_note, type: b1}
      - {id: spare, type: b7, -gateway: {json: hidden, default: 0}}
      - {id: password, type: str, size: 4, encoding: ASCII, -gateway: {secret: true, default: abcd}}
      - {id: colour, type: u1, enum: colour, -gateway: {default: red}}
      - {id: twice, type: u1, -gateway: {derive: 2 * amount.to_i}}
      - {id: amount, type: u1}
      - {id: num_items, type: u1}
      - {id: items, type: item, repeat: expr, repeat-expr: num_items}
      - {id: note, type: strz, encoding: ASCII, if: has_note}
      - {id: lost, type: u1, -gateway: {json: hidden}}
    instances:
      double: {value: amount * 2}
  item:
    seq:
      - {id: len_name, type: u1}
      - {id: name, type: str, size: len_name, encoding: UTF-8}
      - {id: weight, type: u2, -gateway: {default: 7}}
  told:
    seq:
      - {id: status, type: u1}
      - {id: same, type: u1, valid: status}
enums:
  kind: {1: asked, 2: told}
  colour: {0: red, 1: green}
