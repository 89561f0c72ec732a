import { expect } from 'chai'
import { createJsonCodec, isPlainJson, jsonCodec } from '#src/codecs/json.js'

describe('jsonCodec', () => {
  describe('#encode', () => {
    it('encodes a value as JSON text, strings included', () => {
      expect(jsonCodec.encode({ a: [1, null] })).to.equal('{"a":[1,null]}')
      expect(jsonCodec.encode('text')).to.equal('"text"')
    })

    it('throws for a value without a JSON representation, and names its kind', () => {
      expect(() => jsonCodec.encode(undefined)).to.throw(TypeError, 'undefined has no JSON representation')
      expect(() => jsonCodec.encode(new Uint8Array(2))).to.throw(TypeError, 'Pass bytes to send()')
      expect(() => jsonCodec.encode(Symbol('s'))).to.throw(TypeError, 'a symbol has no JSON representation')
      expect(() => jsonCodec.encode(function named() {})).to.throw(TypeError, 'the function named')
    })

    it('throws the errors of JSON.stringify', () => {
      const circle: { self?: unknown } = {}
      circle.self = circle
      expect(() => jsonCodec.encode(circle)).to.throw(TypeError, 'circular')
      expect(() => jsonCodec.encode(1n)).to.throw(TypeError, 'BigInt')
    })
  })

  describe('#decode', () => {
    it('decodes JSON text', () => {
      expect(jsonCodec.decode('{"a":[1,null]}', false)).to.deep.equal({ a: [1, null] })
    })

    it('throws for text that is not JSON', () => {
      expect(() => jsonCodec.decode('{', false)).to.throw(SyntaxError)
    })
  })

  it('leaves binary frames to @OnBinary', () => {
    expect(jsonCodec.isBinary).to.equal(undefined)
  })
})

describe('createJsonCodec', () => {
  it('returns a codec like jsonCodec without options', () => {
    const codec = createJsonCodec()
    expect(codec.isBinary).to.equal(undefined)
    expect(codec.decode('{"a":1}', false)).to.deep.equal({ a: 1 })
    expect(codec.encode({ a: 1 })).to.equal('{"a":1}')
  })

  it('passes each decoded value to the reviver, inner ones first', () => {
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

  it('passes each value to the replacer, with the object that contains it', () => {
    const codec = createJsonCodec({
      replacer(key, value) {
        return key === 'id' && (this as { id: unknown }).id === value ? String(value) : value
      },
    })
    expect(codec.encode({ id: 17n, n: 1 })).to.equal('{"id":"17","n":1}')
  })

  it('throws if the replacer removes the whole message', () => {
    const codec = createJsonCodec({ replacer: () => undefined })
    expect(() => codec.encode({})).to.throw(TypeError, 'a plain object has no JSON representation')
  })

  describe('with binary', () => {
    const codec = createJsonCodec({ binary: true })

    it('decodes UTF-8 from binary frames, and still decodes text frames', () => {
      expect(codec.isBinary).to.equal(true)
      expect(codec.decode(Buffer.from('{"price":"5 €"}'), true)).to.deep.equal({ price: '5 €' })
      expect(codec.decode('{"a":1}', false)).to.deep.equal({ a: 1 })
    })

    it('reads only the bytes of a view into a larger buffer', () => {
      expect(codec.decode(new Uint8Array(Buffer.from('xx[1]yy')).subarray(2, 5), true)).to.deep.equal([1])
    })

    it('passes values from binary frames to the reviver, too', () => {
      const reviving = createJsonCodec({ binary: true, reviver: (key, value) => (key ? [value] : value) })
      expect(reviving.decode(new TextEncoder().encode('{"price":"5 €"}'), true)).to.deep.equal({
        price: ['5 €'],
      })
    })

    it('throws for bytes that are not UTF-8', () => {
      const bytes = Buffer.from([0x22, 0xc3, 0x28, 0x22])
      expect(() => codec.decode(bytes, true)).to.throw(TypeError, 'not valid for encoding utf-8')
    })

    it('still encodes text', () => {
      expect(codec.encode({ a: 1 })).to.equal('{"a":1}')
    })
  })

  it('rejects a BigInt, and names alternatives', () => {
    expect(() => jsonCodec.encode({ amount: 5n })).to.throw(
      TypeError,
      'JSON cannot encode a BigInt. Convert it to a string, or use sendMessage() with bigintJsonCodec from holdfast/bigint-json',
    )
  })

  it('throws other errors of JSON unchanged', () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    expect(() => jsonCodec.encode(circular)).to.throw(TypeError, /circular/i)
  })
})

describe('isPlainJson', () => {
  it('recognizes codecs that decode as JSON.parse does', () => {
    const replacer = (_key: string, value: unknown): unknown => value
    for (const codec of [jsonCodec, createJsonCodec({ replacer }), createJsonCodec({ binary: true })])
      expect(isPlainJson(codec)).to.equal(true)
    const other = { ...jsonCodec, encode: String }
    expect(isPlainJson(other)).to.equal(true)
  })

  it('does not recognize codecs that may decode differently', () => {
    const decode = (data: string | Uint8Array): unknown => JSON.parse(data as string)
    expect(isPlainJson({ decode })).to.equal(false)
    expect(isPlainJson(createJsonCodec({ reviver: (_key, value: unknown) => value }))).to.equal(false)
  })
})
