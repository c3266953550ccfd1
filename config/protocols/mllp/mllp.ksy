meta:
  id: mllp
  title: HL7 version 2 over MLLP
  encoding: UTF-8
doc: |
  HL7's Transport Specification MLLP, Release 1: 0b before a message, 1c 0d behind it. HL7 Version 2.5.1, chapter 2
  (2.5, 2.15): a message is segments that end in a carriage return, a segment is fields between bars.
  What is read here stands between the marks.
-gateway:
  frame: {delimiter: {start: 0x0b, end: [0x1c, 0x0d]}, max: 1MiB}
  root: {request: message, reply: answer}
  operation: operation
  id: msh.control_id
  reply: {id: msa.control_id}
  error: msa.code != 'AA' and msa.code != 'CA'
  reject: {operation: answer, set: {message_type: '"ACK"', code: '"AE"'}}
types:
  message:
    seq:
      - {id: msh, type: msh, terminator: 0x0d}
      - {id: segments, type: segment, terminator: 0x0d, repeat: eos, -gateway: {default: []}}
    instances:
      operation: {value: '"message"'}
  answer:
    seq:
      - {id: msh, type: msh, terminator: 0x0d}
      - {id: msa, type: msa, terminator: 0x0d}
      - {id: segments, type: segment, terminator: 0x0d, repeat: eos, -gateway: {default: []}}
    instances:
      operation: {value: '"answer"'}
  msh:
    doc: The header (2.15.9), by the names of its fields.
    seq:
      - {id: tag, contents: 'MSH|'}
      - {id: encoding_characters, type: str, terminator: 0x7c, -gateway: {default: '^~\&'}}
      - {id: sending_application, type: str, terminator: 0x7c, -gateway: {default: ''}}
      - {id: sending_facility, type: str, terminator: 0x7c, -gateway: {default: ''}}
      - {id: receiving_application, type: str, terminator: 0x7c, -gateway: {default: ''}}
      - {id: receiving_facility, type: str, terminator: 0x7c, -gateway: {default: ''}}
      - {id: time, type: str, terminator: 0x7c, -gateway: {default: ''}}
      - {id: security, type: str, terminator: 0x7c, -gateway: {default: '', secret: true}}
      - {id: message_type, type: str, terminator: 0x7c, valid: {expr: _.length >= 3}, doc: 'As ADT^A01^ADT_A01.'}
      - {id: control_id, type: str, terminator: 0x7c, valid: {expr: _.length > 0}, -gateway: {default: '0'}}
      - {id: processing_id, type: str, terminator: 0x7c, -gateway: {default: P}, doc: 'P production, T training, D debugging.'}
      - {id: version, type: str, terminator: 0x7c, consume: false, eos-error: false, -gateway: {default: "2.5.1"}}
      - {id: more, type: field, repeat: eos, -gateway: {default: []}, doc: From MSH-13.}
  msa:
    doc: The acknowledgement (2.15.8).
    seq:
      - {id: tag, contents: 'MSA|'}
      - {id: code, type: str, terminator: 0x7c, valid: {any-of: ['"AA"', '"AE"', '"AR"', '"CA"', '"CE"', '"CR"']}}
      - {id: control_id, type: str, terminator: 0x7c, consume: false, eos-error: false, doc: That of the message that is answered.}
      - {id: text, type: field, repeat: eos, -gateway: {default: []}, doc: From MSA-3; its first is a text for people.}
  segment:
    seq:
      - {id: tag, type: str, size: 3}
      - {id: fields, type: field, repeat: eos, -gateway: {default: []}}
  field:
    doc: Repetitions, components and escapes are left in the text.
    seq:
      - {id: bar, contents: '|'}
      - {id: text, type: str, terminator: 0x7c, consume: false, eos-error: false}
