# Expressions of all kinds, to compare what reads them.
meta: {id: sums, endian: le}
seq:
  - {id: order, type: u1}
  - {id: small, type: u2}
  - {id: minus, type: s4}
  - {id: large, type: u8}
  - {id: half, type: f8}
  - {id: word, type: strz, encoding: UTF-8}
  - {id: ints, type: u2, repeat: until, repeat-until: _ == 0}
  - {id: turned, type: turned}
  - {id: low, type: b3le}
  - {id: high, type: b13le}
  - {id: parts, type: part(_index), repeat: expr, repeat-expr: 3}
  - {id: secret, size: 6, process: 'xor([0x0f, 0xf0])'}
  - {id: rolled, type: part(7), size: 1, process: rol(3)}
  - {id: left, size-eos: true}
types:
  turned:
    meta:
      endian: {switch-on: _root.order, cases: {0x49: le, 0x4d: be}}
    seq:
      - {id: number, type: u4}
  part:
    params: [{id: index, type: s4}]
    seq:
      - {id: value, type: u1}
    instances:
      sum: {value: value + index}
instances:
  added: {value: small + minus}
  divided: {value: minus / 7}
  rest: {value: minus % 7}
  quotient: {value: half / 3}
  mixed: {value: minus / half}
  masked: {value: minus & 0xff_ffff_ff0f}
  either: {value: small | -256}
  differs: {value: (small ^ minus) << 3}
  shifted: {value: minus >> 2}
  inverted: {value: ~small}
  truths: {value: not (small < 3 or half >= 2.5) and minus != 4}
  choice: {value: 'small > 2 ? word : "none"'}
  letters: {value: 'word.length * 100 + word.substring(1, 3).length'}
  backwards: {value: word.reverse}
  ordered: {value: '"Zebra" < word and "a" > "Z" and "ab" >= "ab"'}
  number: {value: '"-123".to_i + "ff".to_i(16) + half.to_i + true.to_i'}
  as_text: {value: 'small.to_s + word'}
  formatted: {value: 'f"{small} of {word}"'}
  listed: {value: 'ints.size * 1000 + ints.first + ints[1] + ints.max'}
  bytewise: {value: 'secret[0] + secret.length + left.last'}
  same: {value: 'secret == [0x41, 0x42, 0x43, 0x44, 0x45, 0x46]'}
  nested: {value: 'parts[2].sum + turned.number + rolled.sum'}
  places: {value: '_io.pos * 1000 + _io.size'}
  ended: {value: _io.eof}
  sized: {value: 'sizeof<part> + small._sizeof'}
  looked: {pos: 1, type: u2be}
