meta:
  id: dns
  title: The Domain Name System over TCP
  endian: be
doc: |
  RFC 1035, section 4, with the two bytes of length of 4.2.2; RFC 2136 (update), RFC 6891 (OPT), RFC 4035 (AD and CD).
  `dns-udp.gateway.yaml` is the same over UDP, where a message is a datagram.
-gateway:
  frame: {auto: true, max: 65537}
  operation: message.opcode
  kind: 'message.is_reply ? "reply" : "request"'
  id: message.id
  error: message.rcode == rcode::servfail or message.rcode == rcode::refused
seq:
  - {id: len_message, type: u2, valid: {min: 12}}
  - {id: message, type: message, size: len_message}
types:
  message:
    seq:
      - {id: id, type: u2}
      - {id: is_reply, type: b1}
      - {id: opcode, type: b4, enum: opcode}
      - {id: authoritative, type: b1, -gateway: {default: false}}
      - {id: truncated, type: b1, -gateway: {default: false}}
      - {id: recursion_desired, type: b1, -gateway: {default: false}}
      - {id: recursion_available, type: b1, -gateway: {default: false}}
      - {id: zero, type: b1, valid: false}
      - {id: authentic_data, type: b1, -gateway: {default: false}}
      - {id: checking_disabled, type: b1, -gateway: {default: false}}
      - {id: rcode, type: b4, enum: rcode, -gateway: {default: 0}}
      - {id: num_questions, type: u2, valid: {max: 1}, doc: More than one has no meaning (RFC 9619).}
      - {id: num_answers, type: u2}
      - {id: num_authorities, type: u2}
      - {id: num_additionals, type: u2}
      - {id: questions, type: question, repeat: expr, repeat-expr: num_questions, -gateway: {default: []}, doc: An update's zone.}
      - {id: answers, type: record, repeat: expr, repeat-expr: num_answers, -gateway: {default: []}, doc: An update's prerequisites.}
      - {id: authorities, type: record, repeat: expr, repeat-expr: num_authorities, -gateway: {default: []}, doc: An update's changes.}
      - {id: additionals, type: record, repeat: expr, repeat-expr: num_additionals, -gateway: {default: []}}
    instances:
      qname: {value: 'questions[0].name.text', if: num_questions > 0}
      qtype: {value: 'questions[0].type', if: num_questions > 0}
  question:
    seq:
      - {id: name, type: name}
      - {id: type, type: u2, enum: type}
      - {id: record_class, type: u2, enum: record_class, -gateway: {default: 1}}
  record:
    seq:
      - {id: name, type: name}
      - {id: type, type: u2, enum: type}
      - {id: record_class, type: u2, enum: record_class, -gateway: {default: 1}, doc: Of OPT the size of datagrams that the sender takes.}
      - {id: ttl, type: u4, -gateway: {default: 0}, doc: Seconds. Of OPT flags and more of the rcode.}
      - {id: len_data, type: u2, -gateway: {default: 0}}
      - id: data
        size: len_data
        if: len_data != 0
        type:
          switch-on: type
          cases:
            'type::a': ipv4
            'type::aaaa': ipv6
            'type::ns': name_server
            'type::cname': alias
            'type::ptr': pointer
            'type::mx': exchange
            'type::soa': start_of_authority
            'type::srv': service
            'type::txt': texts
            'type::opt': options
            'type::caa': authorisation
  name:
    doc: A name in the message itself. Earlier names may be its end (4.1.4).
    seq:
      - {id: labels, type: label(_index), repeat: until, repeat-until: _.len_text == 0 or _.len_text >= 0xc0}
    instances:
      text: {value: 'labels[0].tail.as<str>', doc: 'Without the last dot; the root is empty.'}
  label:
    params:
      - {id: at, type: u4}
    seq:
      - {id: len_text, type: u1, valid: {expr: _ < 0x40 or _ >= 0xc0}}
      - {id: text, type: str, size: len_text, encoding: ISO-8859-1, if: len_text < 0x40}
      - {id: low, type: u1, if: len_text >= 0xc0, valid: {expr: ((len_text & 0x3f) << 8 | _) >= 12 and ((len_text & 0x3f) << 8 | _) < _io.pos - 2}, doc: 'Pointers lead back, and to names: not into the header.'}
    instances:
      target: {pos: (len_text & 0x3f) << 8 | low, type: name, if: len_text >= 0xc0}
      next: {value: '_parent.labels[at + 1].tail.as<str>', if: len_text > 0 and len_text < 0x40}
      tail: {value: "len_text >= 0xc0 ? target.text : len_text == 0 ? '' : next == '' ? text : text + '.' + next"}
  data_name:
    doc: A name in a record's data. Where it ends in a pointer, `offset` is where in the message it goes on.
    seq:
      - {id: labels, type: data_label, repeat: until, repeat-until: _.len_text == 0 or _.len_text >= 0xc0}
  data_label:
    seq:
      - {id: len_text, type: u1, valid: {expr: _ < 0x40 or _ >= 0xc0}}
      - {id: text, type: str, size: len_text, encoding: ISO-8859-1, if: len_text < 0x40}
      - {id: low, type: u1, if: len_text >= 0xc0}
    instances:
      offset: {value: (len_text & 0x3f) << 8 | low, if: len_text >= 0xc0}
  ipv4:
    seq:
      - {id: address, size: 4, -gateway: {json: hex}}
  ipv6:
    seq:
      - {id: address, size: 16, -gateway: {json: hex}}
  name_server:
    seq:
      - {id: server, type: data_name}
  alias:
    seq:
      - {id: canonical, type: data_name}
  pointer:
    seq:
      - {id: target, type: data_name}
  exchange:
    seq:
      - {id: preference, type: u2}
      - {id: exchange, type: data_name}
  start_of_authority:
    seq:
      - {id: primary, type: data_name}
      - {id: mailbox, type: data_name}
      - {id: serial, type: u4}
      - {id: refresh, type: u4}
      - {id: retry, type: u4}
      - {id: expire, type: u4}
      - {id: minimum, type: u4}
  service:
    seq:
      - {id: priority, type: u2}
      - {id: weight, type: u2}
      - {id: port, type: u2}
      - {id: target, type: data_name}
  texts:
    seq:
      - {id: texts, type: short_text, repeat: eos}
  short_text:
    seq:
      - {id: len_text, type: u1}
      - {id: text, type: str, size: len_text, encoding: ISO-8859-1}
  options:
    seq:
      - {id: options, type: option, repeat: eos}
  option:
    seq:
      - {id: code, type: u2, enum: option_code}
      - {id: len_value, type: u2}
      - {id: value, size: len_value}
  authorisation:
    seq:
      - {id: critical, type: b1, -gateway: {default: false}}
      - {id: reserved, type: b7, -gateway: {default: 0}}
      - {id: len_tag, type: u1}
      - {id: tag, type: str, size: len_tag, encoding: ASCII}
      - {id: value, type: str, size-eos: true, encoding: UTF-8}
enums:
  opcode:
    0: {id: query, -gateway: {idempotent: true}}
    1: {id: iquery, -gateway: {idempotent: true}, doc: Obsolete (RFC 3425).}
    2: {id: status, -gateway: {idempotent: true}}
    4: notify
    5: update
  rcode:
    0: noerror
    1: formerr
    2: servfail
    3: nxdomain
    4: notimp
    5: refused
    6: yxdomain
    7: yxrrset
    8: nxrrset
    9: notauth
    10: notzone
  type:
    1: a
    2: ns
    5: cname
    6: soa
    12: ptr
    13: hinfo
    15: mx
    16: txt
    28: aaaa
    33: srv
    35: naptr
    39: dname
    41: opt
    43: ds
    46: rrsig
    47: nsec
    48: dnskey
    50: nsec3
    52: tlsa
    64: svcb
    65: https
    250: tsig
    251: ixfr
    252: axfr
    255: any
    257: caa
  record_class:
    1: internet
    3: chaos
    4: hesiod
    254: none
    255: any
  option_code:
    3: nsid
    8: client_subnet
    10: cookie
    11: tcp_keepalive
    12: padding
    15: extended_error
