# A list of numbers, of which a message may have as many as it has bytes.
meta: {id: samples, endian: be}
-gateway:
  frame: {auto: true, max: 64KiB}
  operation: kind
  kind: 'kind == kind::report ? "request" : "reply"'
  order: fifo
seq:
  - {id: len_samples, type: u2}
  - {id: kind, type: u1, enum: kind}
  - {id: samples, type: samples, size: len_samples}
types:
  samples:
    seq:
      - {id: values, type: u1, repeat: eos}
enums:
  kind: {1: report, 2: taken}
