import { expect } from 'chai'
import { ExtensionCodec, decode, encode } from '@msgpack/msgpack'
import { createMsgpackCodec, msgpackCodec } from 'holdfast/msgpack'
import { heapInUse } from '../support/heap.js'
import { SeededRandom } from '../support/seeded-random.js'

const MiB = 2 ** 20

/** The error before anything is decoded from the frame. */
const TOO_SHORT = 'a declared length exceeds the frame'

/** A random value of any type of the format, including extensions and long strings. */
function randomValue(random: SeededRandom, depth = 0): unknown {
  const count = random.pick([0, 1, 3, 15, 16])
  const kinds: (() => unknown)[] = [
    () => null,
    () => random.chance(0.5),
    () => random.between(-40, 300),
    () => Math.floor(random.next() * 2 ** 50) - 2 ** 49,
    () => random.next(),
    () => 'é'.repeat(random.pick([0, 5, 31, 40, 300, 70_000])),
    () => new Uint8Array(random.pick([0, 5, 300, 70_000])),
    () => new Date(random.between(0, 2 ** 40)),
  ]
  if (depth < 3) {
    kinds.push(() => Array.from({ length: count }, () => randomValue(random, depth + 1)))
    kinds.push(() =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, randomValue(random, depth + 1)])),
    )
  }
  return random.pick(kinds)()
}

describe('msgpackCodec', () => {
  it('expects binary frames', () => {
    expect(msgpackCodec.isBinary).to.equal(true)
  })

  describe('#encode', () => {
    it('encodes what other implementations can read', () => {
      const message = { a: [1, 'b', null, true, 1.5], at: new Date(1_000) }
      expect(decode(msgpackCodec.encode(message) as Uint8Array)).to.deep.equal(message)
    })

    it('returns its own bytes, which the next message does not overwrite', () => {
      const first = msgpackCodec.encode('first')
      msgpackCodec.encode('other')
      expect(msgpackCodec.decode(first, true)).to.equal('first')
    })

    it('leaves out undefined properties, as JSON does, and throws for undefined itself', () => {
      expect(msgpackCodec.decode(msgpackCodec.encode({ a: undefined, b: 1 }), true)).to.deep.equal({ b: 1 })
      expect(() => msgpackCodec.encode(undefined)).to.throw(TypeError, 'MessagePack cannot encode undefined')
    })

    it('throws for a function, a BigInt and a cycle, and continues to work', () => {
      const circle: { self?: unknown } = {}
      circle.self = circle
      for (const message of [() => {}, { n: 1n }, circle])
        expect(() => msgpackCodec.encode(message)).to.throw(Error)
      expect(msgpackCodec.encode(1)).to.deep.equal(new Uint8Array([1]))
    })
  })

  describe('#decode', () => {
    it('decodes whatever the library encodes', () => {
      const random = new SeededRandom(42)
      for (let round = 0; round < 200; round += 1) {
        const value = randomValue(random)
        expect(msgpackCodec.decode(encode(value), true)).to.deep.equal(value)
      }
    })

    it('decodes each possible head', () => {
      const rows: [readonly number[], unknown][] = [
        [[0xc7, 0x01, 0x05, 0xaa], 5],
        [[0xc8, 0x00, 0x01, 0x05, 0xaa], 5],
        [[0xc9, 0x00, 0x00, 0x00, 0x01, 0x05, 0xaa], 5],
        [[0xd4, 0x05, 0xaa], 5],
        [[0xd5, 0x05, 0xaa, 0xaa], 5],
        [[0xd6, 0x05, ...Array<number>(4).fill(0)], 5],
        [[0xd7, 0x05, ...Array<number>(8).fill(0)], 5],
        [[0xd8, 0x05, ...Array<number>(16).fill(0)], 5],
        [[0xca, 0x3f, 0x80, 0x00, 0x00], 1],
        [[0xcf, 0, 0, 0, 0, 0, 0, 0, 7], 7],
        [[0xd3, 0, 0, 0, 0, 0, 0, 0, 7], 7],
        [[0xd0, 0xff], -1],
        [[0xd1, 0xff, 0xff], -1],
        [[0xd2, 0xff, 0xff, 0xff, 0xff], -1],
        [
          [0xdd, 0, 0, 0, 2, 0x93, 1, 2, 3, 0x80],
          [[1, 2, 3], {}],
        ],
        [[0xdf, 0, 0, 0, 1, 0xa1, 0x61, 0xc2], { a: false }],
        [[0xde, 0, 2, 0xa1, 0x61, 0xc2, 0xa1, 0x62, 0xc3], { a: false, b: true }],
        [[0x82, 0xa1, 0x61, 0xc2, 0xa1, 0x62, 0xc0], { a: false, b: null }],
        [
          [0xdc, 0, 2, 1, 2],
          [1, 2],
        ],
        [[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], 1],
        [[0xcc, 1], 1],
        [[0xcd, 0, 1], 1],
        [[0xce, 0, 0, 0, 1], 1],
        [[0xd9, 2, 0x61, 0x62], 'ab'],
        [[0xda, 0, 2, 0x61, 0x62], 'ab'],
        [[0xdb, 0, 0, 0, 2, 0x61, 0x62], 'ab'],
        [[0xc4, 2, 1, 2], new Uint8Array([1, 2])],
        [[0xc5, 0, 2, 1, 2], new Uint8Array([1, 2])],
        [[0xc6, 0, 0, 0, 2, 1, 2], new Uint8Array([1, 2])],
      ]
      for (const [bytes, value] of rows) {
        const read = msgpackCodec.decode(new Uint8Array(bytes), true)
        expect(typeof value === 'number' ? typeOrNumber(read) : read, String(bytes)).to.deep.equal(value)
        // The value after it is checked, too.
        const claim = new Uint8Array([0x92, ...bytes, 0xdd, 0x01, 0xff, 0xff, 0xff])
        expect(() => msgpackCodec.decode(claim, true), String(bytes)).to.throw(RangeError, TOO_SHORT)
      }
    })

    it('reads only the bytes of a view into a larger buffer', () => {
      expect(
        msgpackCodec.decode(new Uint8Array([0xc1, 0x92, 1, 2, 0xc1]).subarray(1, 4), true),
      ).to.deep.equal([1, 2])
    })

    it('rejects a text frame, and names the fix', () => {
      expect(() => msgpackCodec.decode('{"op":10}', false)).to.throw(
        TypeError,
        'expected a binary frame, received text. Request MessagePack from the server',
      )
    })

    it('throws for a truncated frame, wherever it ends, and for one with extra bytes', () => {
      const bytes = encode({ type: 'x', list: [1, [2, 'three'], new Date(5)], more: new Uint8Array(300) })
      for (let length = 0; length < bytes.length; length += 1)
        expect(() => msgpackCodec.decode(bytes.subarray(0, length), true)).to.throw(RangeError, TOO_SHORT)
      expect(() => msgpackCodec.decode(Buffer.concat([bytes, bytes]), true)).to.throw(RangeError, 'Extra')
      expect(() => msgpackCodec.decode(new Uint8Array([0xc1]), true)).to.throw(
        Error,
        'Unrecognized type byte',
      )
    })

    it('rejects __proto__ as a key, and changes no prototype', () => {
      const bytes = new Uint8Array([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x78, 0x01])
      expect(() => msgpackCodec.decode(bytes, true)).to.throw(Error, '__proto__ is not allowed')
      expect(({} as { x?: unknown }).x).to.equal(undefined)
      const constructor = msgpackCodec.decode(encode({ constructor: { prototype: { x: 1 } } }), true)
      expect(constructor).to.have.own.property('constructor')
      expect(({} as { x?: unknown }).x).to.equal(undefined)
    })

    describe('allocates no memory for contents that a frame only declares:', () => {
      const claims: [string, Uint8Array][] = [
        ['an array of 33 million', new Uint8Array([0xdd, 0x01, 0xff, 0xff, 0xff])],
        ['a map of 4 billion', new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff])],
        ['a string of 4 GiB', new Uint8Array([0xdb, 0xff, 0xff, 0xff, 0xff])],
        ['bytes of 4 GiB', new Uint8Array([0xc6, 0xff, 0xff, 0xff, 0xff])],
        [
          '10,000 nested arrays of 30,000 items each',
          Buffer.concat(Array<Buffer>(10_000).fill(Buffer.from([0xdc, 0x75, 0x30]))),
        ],
      ]
      for (const [what, bytes] of claims) {
        it(what, () => {
          const before = heapInUse()
          const external = process.memoryUsage().external
          expect(() => msgpackCodec.decode(bytes, true)).to.throw(RangeError)
          // No garbage collection in between, so any allocation would still be visible.
          expect(process.memoryUsage().heapUsed - before).to.be.lessThan(4 * MiB)
          expect(process.memoryUsage().external - external).to.be.lessThan(4 * MiB)
        })
      }
    })

    it('decodes 1,024 levels, and rejects more', () => {
      const nested = (levels: number): Uint8Array => new Uint8Array(levels + 1).fill(0x91, 0, levels)
      expect(msgpackCodec.decode(nested(1_024), true)).to.be.an('array')
      expect(() => msgpackCodec.decode(nested(1_025), true)).to.throw(
        RangeError,
        'nesting exceeds 1024 levels',
      )
      expect(() => msgpackCodec.decode(new Uint8Array(MiB).fill(0x91), true)).to.throw(RangeError)
    })

    it('rejects more than 8,388,608 values in a frame', () => {
      const count = 8_388_608
      const bytes = new Uint8Array(5 + count)
      new DataView(bytes.buffer).setUint32(1, count)
      bytes[0] = 0xdd
      expect(() => msgpackCodec.decode(bytes, true)).to.throw(RangeError, 'more than 8388608 values')
    })
  })
})

/** Unknown extensions are decoded as `ExtData`, which contains their type. */
function typeOrNumber(read: unknown): unknown {
  return typeof read === 'number' ? read : (read as { type: number }).type
}

describe('createMsgpackCodec', () => {
  it('encodes and decodes 64-bit integers as BigInt with useBigInt64', () => {
    const codec = createMsgpackCodec({ useBigInt64: true })
    const message = { id: 17_843_232_920_108_168_701n, below: -5n, small: 7 }
    expect(codec.decode(codec.encode(message), true)).to.deep.equal(message)
  })

  it('encodes and decodes custom types', () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const extensionCodec = new ExtensionCodec()
    extensionCodec.register({
      type: 1,
      encode: (value) => (value instanceof Money ? new Uint8Array([value.cents]) : null),
      decode: (data) => new Money(data[0]!),
    })
    const codec = createMsgpackCodec({ extensionCodec })
    expect(codec.decode(codec.encode({ price: new Money(5) }), true)).to.deep.equal({ price: new Money(5) })
  })

  it('continues to work after an extension that throws', () => {
    const extensionCodec = new ExtensionCodec()
    extensionCodec.register({
      type: 1,
      encode: () => null,
      decode: () => {
        throw new Error('unknown currency')
      },
    })
    const codec = createMsgpackCodec({ extensionCodec })
    expect(() => codec.decode(new Uint8Array([0x91, 0xd4, 0x01, 0x00]), true)).to.throw('unknown currency')
    expect(codec.decode(new Uint8Array([0x91, 0x05]), true)).to.deep.equal([5])
  })
})
