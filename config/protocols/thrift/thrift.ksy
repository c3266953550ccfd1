meta:
  id: thrift
  title: Apache Thrift, framed, strict binary protocol
  endian: be
doc: |
  Thrift's binary protocol (doc/specs/thrift-binary-protocol.md of Apache Thrift) with its strict message header, in frames
  of the framed transport (doc/specs/thrift-rpc.md). Fields have numbers, not names: an interface's file is not read.
-gateway:
  frame: {auto: true, max: 16MiB}
  operation: message.type
  kind: |
    message.type == message_type::call ? "request" : message.type == message_type::oneway ? "event" : "reply"
  id: message.sequence
  error: message.type == message_type::exception
seq:
  - {id: len_message, type: u4, valid: {min: 13}}
  - {id: message, type: message, size: len_message}
types:
  message:
    seq:
      - {id: version, type: u2, valid: 0x8001}
      - {id: unused, type: u1, valid: 0}
      - {id: type, type: u1, enum: message_type, valid: {in-enum: true}}
      - {id: len_name, type: u4}
      - {id: name, type: str, size: len_name, encoding: UTF-8, doc: The method.}
      - {id: sequence, type: u4}
      - {id: body, type: structure, doc: Arguments; in a reply field 0 is the result and others are declared exceptions.}
  structure:
    seq:
      - {id: fields, type: field, repeat: until, repeat-until: '_.type == data_type::stop', doc: The last is the stop.}
  field:
    seq:
      - {id: type, type: u1, enum: data_type, valid: {in-enum: true}}
      - {id: number, type: s2, if: type != data_type::stop}
      - id: value
        if: type != data_type::stop
        type:
          switch-on: type
          cases: &values
            'data_type::bool': u1
            'data_type::byte': s1
            'data_type::double': f8
            'data_type::i16': s2
            'data_type::i32': s4
            'data_type::i64': s8
            'data_type::string': text
            'data_type::struct': structure
            'data_type::map': map
            'data_type::set': collection
            'data_type::list': collection
            'data_type::uuid': uuid
  text:
    doc: Text and binary data are one type on the wire.
    seq:
      - {id: len_data, type: u4}
      - {id: data, size: len_data}
  uuid:
    seq:
      - {id: uuid, size: 16, -gateway: {json: hex}}
  collection:
    seq:
      - {id: type, type: u1, enum: data_type, valid: {in-enum: true}}
      - {id: num_elements, type: u4, valid: {expr: _ == 0 or type.to_i >= 2}}
      - id: elements
        repeat: expr
        repeat-expr: num_elements
        type:
          switch-on: type
          cases: *values
  map:
    seq:
      - {id: key_type, type: u1, enum: data_type, valid: {in-enum: true}}
      - {id: value_type, type: u1, enum: data_type, valid: {in-enum: true}}
      - {id: num_entries, type: u4, valid: {expr: _ == 0 or (key_type.to_i >= 2 and value_type.to_i >= 2)}}
      - {id: entries, type: 'entry(key_type, value_type)', repeat: expr, repeat-expr: num_entries}
  entry:
    params:
      - {id: key_type, type: u1, enum: data_type}
      - {id: value_type, type: u1, enum: data_type}
    seq:
      - id: key
        type:
          switch-on: key_type
          cases: *values
      - {id: value, type: {switch-on: value_type, cases: *values}}
enums:
  message_type:
    1: call
    2: reply
    3: exception
    4: {id: oneway, -gateway: {one-way: true}}
  data_type:
    0: stop
    2: bool
    3: byte
    4: double
    6: i16
    8: i32
    10: i64
    11: string
    12: struct
    13: map
    14: set
    15: list
    16: uuid
