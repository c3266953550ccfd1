meta:
  id: soupbin
  title: SoupBinTCP
  endian: be
  encoding: ASCII
doc: |
  Nasdaq's SoupBinTCP 3.00 and 4.00: a session between a client and an exchange's host. The length counts the type and
  what follows it. Whoever has sent nothing for a second sends a heartbeat; after 15 seconds of silence the session is over.
-gateway:
  frame: {auto: true, max: 65537}
  root: {request: client_packet, reply: server_packet}
  operation: packet.type
  kind: |
    packet.type == packet_type::login_request ? "request" :
    packet.type == packet_type::login_accepted or packet.type == packet_type::login_rejected ? "reply" :
    packet.type == packet_type::client_heartbeat or packet.type == packet_type::logout_request ?
    (packet.from_server ? "request" : "event") :
    packet.type == packet_type::server_heartbeat or packet.type == packet_type::end_of_session or
    packet.type == packet_type::sequenced_data ? (packet.from_server ? "event" : "reply") : "event"
  order: fifo
  error: packet.type == packet_type::login_rejected
  reject: {operation: login_rejected, set: {reason: 'reject_reason::session_not_available'}}
  heartbeat: {operation: client_heartbeat, every: 1s, silence: 15s, answer: server_heartbeat}
  session: {open: [login_request], close: [logout_request]}
  drain: end_of_session
types:
  client_packet:
    seq:
      - {id: len_packet, type: u2, valid: {min: 1}}
      - {id: packet, type: packet(false), size: len_packet}
  server_packet:
    seq:
      - {id: len_packet, type: u2, valid: {min: 1}}
      - {id: packet, type: packet(true), size: len_packet}
  packet:
    params:
      - {id: from_server, type: bool}
    seq:
      - {id: type, type: u1, enum: packet_type, valid: {in-enum: true}}
      - id: body
        size-eos: true
        type:
          switch-on: type
          cases:
            'packet_type::debug': debug
            'packet_type::login_accepted': login_accepted
            'packet_type::login_rejected': login_rejected
            'packet_type::sequenced_data': sequenced_data
            'packet_type::server_heartbeat': server_heartbeat
            'packet_type::end_of_session': end_of_session
            'packet_type::login_request': login_request
            'packet_type::unsequenced_data': unsequenced_data
            'packet_type::client_heartbeat': client_heartbeat
            'packet_type::logout_request': logout_request
  debug:
    seq:
      - {id: text, type: str, size-eos: true}
  login_request:
    seq:
      - {id: user, type: str, size: 6, pad-right: 0x20}
      - {id: password, type: str, size: 10, pad-right: 0x20, -gateway: {secret: true}}
      - {id: session, type: str, size: 10, -gateway: {default: '          '}, doc: Spaces in front; all spaces for the current one.}
      - {id: next_sequence, type: str, size: 20, -gateway: {default: '                   1'}, doc: 'A number with spaces in front. The first message that is wanted; 0 for the newest.'}
  login_accepted:
    seq:
      - {id: session, type: str, size: 10, doc: Spaces in front.}
      - {id: next_sequence, type: str, size: 20, doc: Of the sequenced data that follows.}
  login_rejected:
    seq:
      - {id: reason, type: u1, enum: reject_reason, valid: {in-enum: true}}
  sequenced_data:
    doc: Each has the next number, which is not in it.
    seq:
      - {id: message, size-eos: true}
  unsequenced_data:
    doc: In both directions.
    seq:
      - {id: message, size-eos: true}
  server_heartbeat:
    seq: []
  client_heartbeat:
    seq: []
  end_of_session:
    seq: []
  logout_request:
    seq: []
enums:
  packet_type:
    0x2b: {id: debug, -gateway: {one-way: true}, doc: '+'}
    0x41: {id: login_accepted, doc: A}
    0x48: {id: server_heartbeat, -gateway: {one-way: true}, doc: H}
    0x4a: {id: login_rejected, doc: J}
    0x4c: {id: login_request, doc: L}
    0x4f: {id: logout_request, -gateway: {one-way: true}, doc: O}
    0x52: {id: client_heartbeat, -gateway: {one-way: true}, doc: R}
    0x53: {id: sequenced_data, -gateway: {one-way: true}, doc: S}
    0x55: {id: unsequenced_data, -gateway: {one-way: true}, doc: U}
    0x5a: {id: end_of_session, -gateway: {one-way: true}, doc: Z}
  reject_reason: {0x41: not_authorized, 0x53: session_not_available}
