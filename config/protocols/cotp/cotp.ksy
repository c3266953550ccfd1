meta:
  id: cotp
  title: S7 communication over TPKT and COTP
  endian: be
doc: |
  RFC 1006 (TPKT), ISO 8073 / ITU-T X.224 class 0 (COTP, 13), and what Siemens' S7 controllers put into its data, which has
  no public specification: job, acknowledgement, parameters by function, data.
-gateway:
  frame: {length: {at: 2, type: u2be, counts: frame}, max: 64KiB}
  root: {request: client_packet, reply: server_packet}
  operation: packet.header.type
  kind: |
    packet.header.type == tpdu::disconnect_request or packet.header.type == tpdu::disconnect_confirm ? "event" :
    packet.from_server ? "reply" : "request"
  id: packet.payload.content.reference
  error: packet.header.type == tpdu::error
  session: {open: [connect_request], close: [disconnect_request]}
types:
  client_packet:
    seq:
      - {id: packet, type: packet(false)}
  server_packet:
    seq:
      - {id: packet, type: packet(true)}
  packet:
    params:
      - {id: from_server, type: bool}
    seq:
      - {id: version, type: u1, valid: 3}
      - {id: reserved, type: u1, valid: 0}
      - {id: len_packet, type: u2, valid: {expr: _ >= 7}}
      - {id: len_header, type: u1, valid: {expr: _ >= 2 and _ < 255 and _ + 5 <= len_packet}}
      - {id: header, type: header, size: len_header}
      - id: payload
        size: len_packet - len_header - 5
        -gateway: {default: ''}
        type:
          switch-on: header.type
          cases:
            'tpdu::data': payload
  header:
    seq:
      - {id: type, type: b4, enum: tpdu, valid: {in-enum: true}}
      - {id: credit, type: b4, valid: 0, doc: 0 in class 0.}
      - id: body
        size-eos: true
        type:
          switch-on: type
          cases:
            'tpdu::connect_request': connect_request
            'tpdu::connect_confirm': connect_confirm
            'tpdu::disconnect_request': disconnect_request
            'tpdu::disconnect_confirm': disconnect_confirm
            'tpdu::data': data
            'tpdu::error': error
  connect_request:
    seq:
      - {id: destination, type: u2, valid: 0}
      - {id: source, type: u2}
      - {id: protocol_class, type: b4, valid: 0}
      - {id: options, type: b4, -gateway: {default: 0}}
      - {id: parameters, type: parameter, repeat: eos, -gateway: {default: []}}
  connect_confirm:
    seq:
      - {id: destination, type: u2, doc: The source of the request.}
      - {id: source, type: u2}
      - {id: protocol_class, type: b4, valid: 0}
      - {id: options, type: b4, -gateway: {default: 0}}
      - {id: parameters, type: parameter, repeat: eos, -gateway: {default: []}}
  disconnect_request:
    seq:
      - {id: destination, type: u2}
      - {id: source, type: u2}
      - {id: reason, type: u1, enum: reason, -gateway: {default: 0}}
      - {id: parameters, type: parameter, repeat: eos, -gateway: {default: []}}
  disconnect_confirm:
    seq:
      - {id: destination, type: u2}
      - {id: source, type: u2}
      - {id: parameters, type: parameter, repeat: eos, -gateway: {default: []}}
  data:
    seq:
      - {id: end_of_data, type: b1, -gateway: {default: true}, doc: The last part of what is sent.}
      - {id: number, type: b7, valid: 0, doc: 0 in class 0.}
  error:
    seq:
      - {id: destination, type: u2}
      - {id: cause, type: u1, enum: cause}
      - {id: parameters, type: parameter, repeat: eos, -gateway: {default: []}}
  parameter:
    seq:
      - {id: code, type: u1, enum: parameter_code}
      - {id: len_value, type: u1}
      - {id: value, size: len_value, -gateway: {json: hex}, doc: 'A TSAP of S7 is the kind of connection, then rack times 32 plus slot.'}
  payload:
    seq:
      - {id: protocol, type: u1, enum: protocol}
      - id: content
        size-eos: true
        type:
          switch-on: protocol
          cases:
            'protocol::s7': s7
  s7:
    seq:
      - {id: kind, type: u1, enum: s7_kind, valid: {in-enum: true}}
      - {id: reserved, type: u2, valid: 0}
      - {id: reference, type: u2, doc: Comes back in the acknowledgement.}
      - {id: len_parameter, type: u2, -gateway: {default: 0}}
      - {id: len_data, type: u2}
      - {id: error_class, type: u1, if: kind == s7_kind::ack or kind == s7_kind::ack_data, -gateway: {default: 0}}
      - {id: error_code, type: u1, if: kind == s7_kind::ack or kind == s7_kind::ack_data, -gateway: {default: 0}}
      - {id: parameter, type: s7_parameter(kind), size: len_parameter, if: len_parameter > 0}
      - {id: data, size: len_data, -gateway: {default: '', json: hex}, doc: 'For each variable a result, a type, a length, the value.'}
  s7_parameter:
    params:
      - {id: kind, type: u1, enum: s7_kind}
    seq:
      - {id: function, type: u1, enum: function}
      - id: body
        size-eos: true
        type:
          switch-on: function
          cases:
            'function::read_variable': read_variable(kind)
            'function::write_variable': write_variable(kind)
            'function::set_up_communication': set_up_communication
  set_up_communication:
    seq:
      - {id: reserved, type: u1, valid: 0}
      - {id: max_calling, type: u2, doc: Jobs at a time that the client may have.}
      - {id: max_called, type: u2}
      - {id: pdu_size, type: u2}
  read_variable:
    params:
      - {id: kind, type: u1, enum: s7_kind}
    seq:
      - {id: num_variables, type: u1}
      - {id: variables, type: variable, repeat: expr, repeat-expr: num_variables, if: kind == s7_kind::job, doc: An acknowledgement has the number alone.}
  write_variable:
    params:
      - {id: kind, type: u1, enum: s7_kind}
    seq:
      - {id: num_variables, type: u1}
      - {id: variables, type: variable, repeat: expr, repeat-expr: num_variables, if: kind == s7_kind::job}
  variable:
    seq:
      - {id: specification, type: u1, valid: 0x12}
      - {id: len_address, type: u1}
      - {id: address, type: address, size: len_address}
  address:
    seq:
      - {id: syntax, type: u1, enum: syntax}
      - id: body
        size-eos: true
        type:
          switch-on: syntax
          cases:
            'syntax::any': any
  any:
    seq:
      - {id: type, type: u1, enum: data_type}
      - {id: count, type: u2}
      - {id: db, type: u2, -gateway: {default: 0}, doc: The data block; 0 in other areas.}
      - {id: area, type: u1, enum: area}
      - {id: reserved, type: b5, -gateway: {default: 0}}
      - {id: byte, type: b16}
      - {id: bit, type: b3, -gateway: {default: 0}}
enums:
  tpdu:
    0x7: {id: error, -gateway: {one-way: true}}
    0x8: {id: disconnect_request, -gateway: {one-way: true}}
    0xc: {id: disconnect_confirm, -gateway: {one-way: true}}
    0xd: connect_confirm
    0xe: connect_request
    0xf: data
  parameter_code: {0xc0: tpdu_size, 0xc1: calling_tsap, 0xc2: called_tsap, 0xe0: clearing_information}
  reason: {0: not_specified, 1: congestion, 2: session_not_attached, 3: address_unknown}
  cause: {0: not_specified, 1: invalid_parameter_code, 2: invalid_tpdu_type, 3: invalid_parameter_value}
  protocol: {0x32: s7, 0x72: s7_plus}
  s7_kind: {1: job, 2: ack, 3: ack_data, 7: user_data}
  function:
    0x00: cpu_services
    0x04: read_variable
    0x05: write_variable
    0x1a: request_download
    0x1b: download_block
    0x1c: download_ended
    0x1d: start_upload
    0x1e: upload
    0x1f: end_upload
    0x28: control
    0x29: stop
    0xf0: set_up_communication
  syntax: {0x10: any, 0xb0: db_read, 0xb2: symbolic}
  data_type: {1: bit, 2: byte, 3: char, 4: word, 5: int, 6: dword, 7: dint, 8: real, 28: counter, 29: timer}
  area: {0x80: peripherals, 0x81: inputs, 0x82: outputs, 0x83: flags, 0x84: data_block, 0x85: instance_block, 0x86: local, 28: counters, 29: timers}
