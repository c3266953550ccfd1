# A protocol with something of everything that the verbs show.
meta: {id: meter, title: Meters that report readings, endian: be, encoding: ASCII}
doc: What a meter sends, one message a datagram.
seq:
  - {id: magic, contents: [0x4d, 0x52]}
  - {id: version, type: b4, doc: Of the protocol.}
  - {id: urgent, type: b1, doc: Whether somebody should look.}
  - {id: channel, type: b11}
  - {id: kind, type: u1, enum: kind}
  - {id: len_body, type: u2}
  - id: body
    size: len_body
    type:
      switch-on: kind
      cases:
        kind::reading: reading
        kind::login: login
        kind::scrambled: scrambled
types:
  reading:
    doc: Some values of one place.
    seq:
      - {id: place, type: strz, doc: Where the meter hangs.}
      - {id: num_values, type: u1}
      - {id: values, type: s2, repeat: expr, repeat-expr: num_values, doc: Tenths of a degree.}
      - {id: battery, type: f4, if: num_values > 2}
    instances:
      first: {value: 'values[0] / 10.0', doc: Degrees.}
  login:
    seq:
      - {id: user, type: str, size: 8, pad-right: 0x20}
      - {id: password, type: str, size: 8, pad-right: 0x20, -gateway: {secret: true}}
  scrambled:
    seq:
      - {id: inner, type: pair, size: 4, process: xor(0xff)}
      - {id: rest, size-eos: true}
    instances:
      tail: {pos: 0, size: 2}
  pair:
    seq:
      - {id: left, type: u2}
      - {id: right, type: u2, valid: {max: 1000}}
enums:
  kind:
    1: {id: reading, doc: Values.}
    2: login
    3: scrambled
