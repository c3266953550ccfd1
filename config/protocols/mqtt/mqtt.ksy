meta:
  id: mqtt
  title: MQTT 3.1.1
  endian: be
doc: |
  OASIS Standard MQTT Version 3.1.1, 29 October 2014. A packet is a byte of type and flags, the remaining length
  in one to four bytes (2.2.3), and what belongs to its type (chapter 3).
-gateway:
  frame: {length: {at: 1, type: varint, counts: rest}, max: 1MiB}
  root: {request: client_packet, reply: server_packet}
  operation: packet.type
  kind: |
    packet.type == packet_type::publish ? (packet.from_server or packet.qos == 0 ? "event" : "request") :
    packet.type == packet_type::disconnect ? "event" :
    packet.type == packet_type::pubrel ? (packet.from_server ? "event" : "request") :
    packet.type == packet_type::puback or packet.type == packet_type::pubrec or packet.type == packet_type::pubcomp ?
    (packet.from_server ? "reply" : "event") :
    packet.type == packet_type::connack or packet.type == packet_type::suback or packet.type == packet_type::unsuback or
    packet.type == packet_type::pingresp ? "reply" : "request"
  id: packet.body.packet_id
  error: packet.type == packet_type::connack and packet.body.as<connack>.code != connect_code::accepted
  heartbeat: {operation: pingreq, every: 30s, answer: pingresp}
  session: {open: [connect], close: [disconnect]}
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
      - {id: type, type: b4, enum: packet_type, valid: {in-enum: true}}
      - {id: dup, type: b1, if: type == packet_type::publish, -gateway: {default: false}}
      - {id: qos, type: b2, if: type == packet_type::publish, valid: {max: 2}, -gateway: {default: 0}}
      - {id: retain, type: b1, if: type == packet_type::publish, -gateway: {default: false}}
      - id: flags
        doc: Reserved (2.2.2).
        type: b4
        if: type != packet_type::publish
        valid: 'type == packet_type::pubrel or type == packet_type::subscribe or type == packet_type::unsubscribe ? 2 : 0'
      - {id: len_rest, type: varint, -gateway: {codec: varint}}
      - id: body
        size: len_rest.value
        type:
          switch-on: type
          cases:
            'packet_type::connect': connect
            'packet_type::connack': connack
            'packet_type::publish': publish
            'packet_type::puback': puback
            'packet_type::pubrec': pubrec
            'packet_type::pubrel': pubrel
            'packet_type::pubcomp': pubcomp
            'packet_type::subscribe': subscribe
            'packet_type::suback': suback
            'packet_type::unsubscribe': unsubscribe
            'packet_type::unsuback': unsuback
            'packet_type::pingreq': pingreq
            'packet_type::pingresp': pingresp
            'packet_type::disconnect': disconnect
  varint:
    doc: Seven bits a byte, the lowest first; the highest bit says that another byte follows. Four bytes at most, and no more than it takes.
    seq:
      - id: groups
        type: u1
        repeat: until
        repeat-until: _ < 0x80 or _index == 3
        valid: {expr: "_ == 0 ? _index == 0 : _ < 0x80 or _index < 3"}
    instances:
      value:
        value: |
          (groups[0] & 0x7f) + (groups.size > 1 ? (groups[1] & 0x7f) << 7 : 0) +
          (groups.size > 2 ? (groups[2] & 0x7f) << 14 : 0) + (groups.size > 3 ? (groups[3] & 0x7f) << 21 : 0)
  connect:
    seq:
      - {id: len_protocol, type: u2, valid: 4}
      - {id: protocol, contents: MQTT}
      - {id: level, type: u1, valid: 4, doc: 4 is 3.1.1.}
      - {id: has_username, type: b1}
      - {id: has_password, type: b1, valid: {expr: 'not _ or has_username'}}
      - {id: will_retain, type: b1, -gateway: {default: false}}
      - {id: will_qos, type: b2, valid: {max: 2}, -gateway: {default: 0}}
      - {id: has_will, type: b1, valid: {expr: _ or (will_qos == 0 and not will_retain)}}
      - {id: clean_session, type: b1, -gateway: {default: true}}
      - {id: reserved, type: b1, valid: false}
      - {id: keep_alive, type: u2, doc: Seconds; 0 is never, -gateway: {default: 0}}
      - {id: len_client_id, type: u2}
      - {id: client_id, type: str, size: len_client_id, encoding: UTF-8, -gateway: {default: ''}}
      - {id: len_will_topic, type: u2, if: has_will}
      - {id: will_topic, type: str, size: len_will_topic, encoding: UTF-8, if: has_will}
      - {id: len_will_message, type: u2, if: has_will}
      - {id: will_message, size: len_will_message, if: has_will}
      - {id: len_username, type: u2, if: has_username}
      - {id: username, type: str, size: len_username, encoding: UTF-8, if: has_username}
      - {id: len_password, type: u2, if: has_password}
      - {id: password, size: len_password, if: has_password, -gateway: {secret: true}}
  connack:
    seq:
      - {id: reserved, type: b7, valid: 0}
      - {id: session_present, type: b1, -gateway: {default: false}}
      - {id: code, type: u1, enum: connect_code, valid: {in-enum: true}}
  publish:
    seq:
      - {id: len_topic, type: u2, valid: {min: 1}}
      - {id: topic, type: str, size: len_topic, encoding: UTF-8}
      - {id: packet_id, type: u2, if: _parent.qos > 0, valid: {min: 1}}
      - {id: payload, size-eos: true, -gateway: {default: ''}}
  puback:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
  pubrec:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
  pubrel:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
  pubcomp:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
  subscribe:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
      - {id: filters, type: subscription, repeat: eos}
  subscription:
    seq:
      - {id: len_filter, type: u2, valid: {min: 1}}
      - {id: filter, type: str, size: len_filter, encoding: UTF-8}
      - {id: reserved, type: b6, valid: 0}
      - {id: qos, type: b2, valid: {max: 2}, -gateway: {default: 0}}
  suback:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
      - {id: codes, type: u1, enum: subscribe_code, valid: {in-enum: true}, repeat: eos}
  unsubscribe:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
      - {id: filters, type: filter, repeat: eos}
  filter:
    seq:
      - {id: len_filter, type: u2, valid: {min: 1}}
      - {id: filter, type: str, size: len_filter, encoding: UTF-8}
  unsuback:
    seq:
      - {id: packet_id, type: u2, valid: {min: 1}}
  pingreq:
    seq: []
  pingresp:
    seq: []
  disconnect:
    seq: []
enums:
  packet_type:
    1: connect
    2: connack
    3: publish
    4: puback
    5: pubrec
    6: pubrel
    7: pubcomp
    8: {id: subscribe, -gateway: {idempotent: true}}
    9: suback
    10: {id: unsubscribe, -gateway: {idempotent: true}}
    11: unsuback
    12: {id: pingreq, -gateway: {idempotent: true}}
    13: pingresp
    14: {id: disconnect, -gateway: {one-way: true}}
  connect_code:
    0: accepted
    1: unacceptable_protocol_version
    2: identifier_rejected
    3: server_unavailable
    4: bad_user_name_or_password
    5: not_authorized
  subscribe_code: {0: granted_qos_0, 1: granted_qos_1, 2: granted_qos_2, 0x80: failure}
