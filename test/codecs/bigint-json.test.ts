import { expect } from 'chai'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { SeededRandom } from '../support/seeded-random.js'

const LONG = '17843232920108168701'

function decode(text: string): unknown {
  return bigintJsonCodec.decode(text, false)
}

/** Parses with JSON.parse, or returns that it failed. */
function outcome(read: (text: string) => unknown, text: string): unknown {
  try {
    return read(text)
  } catch {
    return 'refused'
  }
}

describe('bigintJsonCodec', () => {
  it('leaves binary frames to @OnBinary', () => {
    expect(bigintJsonCodec.isBinary).to.equal(undefined)
  })

  describe('#decode', () => {
    const rows: [string, unknown][] = [
      [
        `{"connectionID":${LONG},"event":"systemStatus"}`,
        { connectionID: BigInt(LONG), event: 'systemStatus' },
      ],
      [LONG, BigInt(LONG)],
      [` -${LONG} `, -BigInt(LONG)],
      [`[${LONG},1]`, [BigInt(LONG), 1]],
      ['9007199254740991', 9007199254740991],
      ['-9007199254740991', -9007199254740991],
      ['9007199254740992', 9007199254740992n],
      ['-9007199254740992', -9007199254740992n],
      ['10000000000000000000000', 10000000000000000000000n],
      ['1234567890123456', 1234567890123456],
      [
        `[${LONG},12345678.9012345678901,1e25,1E-7,-0,0.1234567890123456]`,
        [BigInt(LONG), 12345678.901234567, 1e25, 1e-7, -0, 0.1234567890123456],
      ],
      [`[${LONG},1e400]`, [BigInt(LONG), Infinity]],
      [`{"id":"${LONG}"}`, { id: LONG }],
      [`{"text":"see, ${LONG}"}`, { text: `see, ${LONG}` }],
      [`{"text":"\\"\\u20ac\\n",\t"id":\n${LONG}}`, { text: '"€\n', id: BigInt(LONG) }],
    ]
    for (const [text, value] of rows) {
      it(`decodes ${JSON.stringify(text)}`, () => {
        expect(decode(text)).to.deep.equal(value)
      })
    }

    it('accepts and rejects the same texts as JSON.parse, except for long integers', () => {
      const random = new SeededRandom(7)
      const seeds = [
        '{"type":"x","list":[1,-2.5e-3,true,false,null,"a\\u0041\\\\b"],"o":{"":{}}}',
        '[[[1234567890123456],{"a":{"b":[]}}],"€ \\ud800"]',
        ' { "a" : 1234567890123456 , "a" : { "x" : 1 } , "a" : [ 0 ] } ',
      ]
      const pieces = [
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '1',
        '0',
        '-',
        '.',
        'e',
        ' ',
        '\u0001',
        '\ufeff',
        'null',
        '__proto__',
      ]
      for (let round = 0; round < 5_000; round += 1) {
        const seed = random.pick(seeds)
        const at = random.between(0, seed.length)
        const end = at + random.between(0, 2)
        const text = seed.slice(0, at) + (random.chance(0.7) ? random.pick(pieces) : '') + seed.slice(end)
        // After a long integer, it is parsed by the slow path.
        const read = outcome((given) => (decode(`[1234567890123456,${given}]`) as unknown[])[1], text)
        const expected = outcome((given) => (JSON.parse(`[1234567890123456,${given}]`) as unknown[])[1], text)
        if (!/\d{16}/.test(String(expected))) expect(read, text).to.deep.equal(expected)
      }
    })

    it('keeps the last of several equal keys, in the position of the first', () => {
      const text = `{"a":${LONG},"b":1,"a":{"x":1},"a":[2]}`
      expect(decode(text)).to.deep.equal({ a: [2], b: 1 })
      expect(Object.keys(decode(text) as object)).to.deep.equal(['a', 'b'])
      expect(decode(`{"a":1,"a":null,"b":${LONG}}`)).to.have.property('a', null)
    })

    it('treats __proto__ as an ordinary property, and changes no prototype', () => {
      for (const text of [
        `{"__proto__":{"x":1},"id":${LONG}}`,
        `{"__proto__":1,"__proto__":{"x":1},"id":${LONG}}`,
      ]) {
        const read = decode(text) as Record<string, unknown>
        expect(Object.getPrototypeOf(read)).to.equal(Object.prototype)
        expect(Object.hasOwn(read, '__proto__')).to.equal(true)
        expect(read['x']).to.equal(undefined)
      }
      expect(({} as { x?: unknown }).x).to.equal(undefined)
    })

    it('throws for excessive nesting, and continues to work', () => {
      const deep = '['.repeat(200_000) + LONG + ']'.repeat(200_000)
      expect(() => decode(deep)).to.throw(RangeError)
      expect(decode(LONG)).to.equal(BigInt(LONG))
    })

    it('throws for an integer of more than 4,300 digits', () => {
      expect(decode('9'.repeat(4_300))).to.equal(BigInt('9'.repeat(4_300)))
      expect(() => decode('9'.repeat(4_301))).to.throw(RangeError, 'more than 4300 digits')
      expect(() => decode(`-${'9'.repeat(1_000_000)}`)).to.throw(RangeError)
    })

    it('throws for invalid JSON', () => {
      for (const text of ['{', `{"id":${LONG}`, `[${LONG},]`, `0${LONG}`, '', `${LONG} x`])
        expect(() => decode(text), text).to.throw(SyntaxError)
    })
  })

  describe('#encode', () => {
    it('encodes a BigInt as an integer, and everything else as JSON does', () => {
      const message = { id: BigInt(LONG), at: new Date(0), list: [undefined, NaN], none: undefined }
      const text = `{"id":${LONG},"at":"1970-01-01T00:00:00.000Z","list":[null,null]}`
      expect(bigintJsonCodec.encode(message)).to.equal(text)
      expect(bigintJsonCodec.encode({ ...message, id: 1 })).to.equal(text.replace(LONG, '1'))
      expect(bigintJsonCodec.encode(5n)).to.equal('5')
    })

    it('does so even if the application has changed JSON.stringify for BigInt', () => {
      const prototype = BigInt.prototype as { toJSON?: () => string }
      prototype.toJSON = () => 'taught'
      try {
        expect(bigintJsonCodec.encode({ id: BigInt(LONG) })).to.equal(`{"id":${LONG}}`)
        expect(() => bigintJsonCodec.encode(undefined)).to.throw(
          TypeError,
          'undefined has no JSON representation',
        )
      } finally {
        delete prototype.toJSON
      }
    })

    it('throws the error of JSON for values without a JSON representation', () => {
      const circle: { id: bigint; self?: unknown } = { id: 1n }
      circle.self = circle
      expect(() => bigintJsonCodec.encode(undefined)).to.throw(
        TypeError,
        'undefined has no JSON representation',
      )
      expect(() => bigintJsonCodec.encode(() => {})).to.throw(
        TypeError,
        'a function has no JSON representation',
      )
      expect(() => bigintJsonCodec.encode(circle)).to.throw(TypeError)
      const failing = {
        toJSON(): never {
          throw new Error('not yet')
        },
      }
      expect(() => bigintJsonCodec.encode(failing)).to.throw(Error, 'not yet')
    })
  })
})
