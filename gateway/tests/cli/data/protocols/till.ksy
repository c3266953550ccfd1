# Payment terminals, as the codec `pos` speaks to them.
meta: {id: till, title: Tills, endian: be}
seq:
  - {id: magic, contents: [0xAC, 0x4D]}
  - {id: len, type: u2}
  - {id: body, type: body, size: len}
types:
  body:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: seq, type: u4}
      - {id: msg, type: {switch-on: kind, cases: {'kind::auth_req': auth_req, 'kind::auth_rsp': auth_rsp}}}
  auth_req:
    seq:
      - {id: merchant, type: str, size: 15, encoding: ASCII, pad-right: 0x20}
      - {id: pan, type: str, size: 19, encoding: ASCII, pad-right: 0x20, -gateway: {secret: true}}
      - {id: amount, type: u4, doc: minor units}
      - {id: currency, type: u2, valid: {min: 1, max: 999}}
  auth_rsp:
    seq:
      - {id: status, type: u1}
      - {id: code, type: str, size: 6, encoding: ASCII}
enums: {kind: {0x01: auth_req, 0x81: auth_rsp}}
