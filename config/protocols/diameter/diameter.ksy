meta:
  id: diameter
  title: Diameter
  endian: be
doc: |
  RFC 6733: the header (3), AVPs (4), the AVPs of the base protocol (4.5); some of RFC 8506 (credit control) and
  RFC 7155 (network access). A message is a header and AVPs, an AVP a code, flags, a length without its padding, a value.
-gateway:
  frame: {length: {at: 1, type: b24, counts: frame}, max: 64KiB}
  root: {request: client_message, reply: server_message}
  operation: message.command
  kind: |
    message.is_request ? (message.from_server ? "event" : "request") : (message.from_server ? "reply" : "event")
  id: message.hop_by_hop
  error: message.is_error
  session: {open: [capabilities_exchange], close: [disconnect_peer]}
types:
  client_message:
    seq:
      - {id: message, type: message(false)}
  server_message:
    seq:
      - {id: message, type: message(true)}
  message:
    params:
      - {id: from_server, type: bool}
    seq:
      - {id: version, type: u1, valid: 1}
      - {id: len_message, type: b24, valid: {expr: _ >= 20 and _ % 4 == 0}}
      - {id: is_request, type: b1}
      - {id: proxiable, type: b1, -gateway: {default: false}}
      - {id: is_error, type: b1, valid: {expr: not _ or not is_request}, -gateway: {default: false}, doc: A protocol error (7.1.3).}
      - {id: retransmitted, type: b1, -gateway: {default: false}}
      - {id: reserved, type: b4, valid: 0}
      - {id: command, type: b24, enum: command}
      - {id: application, type: u4, enum: application, -gateway: {default: 0}}
      - {id: hop_by_hop, type: u4}
      - {id: end_to_end, type: u4, doc: Together with Origin-Host what duplicates are found by.}
      - {id: body, type: group, size: len_message - 20}
  group:
    seq:
      - {id: avps, type: avp, repeat: eos}
  avp:
    seq:
      - {id: code, type: u4, enum: avp_code}
      - {id: has_vendor, type: b1}
      - {id: mandatory, type: b1, -gateway: {default: true}}
      - {id: protected, type: b1, -gateway: {default: false}}
      - {id: reserved, type: b5, -gateway: {default: 0}}
      - {id: len_avp, type: b24, valid: {expr: '_ >= (has_vendor ? 12 : 8)'}}
      - {id: vendor, type: u4, if: has_vendor, doc: 'The code is one of its own then, and the value bytes.'}
      - id: value
        size: 'len_avp - (has_vendor ? 12 : 8)'
        type:
          switch-on: 'has_vendor ? avp_code::of_vendor : code'
          cases:
            'avp_code::user_name': text
            'avp_code::user_password': secret
            'avp_code::chap_password': secret
            'avp_code::session_timeout': unsigned
            'avp_code::acct_multi_session_id': text
            'avp_code::event_timestamp': time
            'avp_code::acct_interim_interval': unsigned
            'avp_code::host_ip_address': address
            'avp_code::auth_application_id': unsigned
            'avp_code::acct_application_id': unsigned
            'avp_code::vendor_specific_application_id': group
            'avp_code::redirect_host_usage': unsigned
            'avp_code::redirect_max_cache_time': unsigned
            'avp_code::session_id': text
            'avp_code::origin_host': text
            'avp_code::supported_vendor_id': unsigned
            'avp_code::vendor_id': unsigned
            'avp_code::firmware_revision': unsigned
            'avp_code::result_code': result
            'avp_code::product_name': text
            'avp_code::session_binding': unsigned
            'avp_code::session_server_failover': unsigned
            'avp_code::multi_round_time_out': unsigned
            'avp_code::disconnect_cause': unsigned
            'avp_code::auth_request_type': unsigned
            'avp_code::auth_grace_period': unsigned
            'avp_code::auth_session_state': unsigned
            'avp_code::origin_state_id': unsigned
            'avp_code::failed_avp': group
            'avp_code::proxy_host': text
            'avp_code::error_message': text
            'avp_code::route_record': text
            'avp_code::destination_realm': text
            'avp_code::proxy_info': group
            'avp_code::re_auth_request_type': unsigned
            'avp_code::accounting_sub_session_id': long_unsigned
            'avp_code::authorization_lifetime': unsigned
            'avp_code::redirect_host': text
            'avp_code::destination_host': text
            'avp_code::error_reporting_host': text
            'avp_code::termination_cause': unsigned
            'avp_code::origin_realm': text
            'avp_code::experimental_result': group
            'avp_code::experimental_result_code': unsigned
            'avp_code::inband_security_id': unsigned
            'avp_code::cc_request_number': unsigned
            'avp_code::cc_request_type': unsigned
            'avp_code::cc_time': unsigned
            'avp_code::cc_total_octets': long_unsigned
            'avp_code::granted_service_unit': group
            'avp_code::rating_group': unsigned
            'avp_code::requested_service_unit': group
            'avp_code::subscription_id': group
            'avp_code::subscription_id_data': text
            'avp_code::used_service_unit': group
            'avp_code::subscription_id_type': unsigned
            'avp_code::multiple_services_indicator': unsigned
            'avp_code::multiple_services_credit_control': group
            'avp_code::service_context_id': text
            'avp_code::eap_payload': secret
            'avp_code::accounting_record_type': unsigned
            'avp_code::accounting_realtime_required': unsigned
            'avp_code::accounting_record_number': unsigned
      - {id: padding, size: -len_avp % 4}
  unsigned:
    seq:
      - {id: number, type: u4}
  long_unsigned:
    seq:
      - {id: number, type: u8}
  result:
    seq:
      - {id: result, type: u4, enum: result_code}
  text:
    seq:
      - {id: text, type: str, size-eos: true, encoding: UTF-8}
  secret:
    seq:
      - {id: secret, size-eos: true, -gateway: {secret: true}}
  time:
    doc: Seconds since 1900.
    seq:
      - {id: seconds, type: u4}
  address:
    seq:
      - {id: family, type: u2, enum: family}
      - {id: address, size-eos: true, -gateway: {json: hex}}
enums:
  command:
    257: {id: capabilities_exchange, -gateway: {idempotent: true}}
    258: re_auth
    265: aa
    268: eap
    271: accounting
    272: credit_control
    274: abort_session
    275: session_termination
    280: {id: device_watchdog, -gateway: {idempotent: true}}
    282: disconnect_peer
  application:
    0: base
    1: network_access
    2: mobile_ip
    3: accounting
    4: credit_control
    5: eap
    6: sip
    16777238: gx
    16777251: s6a
    0xffffffff: relay
  family: {1: ipv4, 2: ipv6}
  result_code:
    1001: multi_round_auth
    2001: success
    2002: limited_success
    3001: command_unsupported
    3002: unable_to_deliver
    3003: realm_not_served
    3004: too_busy
    3005: loop_detected
    3006: redirect_indication
    3007: application_unsupported
    3008: invalid_header_bits
    3009: invalid_avp_bits
    3010: unknown_peer
    4001: authentication_rejected
    4002: out_of_space
    4003: election_lost
    5001: avp_unsupported
    5002: unknown_session_id
    5003: authorization_rejected
    5004: invalid_avp_value
    5005: missing_avp
    5006: resources_exceeded
    5007: contradicting_avps
    5008: avp_not_allowed
    5009: avp_occurs_too_many_times
    5010: no_common_application
    5011: unsupported_version
    5012: unable_to_comply
    5013: invalid_bit_in_header
    5014: invalid_avp_length
    5015: invalid_message_length
    5016: invalid_avp_bit_combo
    5017: no_common_security
  avp_code:
    0: {id: of_vendor, doc: Never on the wire. Stands for whatever a vendor has defined.}
    1: user_name
    2: user_password
    3: chap_password
    25: class_attribute
    27: session_timeout
    33: proxy_state
    44: acct_session_id
    50: acct_multi_session_id
    55: event_timestamp
    85: acct_interim_interval
    257: host_ip_address
    258: auth_application_id
    259: acct_application_id
    260: vendor_specific_application_id
    261: redirect_host_usage
    262: redirect_max_cache_time
    263: session_id
    264: origin_host
    265: supported_vendor_id
    266: vendor_id
    267: firmware_revision
    268: result_code
    269: product_name
    270: session_binding
    271: session_server_failover
    272: multi_round_time_out
    273: disconnect_cause
    274: auth_request_type
    276: auth_grace_period
    277: auth_session_state
    278: origin_state_id
    279: failed_avp
    280: proxy_host
    281: error_message
    282: route_record
    283: destination_realm
    284: proxy_info
    285: re_auth_request_type
    287: accounting_sub_session_id
    291: authorization_lifetime
    292: redirect_host
    293: destination_host
    294: error_reporting_host
    295: termination_cause
    296: origin_realm
    297: experimental_result
    298: experimental_result_code
    299: inband_security_id
    415: cc_request_number
    416: cc_request_type
    420: cc_time
    421: cc_total_octets
    431: granted_service_unit
    432: rating_group
    437: requested_service_unit
    443: subscription_id
    444: subscription_id_data
    446: used_service_unit
    450: subscription_id_type
    455: multiple_services_indicator
    456: multiple_services_credit_control
    461: service_context_id
    462: eap_payload
    480: accounting_record_type
    483: accounting_realtime_required
    485: accounting_record_number
