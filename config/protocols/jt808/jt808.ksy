meta:
  id: jt808
  title: JT/T 808, vehicle terminals
  endian: be
doc: |
  JT/T 808-2013 and -2019: a terminal in a vehicle (the client) and its platform. A frame stands between bytes 7e; inside, 7e is
  written 7d 02 and 7d is written 7d 01 (4.4.2). What is read here is what stands between, with the escapes undone.
-gateway:
  frame: {delimiter: {start: 0x7e, end: 0x7e, escape: {0x7e: [0x7d, 0x02], 0x7d: [0x7d, 0x01]}}, max: 4KiB}
  operation: message
  kind: |
    message == message::platform_response or message == message::register_response ? "reply" :
    message.to_i >= 0x8000 or message == message::terminal_response or message == message::parameters_response or
    message == message::location_response ? "event" : "request"
  id: serial
  reply: {id: body.reply_serial}
  checks:
    - {field: check, algorithm: xor8, over: [message, body]}
  session: {open: [register, authenticate], close: [unregister]}
seq:
  - {id: message, type: u2, enum: message}
  - {id: reserved, type: b1, valid: false}
  - {id: versioned, type: b1, doc: Since 2019.}
  - {id: fragmented, type: b1}
  - {id: encryption, type: b3, enum: encryption, -gateway: {default: 0}}
  - {id: len_body, type: b10}
  - {id: version, type: u1, if: versioned, doc: Of the protocol; 1 is 2019.}
  - {id: phone, size: 'versioned ? 10 : 6', -gateway: {json: hex}, doc: 'The terminal''s number, packed digits with zeros in front.'}
  - {id: serial, type: u2}
  - {id: num_fragments, type: u2, if: fragmented}
  - {id: fragment, type: u2, if: fragmented, doc: From 1.}
  - id: body
    size: len_body
    type:
      switch-on: 'fragmented or encryption != encryption::none ? message::in_parts : message'
      cases:
        'message::terminal_response': terminal_response
        'message::heartbeat': heartbeat
        'message::unregister': unregister
        'message::register': register
        'message::authenticate': authenticate
        'message::parameters_response': parameters_response
        'message::location': location
        'message::location_response': location_response
        'message::location_batch': location_batch
        'message::passthrough_up': passthrough_up
        'message::platform_response': platform_response
        'message::register_response': register_response
        'message::set_parameters': set_parameters
        'message::query_parameters': query_parameters
        'message::control': control
        'message::query_location': query_location
        'message::text': text
        'message::passthrough_down': passthrough_down
  - {id: check, type: u1, doc: Exclusive or of everything before it.}
types:
  terminal_response:
    seq:
      - {id: reply_serial, type: u2}
      - {id: reply_message, type: u2, enum: message}
      - {id: result, type: u1, enum: result}
  platform_response:
    seq:
      - {id: reply_serial, type: u2}
      - {id: reply_message, type: u2, enum: message, doc: What is answered.}
      - {id: result, type: u1, enum: result, -gateway: {default: 0}}
  heartbeat:
    seq: []
  unregister:
    seq: []
  query_parameters:
    seq: []
  query_location:
    seq: []
  register:
    seq:
      - {id: province, type: u2, doc: GB/T 2260.}
      - {id: city, type: u2}
      - {id: manufacturer, type: str, size: '_parent.versioned ? 11 : 5', encoding: ASCII, pad-right: 0}
      - {id: model, type: str, size: '_parent.versioned ? 30 : 20', encoding: ASCII, pad-right: 0}
      - {id: terminal, type: str, size: '_parent.versioned ? 30 : 7', encoding: ASCII, pad-right: 0}
      - {id: colour, type: u1, enum: colour}
      - {id: plate, type: str, size-eos: true, encoding: GBK, doc: Or the vehicle's number where the colour is 0.}
  register_response:
    seq:
      - {id: reply_serial, type: u2}
      - {id: result, type: u1, enum: register_result}
      - {id: code, type: str, size-eos: true, encoding: GBK, -gateway: {default: '', secret: true}, doc: What the terminal authenticates with.}
  authenticate:
    seq:
      - {id: len_code, type: u1, if: _parent.versioned}
      - {id: code, type: str, size: len_code, encoding: GBK, if: _parent.versioned, -gateway: {secret: true}}
      - {id: imei, type: str, size: 15, encoding: ASCII, if: _parent.versioned}
      - {id: software, type: str, size: 20, encoding: ASCII, pad-right: 0, if: _parent.versioned}
      - {id: old_code, type: str, size-eos: true, encoding: GBK, if: not _parent.versioned, -gateway: {secret: true}, doc: The code before 2019.}
  location:
    seq:
      - {id: alarms, type: u4}
      - {id: status, type: u4, doc: 'Bit 0 ignition, 1 a position was found, 2 south, 3 west.'}
      - {id: latitude, type: u4, -gateway: {scale: 0.000001}, doc: Degrees.}
      - {id: longitude, type: u4, -gateway: {scale: 0.000001}, doc: Degrees.}
      - {id: altitude, type: u2, doc: Metres.}
      - {id: speed, type: u2, -gateway: {scale: 0.1}, doc: Kilometres an hour.}
      - {id: direction, type: u2, valid: {max: 360}, doc: Degrees from north.}
      - {id: time, size: 6, -gateway: {json: hex}, doc: YYMMDDhhmmss in China's time.}
      - {id: more, type: item, repeat: eos, -gateway: {default: []}}
  item:
    seq:
      - {id: kind, type: u1, enum: item_kind, doc: From 0xe1 the manufacturer's.}
      - {id: len_value, type: u1}
      - {id: value, size: len_value, -gateway: {json: hex}}
  location_response:
    seq:
      - {id: reply_serial, type: u2}
      - {id: location, type: location}
  location_batch:
    seq:
      - {id: num_locations, type: u2}
      - {id: kind, type: u1, enum: batch}
      - {id: locations, type: sized_location, repeat: expr, repeat-expr: num_locations}
  sized_location:
    seq:
      - {id: len_location, type: u2}
      - {id: location, type: location, size: len_location}
  set_parameters:
    seq:
      - {id: num_parameters, type: u1}
      - {id: parameters, type: parameter, repeat: expr, repeat-expr: num_parameters}
  parameters_response:
    seq:
      - {id: reply_serial, type: u2}
      - {id: num_parameters, type: u1}
      - {id: parameters, type: parameter, repeat: expr, repeat-expr: num_parameters}
  parameter:
    seq:
      - {id: parameter, type: u4, doc: '0x0001 is the time between heartbeats, 0x0013 the platform''s address, 0x0029 the time between locations.'}
      - {id: len_value, type: u1}
      - {id: value, size: len_value, -gateway: {json: hex}}
  control:
    seq:
      - {id: command, type: u1}
      - {id: arguments, type: str, size-eos: true, encoding: GBK, -gateway: {default: ''}}
  text:
    seq:
      - {id: flags, type: u1}
      - {id: kind, type: u1, if: _parent.versioned, doc: 1 is a note and 2 a service.}
      - {id: text, type: str, size-eos: true, encoding: GBK}
  passthrough_up:
    seq:
      - {id: kind, type: u1}
      - {id: data, size-eos: true}
  passthrough_down:
    seq:
      - {id: kind, type: u1}
      - {id: data, size-eos: true}
enums:
  message:
    0x0000: {id: in_parts, doc: Never on the wire. Stands for a body that is a part of one or encrypted.}
    0x0001: {id: terminal_response, -gateway: {one-way: true}}
    0x0002: {id: heartbeat, -gateway: {idempotent: true}}
    0x0003: unregister
    0x0100: register
    0x0102: {id: authenticate, -gateway: {idempotent: true}}
    0x0104: {id: parameters_response, -gateway: {one-way: true}}
    0x0200: location
    0x0201: {id: location_response, -gateway: {one-way: true}}
    0x0704: location_batch
    0x0900: passthrough_up
    0x8001: platform_response
    0x8100: register_response
    0x8103: {id: set_parameters, -gateway: {one-way: true}}
    0x8104: {id: query_parameters, -gateway: {one-way: true}}
    0x8105: {id: control, -gateway: {one-way: true}}
    0x8201: {id: query_location, -gateway: {one-way: true}}
    0x8300: {id: text, -gateway: {one-way: true}}
    0x8900: {id: passthrough_down, -gateway: {one-way: true}}
  encryption: {0: none, 1: rsa}
  result: {0: success, 1: failure, 2: wrong_message, 3: unsupported, 4: alarm_handled}
  register_result: {0: success, 1: vehicle_registered, 2: no_such_vehicle, 3: terminal_registered, 4: no_such_terminal}
  colour: {0: no_plate, 1: blue, 2: yellow, 3: black, 4: white, 5: green, 9: other}
  batch: {0: normal, 1: blind_area}
  item_kind:
    0x01: mileage
    0x02: fuel
    0x03: recorder_speed
    0x04: confirmed_alarm
    0x25: vehicle_signals
    0x2a: io_status
    0x2b: analog
    0x30: signal_strength
    0x31: satellites
