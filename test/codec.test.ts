import { expect } from 'chai'
import { EncodeError, jsonCodec } from 'holdfast'
import { describeValue, encodeWith } from '#src/codec.js'

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
})
