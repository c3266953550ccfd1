meta:
  id: inhouse
  title: A warehouse's control protocol
  endian: le
doc: |
  What companies write for themselves: a magic, a version, a length, a kind, an id, a body of its kind, a CRC
  behind it. It is made up, and shows what a definition can say. Numbers are little-endian, texts UTF-8.
-gateway:
  frame: {auto: true, max: 64KiB}
  operation: body.kind
  kind: 'body.kind.to_i >= 0xc000 ? "event" : body.kind.to_i >= 0x8000 ? "reply" : "request"'
  id: body.id
  error: body.kind == kind::failure
  reject: {operation: failure, set: {code: '_fault.class == "timeout" ? failure_code::timed_out : failure_code::unavailable', reason: _fault.code}}
  checks:
    - {field: crc, algorithm: crc32c, over: [magic, body]}
  heartbeat: {operation: ping, every: 15s, silence: 45s, answer: pong}
  session: {open: [login], close: [logout]}
  drain: {operation: goodbye, set: {id: 0}}
seq:
  - {id: magic, contents: WH}
  - {id: version, type: u1, valid: 1}
  - {id: flags, type: flags}
  - {id: len_body, type: u4, valid: {min: 10, max: 65524}}
  - {id: body, type: body, size: len_body}
  - {id: crc, type: u4, doc: CRC-32C of everything before it.}
types:
  flags:
    meta: {bit-endian: le}
    seq:
      - {id: urgent, type: b1, -gateway: {default: false}}
      - {id: replayed, type: b1, -gateway: {default: false}, doc: The sender has sent this message before.}
      - {id: reserved, type: b6, valid: 0}
  body:
    seq:
      - {id: kind, type: u2, enum: kind}
      - {id: id, type: u8, doc: Chosen by who asks; 0 in events.}
      - id: message
        type:
          switch-on: kind
          cases:
            'kind::login': login
            'kind::logout': logout
            'kind::ping': ping
            'kind::query_stock': query_stock
            'kind::move_stock': move_stock
            'kind::welcome': welcome
            'kind::bye': bye
            'kind::pong': pong
            'kind::stock': stock
            'kind::moved': moved
            'kind::failure': failure
            'kind::stock_changed': stock_changed
            'kind::goodbye': goodbye
  login:
    seq:
      - {id: len_user, type: u2}
      - {id: user, type: str, size: len_user, encoding: UTF-8}
      - {id: len_password, type: u2}
      - {id: password, type: str, size: len_password, encoding: UTF-8, -gateway: {secret: true}}
      - {id: terminal, size: 6, -gateway: {json: hex}, doc: The terminal's hardware address.}
  logout:
    seq: []
  ping:
    seq: []
  query_stock:
    seq:
      - {id: article, type: strz, encoding: ASCII}
      - {id: num_places, type: u1}
      - {id: places, type: u4, repeat: expr, repeat-expr: num_places, doc: None stands for all.}
  move_stock:
    seq:
      - {id: article, type: strz, encoding: ASCII}
      - {id: from_place, type: u4}
      - {id: to_place, type: u4}
      - {id: quantity, type: s4, valid: {min: 1}}
      - {id: has_note, type: b1}
      - {id: has_deadline, type: b1}
      - {id: reserved, type: b6, valid: 0}
      - {id: len_note, type: u2, if: has_note}
      - {id: note, type: str, size: len_note, encoding: UTF-8, if: has_note}
      - {id: deadline, type: u8, if: has_deadline, doc: Microseconds since 1970.}
  welcome:
    seq:
      - {id: session, type: u4}
      - {id: server, type: str, size: 16, encoding: ASCII, pad-right: 0}
  bye:
    seq: []
  pong:
    seq: []
  stock:
    seq:
      - {id: num_entries, type: u2}
      - {id: entries, type: entry, repeat: expr, repeat-expr: num_entries}
  entry:
    seq:
      - {id: place, type: u4}
      - {id: quantity, type: s4}
      - {id: weight, type: f8, doc: Kilograms.}
      - {id: state, type: u1, enum: state, valid: {in-enum: true}}
  moved:
    seq:
      - {id: quantity_left, type: s4}
  failure:
    seq:
      - {id: code, type: u2, enum: failure_code}
      - {id: len_reason, type: u2}
      - {id: reason, type: str, size: len_reason, encoding: UTF-8, -gateway: {default: ''}}
  stock_changed:
    seq:
      - {id: article, type: strz, encoding: ASCII}
      - {id: entry, type: entry}
  goodbye:
    doc: The server takes no more requests on this connection, and answers those that it has.
    seq: []
enums:
  kind:
    0x0001: login
    0x0002: logout
    0x0003: {id: ping, -gateway: {idempotent: true}}
    0x0010: {id: query_stock, -gateway: {idempotent: true}}
    0x0011: {id: move_stock, -gateway: {timeout: 5s}}
    0x8001: welcome
    0x8002: bye
    0x8003: pong
    0x8010: stock
    0x8011: moved
    0x80ff: failure
    0xc000: {id: stock_changed, -gateway: {one-way: true}}
    0xc0ff: {id: goodbye, -gateway: {one-way: true}}
  state: {0: available, 1: reserved, 2: blocked}
  failure_code: {1: unavailable, 2: timed_out, 3: no_such_article, 4: no_such_place, 5: not_enough, 6: not_logged_in}
