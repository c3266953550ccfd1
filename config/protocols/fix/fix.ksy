meta:
  id: fix
  title: FIX 4.4
  encoding: ISO-8859-1
doc: |
  Financial Information Exchange Protocol, version 4.4 with errata of 18 June 2003, volumes 1 and 2: tag=value encoding. The
  length (9) counts from behind its own end to the checksum's field (10); the checksum is the sum of all bytes before that.
-gateway:
  frame: {length: {after: "8=FIX.4.4\x019=", type: ascii, until: 0x01, counts: rest, add: 7}, max: 64KiB}
  root: {request: client_message, reply: server_message}
  operation: message.operation
  kind: |
    message.body.msg_type == '0' or message.body.msg_type == '4' or message.body.msg_type == '5' ? "event" :
    message.from_server ? "reply" : "request"
  order: fifo
  error: message.body.msg_type == '3' or message.body.msg_type == 'j'
  checks:
    - {field: message.checksum, algorithm: sum8-ascii3, over: [message.begin_string, message.body]}
  session: {open: [logon], close: [logout]}
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
      - {id: begin_string, contents: [8=FIX.4.4, 1]}
      - {id: length_tag, contents: 9=}
      - {id: body_length, type: str, terminator: 1, -gateway: {codec: ascii}}
      - {id: body, type: body, size: body_length.to_i}
      - {id: checksum_tag, contents: 10=}
      - {id: checksum, type: str, size: 3, doc: Three digits.}
      - {id: last, contents: [1]}
    instances:
      operation:
        value: |
          body.msg_type == '0' ? 'heartbeat' :
          body.msg_type == '1' ? 'test_request' :
          body.msg_type == '2' ? 'resend_request' :
          body.msg_type == '3' ? 'reject' :
          body.msg_type == '4' ? 'sequence_reset' :
          body.msg_type == '5' ? 'logout' :
          body.msg_type == '6' ? 'indication_of_interest' :
          body.msg_type == '8' ? 'execution_report' :
          body.msg_type == '9' ? 'order_cancel_reject' :
          body.msg_type == 'A' ? 'logon' :
          body.msg_type == 'B' ? 'news' :
          body.msg_type == 'D' ? 'new_order_single' :
          body.msg_type == 'E' ? 'new_order_list' :
          body.msg_type == 'F' ? 'order_cancel_request' :
          body.msg_type == 'G' ? 'order_cancel_replace_request' :
          body.msg_type == 'H' ? 'order_status_request' :
          body.msg_type == 'J' ? 'allocation_instruction' :
          body.msg_type == 'P' ? 'allocation_instruction_ack' :
          body.msg_type == 'Q' ? 'dont_know_trade' :
          body.msg_type == 'R' ? 'quote_request' :
          body.msg_type == 'S' ? 'quote' :
          body.msg_type == 'V' ? 'market_data_request' :
          body.msg_type == 'W' ? 'market_data_snapshot' :
          body.msg_type == 'X' ? 'market_data_incremental_refresh' :
          body.msg_type == 'Y' ? 'market_data_request_reject' :
          body.msg_type == 'Z' ? 'quote_cancel' :
          body.msg_type == 'a' ? 'quote_status_request' :
          body.msg_type == 'b' ? 'mass_quote_acknowledgement' :
          body.msg_type == 'c' ? 'security_definition_request' :
          body.msg_type == 'd' ? 'security_definition' :
          body.msg_type == 'e' ? 'security_status_request' :
          body.msg_type == 'f' ? 'security_status' :
          body.msg_type == 'g' ? 'trading_session_status_request' :
          body.msg_type == 'h' ? 'trading_session_status' :
          body.msg_type == 'i' ? 'mass_quote' :
          body.msg_type == 'j' ? 'business_message_reject' :
          body.msg_type == 'q' ? 'order_mass_cancel_request' :
          body.msg_type == 'r' ? 'order_mass_cancel_report' :
          body.msg_type == 'x' ? 'security_list_request' :
          body.msg_type == 'y' ? 'security_list' :
          body.msg_type == 'AD' ? 'trade_capture_report_request' :
          body.msg_type == 'AE' ? 'trade_capture_report' :
          body.msg_type == 'AF' ? 'order_mass_status_request' :
          body.msg_type == 'AK' ? 'confirmation' :
          body.msg_type == 'AN' ? 'request_for_positions' :
          body.msg_type == 'AP' ? 'position_report' :
          'other'
  body:
    seq:
      - {id: type_tag, contents: 35=}
      - {id: msg_type, type: str, terminator: 1}
      - id: content
        size-eos: true
        type:
          switch-on: msg_type
          cases:
            '"0"': heartbeat
            '"1"': test_request
            '"2"': resend_request
            '"3"': reject
            '"4"': sequence_reset
            '"5"': logout
            '"6"': indication_of_interest
            '"8"': execution_report
            '"9"': order_cancel_reject
            '"A"': logon
            '"B"': news
            '"D"': new_order_single
            '"E"': new_order_list
            '"F"': order_cancel_request
            '"G"': order_cancel_replace_request
            '"H"': order_status_request
            '"J"': allocation_instruction
            '"P"': allocation_instruction_ack
            '"Q"': dont_know_trade
            '"R"': quote_request
            '"S"': quote
            '"V"': market_data_request
            '"W"': market_data_snapshot
            '"X"': market_data_incremental_refresh
            '"Y"': market_data_request_reject
            '"Z"': quote_cancel
            '"a"': quote_status_request
            '"b"': mass_quote_acknowledgement
            '"c"': security_definition_request
            '"d"': security_definition
            '"e"': security_status_request
            '"f"': security_status
            '"g"': trading_session_status_request
            '"h"': trading_session_status
            '"i"': mass_quote
            '"j"': business_message_reject
            '"q"': order_mass_cancel_request
            '"r"': order_mass_cancel_report
            '"x"': security_list_request
            '"y"': security_list
            '"AD"': trade_capture_report_request
            '"AE"': trade_capture_report
            '"AF"': order_mass_status_request
            '"AK"': confirmation
            '"AN"': request_for_positions
            '"AP"': position_report
            _: other
  heartbeat:
    seq: &fields
      - {id: fields, type: field, repeat: eos}
  test_request:
    seq: *fields
  resend_request:
    seq: *fields
  reject:
    seq: *fields
  sequence_reset:
    seq: *fields
  logout:
    seq: *fields
  indication_of_interest:
    seq: *fields
  execution_report:
    seq: *fields
  order_cancel_reject:
    seq: *fields
  logon:
    seq: *fields
  news:
    seq: *fields
  new_order_single:
    seq: *fields
  new_order_list:
    seq: *fields
  order_cancel_request:
    seq: *fields
  order_cancel_replace_request:
    seq: *fields
  order_status_request:
    seq: *fields
  allocation_instruction:
    seq: *fields
  allocation_instruction_ack:
    seq: *fields
  dont_know_trade:
    seq: *fields
  quote_request:
    seq: *fields
  quote:
    seq: *fields
  market_data_request:
    seq: *fields
  market_data_snapshot:
    seq: *fields
  market_data_incremental_refresh:
    seq: *fields
  market_data_request_reject:
    seq: *fields
  quote_cancel:
    seq: *fields
  quote_status_request:
    seq: *fields
  mass_quote_acknowledgement:
    seq: *fields
  security_definition_request:
    seq: *fields
  security_definition:
    seq: *fields
  security_status_request:
    seq: *fields
  security_status:
    seq: *fields
  trading_session_status_request:
    seq: *fields
  trading_session_status:
    seq: *fields
  mass_quote:
    seq: *fields
  business_message_reject:
    seq: *fields
  order_mass_cancel_request:
    seq: *fields
  order_mass_cancel_report:
    seq: *fields
  security_list_request:
    seq: *fields
  security_list:
    seq: *fields
  trade_capture_report_request:
    seq: *fields
  trade_capture_report:
    seq: *fields
  order_mass_status_request:
    seq: *fields
  confirmation:
    seq: *fields
  request_for_positions:
    seq: *fields
  position_report:
    seq: *fields
  other:
    seq: *fields
  field:
    doc: |
      A tag and its value. A tag that says how long the data behind it are has them with it, since data may hold the
      byte that ends values.
    seq:
      - {id: tag, type: str, terminator: 0x3d, valid: {expr: _.to_i > 0}}
      - {id: value, type: str, terminator: 1, if: not is_secret}
      - {id: secret_value, type: str, terminator: 1, if: is_secret, doc: A password, -gateway: {secret: true}}
      - {id: data_tag, type: str, terminator: 0x3d, if: has_data}
      - {id: data, size: value.to_i, if: has_data, -gateway: {secret: true}, doc: Logons use raw data for what they are authenticated by.}
      - {id: data_end, contents: [1], if: has_data}
    instances:
      is_secret: {value: tag == '554' or tag == '925'}
      has_data:
        value: |
          tag == '93' or tag == '90' or tag == '95' or tag == '212' or tag == '348' or tag == '350' or
          tag == '352' or tag == '354' or tag == '356' or tag == '358' or tag == '360' or tag == '362' or
          tag == '364' or tag == '445' or tag == '618' or tag == '621'
