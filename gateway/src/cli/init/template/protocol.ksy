# A protocol to begin with: NAME asks how much of an article is in stock. Change it to what yours is.
# The language is that of https://doc.kaitai.io; `-gateway` says how messages travel.
meta: {id: NAME, title: Stock of articles, endian: be}
doc: Each message is a magic number, a length, and so many bytes.
-gateway:
  frame: {auto: true, max: 64KiB}                # the fields below say where a frame ends
  operation: body.kind                           # what routes match on
  kind: 'body.kind.to_i >= 0x80 ? "reply" : "request"'
  id: body.number                                # ties a reply to its request
  reject: {operation: failed, set: {reason: '_fault.class == "timeout" ? reason::timeout : reason::unavailable'}}
seq:
  - {id: magic, contents: [0x53, 0x54]}
  - {id: len_body, type: u2}                     # derived when a message is written
  - {id: body, type: body, size: len_body}
types:
  body:
    seq:
      - {id: kind, type: u1, enum: kind}         # derived from the message
      - {id: number, type: u4, doc: Chosen by the client.}
      - id: message
        type: {switch-on: kind, cases: {'kind::lookup': lookup, 'kind::found': found, 'kind::failed': failed}}
  lookup:
    doc: How many of an article are there?
    seq:
      - {id: article, type: str, size: 8, encoding: ASCII, pad-right: 0x20, doc: Its number on the shelf.}
  found:
    seq:
      - {id: amount, type: u4, doc: Pieces.}
  failed:
    seq:
      - {id: reason, type: u1, enum: reason}
enums:
  kind:
    0x01: {id: lookup, -gateway: {idempotent: true}}
    0x81: found
    0x82: failed
  reason:
    1: {id: unknown, doc: There is no such article.}
    2: {id: timeout, doc: The answer took too long.}
    3: {id: unavailable, doc: Nobody can tell.}
