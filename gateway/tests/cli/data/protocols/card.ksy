# A secret of bytes that are shown as text.
meta: {id: card, endian: be}
-gateway:
  frame: {auto: true, max: 4KiB}
  operation: '"swipe"'
  kind: '"request"'
  order: fifo
seq:
  - {id: len_track, type: u1}
  - {id: track, size: len_track, -gateway: {secret: true, json: text}}
