meta:
  id: smpp
  title: SMPP 3.4
  endian: be
  encoding: ASCII
doc: |
  Short Message Peer to Peer Protocol Specification v3.4, issue 1.2: the header (3.2), the PDUs (4), their
  parameters (5). Clients (ESMEs) connect to a message centre; both sides may ask.
-gateway:
  frame: {length: {at: 0, type: u4be, counts: frame}, max: 70000}
  root: {request: client_pdu, reply: server_pdu}
  operation: pdu.command
  kind: |
    pdu.command == command::outbind or pdu.command == command::alert_notification ? (pdu.from_server ? "event" : "reply") :
    pdu.command == command::unbind or pdu.command == command::enquire_link or pdu.command == command::data_sm ?
    (pdu.from_server ? "event" : "request") :
    pdu.command == command::unbind_resp or pdu.command == command::enquire_link_resp or pdu.command == command::data_sm_resp or
    pdu.command == command::generic_nack ? (pdu.from_server ? "reply" : "event") :
    pdu.command == command::deliver_sm ? (pdu.from_server ? "event" : "reply") :
    pdu.command == command::deliver_sm_resp ? (pdu.from_server ? "request" : "event") :
    pdu.command.to_i >= 0x80000000 ? "reply" : "request"
  id: pdu.sequence
  error: pdu.status != status::ok
  reject:
    operation: generic_nack
    set: {status: '_fault.class == "overload" ? status::throttled : status::system_error'}
  heartbeat: {operation: enquire_link, every: 30s, answer: enquire_link_resp}
  session: {open: [bind_receiver, bind_transmitter, bind_transceiver], close: [unbind]}
  drain: unbind
types:
  client_pdu:
    seq:
      - {id: pdu, type: pdu(false)}
  server_pdu:
    seq:
      - {id: pdu, type: pdu(true)}
  pdu:
    params:
      - {id: from_server, type: bool}
    seq:
      - {id: len_pdu, type: u4, valid: {min: 16, max: 70000}}
      - {id: command, type: u4, enum: command, valid: {in-enum: true}}
      - id: status
        doc: 0 in requests.
        type: u4
        enum: status
        valid: {expr: _ == status::ok or command.to_i >= 0x80000000}
        -gateway: {default: 0}
      - {id: sequence, type: u4, valid: {max: 0x7fffffff}, doc: From 1; 0 in a generic_nack to what could not be read.}
      - id: body
        size: len_pdu - 16
        type:
          switch-on: command
          cases:
            'command::bind_receiver': bind_receiver
            'command::bind_transmitter': bind_transmitter
            'command::query_sm': query_sm
            'command::submit_sm': submit_sm
            'command::deliver_sm': deliver_sm
            'command::unbind': unbind
            'command::replace_sm': replace_sm
            'command::cancel_sm': cancel_sm
            'command::bind_transceiver': bind_transceiver
            'command::outbind': outbind
            'command::enquire_link': enquire_link
            'command::submit_multi': submit_multi
            'command::alert_notification': alert_notification
            'command::data_sm': data_sm
            'command::generic_nack': generic_nack
            'command::bind_receiver_resp': bind_receiver_resp
            'command::bind_transmitter_resp': bind_transmitter_resp
            'command::query_sm_resp': query_sm_resp
            'command::submit_sm_resp': submit_sm_resp
            'command::deliver_sm_resp': deliver_sm_resp
            'command::unbind_resp': unbind_resp
            'command::replace_sm_resp': replace_sm_resp
            'command::cancel_sm_resp': cancel_sm_resp
            'command::bind_transceiver_resp': bind_transceiver_resp
            'command::enquire_link_resp': enquire_link_resp
            'command::submit_multi_resp': submit_multi_resp
            'command::data_sm_resp': data_sm_resp
  bind_receiver:
    seq: &bind
      - {id: system_id, type: strz, valid: {expr: _.length < 16}}
      - {id: password, type: strz, valid: {expr: _.length < 9}, -gateway: {secret: true}}
      - {id: system_type, type: strz, valid: {expr: _.length < 13}, -gateway: {default: ''}}
      - {id: interface_version, type: u1, -gateway: {default: 0x34}}
      - {id: addr_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: addr_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: address_range, type: strz, valid: {expr: _.length < 41}, -gateway: {default: ''}}
  bind_transmitter:
    seq: *bind
  bind_transceiver:
    seq: *bind
  bind_receiver_resp:
    seq: &bind_resp
      - {id: system_id, type: strz, if: _parent.status == status::ok, valid: {expr: _.length < 16}}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  bind_transmitter_resp:
    seq: *bind_resp
  bind_transceiver_resp:
    seq: *bind_resp
  outbind:
    seq:
      - {id: system_id, type: strz, valid: {expr: _.length < 16}}
      - {id: password, type: strz, valid: {expr: _.length < 9}, -gateway: {secret: true}}
  unbind:
    seq: []
  unbind_resp:
    seq: []
  enquire_link:
    seq: []
  enquire_link_resp:
    seq: []
  generic_nack:
    seq: []
  submit_sm:
    seq: &short_message
      - {id: service_type, type: strz, valid: {expr: _.length < 6}, -gateway: {default: ''}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: dest_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: dest_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: destination_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: esm_class, type: u1, -gateway: {default: 0}}
      - {id: protocol_id, type: u1, -gateway: {default: 0}}
      - {id: priority, type: u1, -gateway: {default: 0}}
      - {id: schedule_delivery_time, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: validity_period, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: registered_delivery, type: u1, -gateway: {default: 0}}
      - {id: replace_if_present, type: u1, -gateway: {default: 0}}
      - {id: data_coding, type: u1, -gateway: {default: 0}}
      - {id: default_message, type: u1, -gateway: {default: 0}}
      - {id: len_short_message, type: u1, valid: {max: 254}}
      - {id: short_message, size: len_short_message, -gateway: {default: ''}, doc: data_coding says in which alphabet.}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  deliver_sm:
    seq: *short_message
  submit_sm_resp:
    seq: &message_id
      - {id: message_id, type: strz, if: _parent.status == status::ok, valid: {expr: _.length < 65}}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  deliver_sm_resp:
    seq:
      - {id: message_id, type: strz, if: _parent.status == status::ok, valid: '""', doc: 'Unused: empty.'}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  data_sm:
    seq:
      - {id: service_type, type: strz, valid: {expr: _.length < 6}, -gateway: {default: ''}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 65}}
      - {id: dest_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: dest_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: destination_addr, type: strz, valid: {expr: _.length < 65}}
      - {id: esm_class, type: u1, -gateway: {default: 0}}
      - {id: registered_delivery, type: u1, -gateway: {default: 0}}
      - {id: data_coding, type: u1, -gateway: {default: 0}}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  data_sm_resp:
    seq: *message_id
  submit_multi:
    seq:
      - {id: service_type, type: strz, valid: {expr: _.length < 6}, -gateway: {default: ''}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: num_destinations, type: u1, valid: {min: 1, max: 254}}
      - {id: destinations, type: destination, repeat: expr, repeat-expr: num_destinations}
      - {id: esm_class, type: u1, -gateway: {default: 0}}
      - {id: protocol_id, type: u1, -gateway: {default: 0}}
      - {id: priority, type: u1, -gateway: {default: 0}}
      - {id: schedule_delivery_time, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: validity_period, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: registered_delivery, type: u1, -gateway: {default: 0}}
      - {id: replace_if_present, type: u1, -gateway: {default: 0}}
      - {id: data_coding, type: u1, -gateway: {default: 0}}
      - {id: default_message, type: u1, -gateway: {default: 0}}
      - {id: len_short_message, type: u1, valid: {max: 254}}
      - {id: short_message, size: len_short_message, -gateway: {default: ''}, doc: data_coding says in which alphabet.}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  destination:
    seq:
      - {id: flag, type: u1, enum: destination_flag}
      - id: to
        type:
          switch-on: flag
          cases:
            'destination_flag::sme': sme
            'destination_flag::distribution_list': distribution_list
  sme:
    seq:
      - {id: dest_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: dest_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: destination_addr, type: strz, valid: {expr: _.length < 21}}
  distribution_list:
    seq:
      - {id: name, type: strz, valid: {expr: _.length < 21}}
  submit_multi_resp:
    seq:
      - {id: message_id, type: strz, if: _parent.status == status::ok, valid: {expr: _.length < 65}}
      - {id: num_failed, type: u1, if: _parent.status == status::ok}
      - {id: failed, type: failed, repeat: expr, repeat-expr: num_failed, if: _parent.status == status::ok}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  failed:
    seq:
      - {id: dest_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: dest_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: destination_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: error, type: u4, enum: status}
  query_sm:
    seq:
      - {id: message_id, type: strz, valid: {expr: _.length < 65}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 21}}
  query_sm_resp:
    seq:
      - {id: message_id, type: strz, if: _parent.status == status::ok, valid: {expr: _.length < 65}}
      - {id: final_date, type: strz, if: _parent.status == status::ok, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: message_state, type: u1, enum: message_state, if: _parent.status == status::ok}
      - {id: error_code, type: u1, if: _parent.status == status::ok, -gateway: {default: 0}}
  cancel_sm:
    seq:
      - {id: service_type, type: strz, valid: {expr: _.length < 6}, -gateway: {default: ''}}
      - {id: message_id, type: strz, valid: {expr: _.length < 65}, -gateway: {default: ''}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: dest_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: dest_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: destination_addr, type: strz, valid: {expr: _.length < 21}}
  cancel_sm_resp:
    seq: []
  replace_sm:
    seq:
      - {id: message_id, type: strz, valid: {expr: _.length < 65}}
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 21}}
      - {id: schedule_delivery_time, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: validity_period, type: strz, valid: {expr: _.length == 0 or _.length == 16}, -gateway: {default: ''}}
      - {id: registered_delivery, type: u1, -gateway: {default: 0}}
      - {id: default_message, type: u1, -gateway: {default: 0}}
      - {id: len_short_message, type: u1, valid: {max: 254}}
      - {id: short_message, size: len_short_message, -gateway: {default: ''}, doc: data_coding says in which alphabet.}
  replace_sm_resp:
    seq: []
  alert_notification:
    seq:
      - {id: source_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: source_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: source_addr, type: strz, valid: {expr: _.length < 65}}
      - {id: esme_ton, type: u1, enum: ton, -gateway: {default: 0}}
      - {id: esme_npi, type: u1, enum: npi, -gateway: {default: 0}}
      - {id: esme_addr, type: strz, valid: {expr: _.length < 65}}
      - {id: tlvs, type: tlv, repeat: eos, -gateway: {default: []}}
  tlv:
    seq:
      - {id: tag, type: u2, enum: tag}
      - {id: len_value, type: u2}
      - id: value
        size: len_value
        type:
          switch-on: tag
          cases:
            'tag::dest_addr_subunit': one_byte
            'tag::dest_network_type': one_byte
            'tag::dest_bearer_type': one_byte
            'tag::source_addr_subunit': one_byte
            'tag::source_network_type': one_byte
            'tag::source_bearer_type': one_byte
            'tag::source_telematics_id': one_byte
            'tag::payload_type': one_byte
            'tag::ms_msg_wait_facilities': one_byte
            'tag::privacy_indicator': one_byte
            'tag::user_response_code': one_byte
            'tag::language_indicator': one_byte
            'tag::sar_total_segments': one_byte
            'tag::sar_segment_seqnum': one_byte
            'tag::sc_interface_version': one_byte
            'tag::callback_num_pres_ind': one_byte
            'tag::number_of_messages': one_byte
            'tag::dpf_result': one_byte
            'tag::set_dpf': one_byte
            'tag::ms_availability_status': one_byte
            'tag::delivery_failure_reason': one_byte
            'tag::more_messages_to_send': one_byte
            'tag::message_state': one_byte
            'tag::ussd_service_op': one_byte
            'tag::display_time': one_byte
            'tag::ms_validity': one_byte
            'tag::its_reply_type': one_byte
            'tag::dest_telematics_id': two_bytes
            'tag::user_message_reference': two_bytes
            'tag::source_port': two_bytes
            'tag::destination_port': two_bytes
            'tag::sar_msg_ref_num': two_bytes
            'tag::sms_signal': two_bytes
            'tag::its_session_info': two_bytes
            'tag::qos_time_to_live': four_bytes
            'tag::additional_status_info_text': text
            'tag::receipted_message_id': text
  one_byte:
    seq:
      - {id: number, type: u1}
  two_bytes:
    seq:
      - {id: number, type: u2}
  four_bytes:
    seq:
      - {id: number, type: u4}
  text:
    seq:
      - {id: text, type: strz}
enums:
  command:
    0x00000001: bind_receiver
    0x00000002: bind_transmitter
    0x00000003: {id: query_sm, -gateway: {idempotent: true}}
    0x00000004: submit_sm
    0x00000005: deliver_sm
    0x00000006: unbind
    0x00000007: replace_sm
    0x00000008: cancel_sm
    0x00000009: bind_transceiver
    0x0000000b: {id: outbind, -gateway: {one-way: true}}
    0x00000015: {id: enquire_link, -gateway: {idempotent: true}}
    0x00000021: submit_multi
    0x00000102: {id: alert_notification, -gateway: {one-way: true}}
    0x00000103: data_sm
    0x80000000: generic_nack
    0x80000001: bind_receiver_resp
    0x80000002: bind_transmitter_resp
    0x80000003: query_sm_resp
    0x80000004: submit_sm_resp
    0x80000005: deliver_sm_resp
    0x80000006: unbind_resp
    0x80000007: replace_sm_resp
    0x80000008: cancel_sm_resp
    0x80000009: bind_transceiver_resp
    0x80000015: enquire_link_resp
    0x80000021: submit_multi_resp
    0x80000103: data_sm_resp
  status:
    0x00: ok
    0x01: invalid_message_length
    0x02: invalid_command_length
    0x03: invalid_command_id
    0x04: invalid_bind_status
    0x05: already_bound
    0x06: invalid_priority
    0x07: invalid_registered_delivery
    0x08: system_error
    0x0a: invalid_source_address
    0x0b: invalid_destination_address
    0x0c: invalid_message_id
    0x0d: bind_failed
    0x0e: invalid_password
    0x0f: invalid_system_id
    0x11: cancel_failed
    0x13: replace_failed
    0x14: queue_full
    0x15: invalid_service_type
    0x33: invalid_number_of_destinations
    0x34: invalid_list_name
    0x40: invalid_destination_flag
    0x42: invalid_submit_with_replace
    0x43: invalid_esm_class
    0x44: cannot_submit_to_list
    0x45: submit_failed
    0x48: invalid_source_ton
    0x49: invalid_source_npi
    0x50: invalid_destination_ton
    0x51: invalid_destination_npi
    0x53: invalid_system_type
    0x54: invalid_replace_flag
    0x55: invalid_number_of_messages
    0x58: throttled
    0x61: invalid_schedule_time
    0x62: invalid_validity_period
    0x63: invalid_predefined_message
    0x64: receiver_temporary_error
    0x65: receiver_permanent_error
    0x66: receiver_rejects
    0x67: query_failed
    0xc0: invalid_optional_part
    0xc1: optional_parameter_not_allowed
    0xc2: invalid_parameter_length
    0xc3: missing_optional_parameter
    0xc4: invalid_optional_parameter
    0xfe: delivery_failure
    0xff: unknown_error
  ton: {0: unknown, 1: international, 2: national, 3: network_specific, 4: subscriber, 5: alphanumeric, 6: abbreviated}
  npi: {0: unknown, 1: isdn, 3: data, 4: telex, 6: land_mobile, 8: national, 9: private, 10: ermes, 14: internet, 18: wap}
  destination_flag: {1: sme, 2: distribution_list}
  message_state: {1: enroute, 2: delivered, 3: expired, 4: deleted, 5: undeliverable, 6: accepted, 7: unknown, 8: rejected}
  tag:
    0x0005: dest_addr_subunit
    0x0006: dest_network_type
    0x0007: dest_bearer_type
    0x0008: dest_telematics_id
    0x000d: source_addr_subunit
    0x000e: source_network_type
    0x000f: source_bearer_type
    0x0010: source_telematics_id
    0x0017: qos_time_to_live
    0x0019: payload_type
    0x001d: additional_status_info_text
    0x001e: receipted_message_id
    0x0030: ms_msg_wait_facilities
    0x0201: privacy_indicator
    0x0202: source_subaddress
    0x0203: dest_subaddress
    0x0204: user_message_reference
    0x0205: user_response_code
    0x020a: source_port
    0x020b: destination_port
    0x020c: sar_msg_ref_num
    0x020d: language_indicator
    0x020e: sar_total_segments
    0x020f: sar_segment_seqnum
    0x0210: sc_interface_version
    0x0302: callback_num_pres_ind
    0x0303: callback_num_atag
    0x0304: number_of_messages
    0x0381: callback_num
    0x0420: dpf_result
    0x0421: set_dpf
    0x0422: ms_availability_status
    0x0423: network_error_code
    0x0424: message_payload
    0x0425: delivery_failure_reason
    0x0426: more_messages_to_send
    0x0427: message_state
    0x0501: ussd_service_op
    0x1201: display_time
    0x1203: sms_signal
    0x1204: ms_validity
    0x130c: alert_on_message_delivery
    0x1380: its_reply_type
    0x1383: its_session_info
