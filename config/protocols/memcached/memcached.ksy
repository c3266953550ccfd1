meta:
  id: memcached
  title: Memcached's binary protocol
  endian: be
doc: |
  BinaryProtocolRevamped of the memcached wiki: 24 bytes of header, extras, key, value. `opaque` comes back
  in the reply. Lengths of the three parts are in the header, that of the value as what is left of the body.
-gateway:
  frame: {length: {at: 8, type: u4be, counts: rest, add: 12}, max: 2MiB}
  root: {request: request, reply: reply}
  operation: opcode
  id: opaque
  error: status != status::no_error
  reject:
    operation: request.opcode
    set:
      status: '_fault.class == "unrouted" ? status::not_supported : _fault.class == "bad-request" ? status::invalid_arguments : status::temporary_failure'
  heartbeat: {operation: noop, every: 30s, answer: false}
  session: {close: [quit, quitq]}
types:
  request:
    seq:
      - {id: magic, contents: [0x80]}
      - {id: opcode, type: u1, enum: opcode, valid: {in-enum: true}}
      - {id: len_key, type: u2, valid: {max: 250}}
      - {id: len_extras, type: u1, -gateway: {default: 0}}
      - {id: data_type, type: u1, valid: 0}
      - {id: vbucket, type: u2, -gateway: {default: 0}}
      - {id: len_body, type: u4, valid: {expr: _ >= len_key + len_extras}}
      - {id: opaque, type: u4}
      - {id: cas, type: u8, -gateway: {default: 0}, doc: The version that the item must have; 0 for any.}
      - id: extras
        size: len_extras
        type:
          switch-on: opcode
          cases:
            'opcode::set': store
            'opcode::add': store
            'opcode::replace': store
            'opcode::setq': store
            'opcode::addq': store
            'opcode::replaceq': store
            'opcode::increment': count
            'opcode::decrement': count
            'opcode::incrementq': count
            'opcode::decrementq': count
            'opcode::touch': expire
            'opcode::gat': expire
            'opcode::gatq': expire
            'opcode::gatk': expire
            'opcode::gatkq': expire
            'opcode::flush': flush
            'opcode::flushq': flush
            'opcode::verbosity': verbosity
            _: nothing
      - {id: key, type: str, size: len_key, encoding: UTF-8, -gateway: {default: ''}}
      - id: value
        size: len_body - len_key - len_extras
        -gateway: {default: ''}
        type:
          switch-on: opcode
          cases:
            'opcode::sasl_auth': credentials
            'opcode::sasl_step': credentials
  reply:
    seq:
      - {id: magic, contents: [0x81]}
      - {id: opcode, type: u1, enum: opcode, valid: {in-enum: true}}
      - {id: len_key, type: u2, valid: {max: 250}}
      - {id: len_extras, type: u1, valid: {any-of: [0, 4]}, -gateway: {default: 0}}
      - {id: data_type, type: u1, valid: 0}
      - {id: status, type: u2, enum: status, -gateway: {default: 0}}
      - {id: len_body, type: u4, valid: {expr: _ >= len_key + len_extras}}
      - {id: opaque, type: u4}
      - {id: cas, type: u8, -gateway: {default: 0}}
      - {id: extras, type: flags, size: len_extras, if: len_extras != 0, doc: Of get and its like and of touch.}
      - {id: key, type: str, size: len_key, encoding: UTF-8, -gateway: {default: ''}}
      - id: value
        doc: An item's value; the text of an error; the number of a counter.
        size: len_body - len_key - len_extras
        -gateway: {default: ''}
        type:
          switch-on: 'status == status::no_error and (opcode == opcode::increment or opcode == opcode::decrement)'
          cases:
            true: counter
  nothing:
    seq: []
  store:
    seq:
      - {id: flags, type: u4, -gateway: {default: 0}}
      - {id: expiration, type: u4, doc: 'Seconds, or a time if it is more than 30 days.', -gateway: {default: 0}}
  count:
    seq:
      - {id: delta, type: u8, -gateway: {default: 1}}
      - {id: initial, type: u8, -gateway: {default: 0}}
      - {id: expiration, type: u4, doc: 0xffffffff means that a counter is not made., -gateway: {default: 0}}
  expire:
    seq:
      - {id: expiration, type: u4}
  flush:
    doc: Memcached's flush may name a time; without one it has no extras.
    seq:
      - {id: expiration, type: u4, repeat: eos}
  verbosity:
    seq:
      - {id: verbosity, type: u4}
  credentials:
    seq:
      - {id: data, size-eos: true, -gateway: {secret: true}}
  flags:
    seq:
      - {id: flags, type: u4, -gateway: {default: 0}}
  counter:
    seq:
      - {id: count, type: u8}
enums:
  opcode:
    0x00: {id: get, -gateway: {idempotent: true}}
    0x01: set
    0x02: add
    0x03: replace
    0x04: delete
    0x05: increment
    0x06: decrement
    0x07: quit
    0x08: flush
    0x09: {id: getq, -gateway: {idempotent: true}, doc: Answered only if the item is there.}
    0x0a: {id: noop, -gateway: {idempotent: true}}
    0x0b: {id: version, -gateway: {idempotent: true}}
    0x0c: {id: getk, -gateway: {idempotent: true}}
    0x0d: {id: getkq, -gateway: {idempotent: true}, doc: Answered only if the item is there.}
    0x0e: append
    0x0f: prepend
    0x10: {id: stat, -gateway: {idempotent: true}, doc: Answered with many replies.}
    0x11: {id: setq, -gateway: {one-way: true}, doc: 'This and the others that end in q are answered only if they fail.'}
    0x12: {id: addq, -gateway: {one-way: true}}
    0x13: {id: replaceq, -gateway: {one-way: true}}
    0x14: {id: deleteq, -gateway: {one-way: true}}
    0x15: {id: incrementq, -gateway: {one-way: true}}
    0x16: {id: decrementq, -gateway: {one-way: true}}
    0x17: {id: quitq, -gateway: {one-way: true}}
    0x18: {id: flushq, -gateway: {one-way: true}}
    0x19: {id: appendq, -gateway: {one-way: true}}
    0x1a: {id: prependq, -gateway: {one-way: true}}
    0x1b: verbosity
    0x1c: {id: touch, -gateway: {idempotent: true}}
    0x1d: {id: gat, -gateway: {idempotent: true}}
    0x1e: {id: gatq, -gateway: {idempotent: true}, doc: Answered only if the item is there.}
    0x20: sasl_list_mechs
    0x21: sasl_auth
    0x22: sasl_step
    0x23: {id: gatk, -gateway: {idempotent: true}}
    0x24: {id: gatkq, -gateway: {idempotent: true}, doc: Answered only if the item is there.}
  status:
    0x00: no_error
    0x01: key_not_found
    0x02: key_exists
    0x03: value_too_large
    0x04: invalid_arguments
    0x05: item_not_stored
    0x06: non_numeric_value
    0x07: wrong_vbucket
    0x08: authentication_error
    0x09: authentication_continue
    0x20: {id: sasl_error, doc: What servers say for 0x08.}
    0x21: {id: sasl_continue, doc: What servers say for 0x09.}
    0x81: unknown_command
    0x82: out_of_memory
    0x83: not_supported
    0x84: internal_error
    0x85: busy
    0x86: temporary_failure
