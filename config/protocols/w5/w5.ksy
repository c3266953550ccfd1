meta:
  id: w5
  title: Opcode, id and payload behind a length
  endian: be
doc: |
  The frame of `gateway/examples/w5/protocol.rs`: the length of what follows, an opcode, the id that ties a reply
  to its request, a payload that nobody reads. Requests and replies look alike: the direction tells them apart.
-gateway:
  frame: {length: {at: 0, type: u4be, counts: rest}, max: 16MiB}
  root: {request: call, reply: answer}
  operation: operation
  id: id
types:
  call:
    seq:
      - {id: len_rest, type: u4, doc: Bytes that follow; never less than 6.}
      - {id: opcode, type: u2}
      - {id: id, type: u4}
      - {id: payload, size: len_rest - 6, -gateway: {default: ''}}
    instances:
      operation: {value: '"call"'}
  answer:
    seq:
      - {id: len_rest, type: u4}
      - {id: opcode, type: u2}
      - {id: id, type: u4}
      - {id: payload, size: len_rest - 6, -gateway: {default: ''}}
    instances:
      operation: {value: '"answer"'}
