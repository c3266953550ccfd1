# An in-house protocol, whole.
meta: {id: pos, endian: be}
-gateway:
  frame: {auto: true, max: 64KiB}
  operation: body.kind
  kind: 'body.kind.to_i >= 0x80 ? "reply" : "request"'
  id: body.seq
  reject: {operation: auth_rsp, set: {status: '_fault.class == "timeout" ? 91 : 96'}}
seq:
  - {id: magic, contents: [0xAC, 0x4D]}
  - {id: len, type: u2}                                  # derived when writing
  - {id: body, type: body, size: len}
types:
  body:
    seq:
      - {id: kind, type: u1, enum: kind}                 # derived from the message chosen
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
      - {id: code, type: str, size: 6, encoding: ASCII, -gateway: {default: '------'}}
enums: {kind: {0x01: auth_req, 0x81: auth_rsp}}
