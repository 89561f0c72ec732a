import { expect } from 'chai'
import { EncodeError } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { encodeWith } from '#src/codecs/codec.js'

describe('encodeWith', () => {
  it('returns the encoded value', () => {
    expect(encodeWith(jsonCodec, { a: 1 })).to.equal('{"a":1}')
  })

  it('throws an EncodeError that names the kind of value and contains the cause', () => {
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
    expect((error as EncodeError).message).to.equal('Failed to encode a plain object: too deep')
    expect((error as EncodeError).cause).to.equal(thrown)
  })

  it('throws an EncodeError if the codec is asynchronous, and leaves no unhandled rejection', () => {
    const codec = { ...jsonCodec, encode: () => Promise.reject(new Error('unheard')) as never }
    expect(() => encodeWith(codec, {})).to.throw(
      EncodeError,
      'Failed to encode a plain object: the codec returned an instance of Promise, expected a string or a Uint8Array',
    )
  })

  const accidents: [unknown, string][] = [
    [undefined, 'undefined'],
    [5, 'a number'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
  ]
  for (const [data, told] of accidents) {
    it(`throws an EncodeError if the codec returns ${told}, which cannot be a frame`, () => {
      const codec = { ...jsonCodec, encode: () => data as string }
      expect(() => encodeWith(codec, {})).to.throw(
        EncodeError,
        `Failed to encode a plain object: the codec returned ${told}, expected a string or a Uint8Array`,
      )
    })
  }
})
