meta: {id: capture, endian: le}
seq:
  - {id: magic, contents: [0xd4, 0xc3, 0xb2, 0xa1]}
  - {id: version_major, type: u2}
