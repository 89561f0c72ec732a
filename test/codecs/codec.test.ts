import { expect } from 'chai'
import { EncodeError } from 'holdfast'
import { createJsonCodec, jsonCodec, textCodec } from 'holdfast/codecs'
import { describeValue } from '#src/core/describe-value.js'
import { encodeWith } from '#src/codecs/codec.js'
import { textOf } from '#src/codecs/text.js'

describe('jsonCodec', () => {
  describe('#encode', () => {
    it('writes a value as JSON text, a string included', () => {
      expect(jsonCodec.encode({ a: [1, null] })).to.equal('{"a":[1,null]}')
      expect(jsonCodec.encode('text')).to.equal('"text"')
    })

    it('throws where JSON has no text, and names the kind of value', () => {
      expect(() => jsonCodec.encode(undefined)).to.throw(TypeError, 'JSON has no text for undefined')
      expect(() => jsonCodec.encode(Symbol('s'))).to.throw(TypeError, 'JSON has no text for a symbol')
      expect(() => jsonCodec.encode(function named() {})).to.throw(TypeError, 'the function named')
    })

    it('throws what JSON.stringify throws', () => {
      const circle: { self?: unknown } = {}
      circle.self = circle
      expect(() => jsonCodec.encode(circle)).to.throw(TypeError, 'circular')
      expect(() => jsonCodec.encode(1n)).to.throw(TypeError, 'BigInt')
    })
  })

  describe('#decode', () => {
    it('reads JSON text', () => {
      expect(jsonCodec.decode('{"a":[1,null]}', false)).to.deep.equal({ a: [1, null] })
    })

    it('throws for what is no JSON', () => {
      expect(() => jsonCodec.decode('{', false)).to.throw(SyntaxError)
    })
  })

  it('leaves binary frames to @OnBinary', () => {
    expect(jsonCodec.isBinary).to.equal(undefined)
  })
})

describe('createJsonCodec', () => {
  it('makes a codec like jsonCodec where nothing is asked of it', () => {
    const codec = createJsonCodec()
    expect(codec.isBinary).to.equal(undefined)
    expect(codec.decode('{"a":1}', false)).to.deep.equal({ a: 1 })
    expect(codec.encode({ a: 1 })).to.equal('{"a":1}')
  })

  it('hands each value that is read to the reviver, inner ones first', () => {
    const keys: string[] = []
    const codec = createJsonCodec({
      reviver: (key, value) => {
        keys.push(key)
        return key === 'at' ? new Date(value as string) : value
      },
    })
    expect(codec.decode('{"at":"2026-01-01T00:00:00Z","n":1}', false)).to.deep.equal({
      at: new Date('2026-01-01T00:00:00Z'),
      n: 1,
    })
    expect(keys).to.deep.equal(['at', 'n', ''])
  })

  it('hands each value that is written to the replacer, with the object that holds it', () => {
    const codec = createJsonCodec({
      replacer(key, value) {
        return key === 'id' && (this as { id: unknown }).id === value ? String(value) : value
      },
    })
    expect(codec.encode({ id: 17n, n: 1 })).to.equal('{"id":"17","n":1}')
  })

  it('throws where the replacer leaves nothing', () => {
    const codec = createJsonCodec({ replacer: () => undefined })
    expect(() => codec.encode({})).to.throw(TypeError, 'JSON has no text for a plain object')
  })

  describe('with binary', () => {
    const codec = createJsonCodec({ binary: true })

    it('reads UTF-8 from binary frames, and text frames as ever', () => {
      expect(codec.isBinary).to.equal(true)
      expect(codec.decode(Buffer.from('{"price":"5 €"}'), true)).to.deep.equal({ price: '5 €' })
      expect(codec.decode('{"a":1}', false)).to.deep.equal({ a: 1 })
    })

    it('reads a view into a larger buffer from its own place', () => {
      expect(codec.decode(new Uint8Array(Buffer.from('xx[1]yy')).subarray(2, 5), true)).to.deep.equal([1])
    })

    it('throws for what is no UTF-8', () => {
      const bytes = Buffer.from([0x22, 0xc3, 0x28, 0x22])
      expect(() => codec.decode(bytes, true)).to.throw(TypeError, 'not valid for encoding utf-8')
    })

    it('still writes text', () => {
      expect(codec.encode({ a: 1 })).to.equal('{"a":1}')
    })
  })
})

describe('textCodec', () => {
  it('takes and gives strings as they are', () => {
    expect(textCodec.encode('PING')).to.equal('PING')
    expect(textCodec.decode('PONG', false)).to.equal('PONG')
    expect(textCodec.isBinary).to.equal(undefined)
  })

  it('throws for anything else, and names the kind of value', () => {
    expect(() => textCodec.encode({ a: 1 })).to.throw(TypeError, 'sends strings, and this is a plain object')
    expect(() => textCodec.encode(5)).to.throw(TypeError, 'this is a number')
    expect(() => textCodec.encode(undefined)).to.throw(TypeError, 'this is undefined')
  })
})

describe('textOf', () => {
  it('keeps nothing of the bytes before, when those ended in the midst of a letter', () => {
    expect(() => textOf(Buffer.from([0xe2, 0x82]))).to.throw(TypeError)
    expect(textOf(Buffer.from([0x41]))).to.equal('A')
  })
})

function* generator(): Generator {
  yield 'secret'
}

describe('describeValue', () => {
  class Named {}
  const rows: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'a boolean'],
    [5, 'a number'],
    [5n, 'a bigint'],
    ['secret', 'a string'],
    [Symbol('secret'), 'a symbol'],
    [Named, 'the function Named'],
    [(() => () => {})(), 'a function'],
    [['secret'], 'an array'],
    [{ token: 'secret' }, 'a plain object'],
    [Object.create(null), 'a plain object'],
    [new Named(), 'an instance of Named'],
    [new Map(), 'an instance of Map'],
    [Object.create({ constructor: undefined }), 'a plain object'],
    [generator(), 'an instance of Generator'],
    [{ [Symbol.toStringTag]: Symbol('odd') }, 'a plain object'],
  ]
  for (const [value, said] of rows) {
    it(`says '${said}', and never what is in it`, () => {
      expect(describeValue(value)).to.equal(said)
    })
  }
})

describe('encodeWith', () => {
  it('returns what the codec makes of the value', () => {
    expect(encodeWith(jsonCodec, { a: 1 })).to.equal('{"a":1}')
  })

  it('throws an EncodeError that names the kind of value and carries the cause', () => {
    const thrown = new RangeError('too deep')
    const encode = (): string => {
      throw thrown
    }
    let error: unknown
    try {
      encodeWith({ ...jsonCodec, encode }, { token: 'secret' })
    } catch (caught) {
      error = caught
    }
    expect(error).to.be.instanceOf(EncodeError)
    expect((error as EncodeError).message).to.equal('Could not encode a plain object: too deep')
    expect((error as EncodeError).cause).to.equal(thrown)
  })

  const accidents: [unknown, string][] = [
    [undefined, 'undefined'],
    [5, 'a number'],
    [Promise.resolve('{}'), 'an instance of Promise'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
  ]
  for (const [data, told] of accidents) {
    it(`throws an EncodeError where the codec gives ${told}, which is no frame`, () => {
      const codec = { ...jsonCodec, encode: () => data as string }
      expect(() => encodeWith(codec, {})).to.throw(
        EncodeError,
        `Could not encode a plain object: encode of the codec returned ${told}, and has to return a string or a Uint8Array`,
      )
    })
  }
})
