import { expect } from 'chai'
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { compressedCodec, createJsonCodec, textCodec } from 'holdfast/codecs'
import type { Codec } from 'holdfast'
import type { CompressedCodecOptions } from 'holdfast/codecs'
import { msgpackCodec } from 'holdfast/msgpack'

const FORMATS = [
  { format: 'gzip', pack: gzipSync, unpack: gunzipSync },
  { format: 'deflate', pack: deflateSync, unpack: inflateSync },
  { format: 'deflate-raw', pack: deflateRawSync, unpack: inflateRawSync },
] as const

describe('compressedCodec', () => {
  for (const { format, pack, unpack } of FORMATS) {
    describe(`with ${format}`, () => {
      const codec = compressedCodec({ format })

      it('decompresses binary frames, and decodes JSON from them', () => {
        expect(codec.isBinary).to.equal(true)
        expect(codec.decode(pack('{"price":"5 €"}'), true)).to.deep.equal({ price: '5 €' })
      })

      it('reads only the bytes of a view into a larger buffer', () => {
        const packed = pack('[1]')
        const within = Buffer.concat([Buffer.alloc(3), packed, Buffer.alloc(3)])
        expect(codec.decode(within.subarray(3, 3 + packed.length), true)).to.deep.equal([1])
      })

      it('throws for a truncated frame, wherever it ends', () => {
        const packed = pack('{"type":"ticker","price":1.5}')
        for (let length = 0; length < packed.length; length += 1)
          expect(() => codec.decode(packed.subarray(0, length), true)).to.throw(Error, 'end of file')
      })

      for (const [what, rest] of [
        ['garbage', Buffer.from('garbage')],
        ['zeros', Buffer.alloc(4)],
        ['a second stream', pack('[2]')],
      ] as const) {
        it(`throws if ${what} follow${what.startsWith('a') ? 's' : ''} the data`, () => {
          expect(() => codec.decode(Buffer.concat([pack('[1]'), rest]), true)).to.throw(Error)
        })
      }

      it('throws for data that is not compressed', () => {
        expect(() => codec.decode(Buffer.from('{"type":"plain"}'), true)).to.throw(Error)
      })

      it('throws for data that expands beyond maxOutput, without expanding more than that', () => {
        const bomb = pack(Buffer.alloc(32 * 1024 * 1024 + 1))
        const small = compressedCodec({ format, maxOutput: 1_000, codec: textCodec })
        const text = 'maxOutput (1000 bytes)'
        expect(() => small.decode(bomb, true)).to.throw(RangeError, text)
        expect(() => small.decode(pack('x'.repeat(1_001)), true)).to.throw(RangeError, text)
        expect(small.decode(pack('x'.repeat(1_000)), true)).to.equal('x'.repeat(1_000))
        expect(() => codec.decode(bomb, true)).to.throw(RangeError, 'maxOutput (33554432 bytes)')
      })

      it('compresses outgoing messages with compress, so that the peer can read them', () => {
        const data = compressedCodec({ format, compress: true }).encode({ a: 1 })
        expect(unpack(data).toString()).to.equal('{"a":1}')
      })
    })
  }

  it('sends what the inner codec returns without compress', () => {
    expect(compressedCodec({ format: 'gzip' }).encode({ pong: 1 })).to.equal('{"pong":1}')
  })

  it('passes text frames to the inner codec', () => {
    expect(compressedCodec({ format: 'gzip' }).decode('{"a":1}', false)).to.deep.equal({ a: 1 })
  })

  it('passes decompressed bytes to a binary inner codec, and text to other codecs', () => {
    const seen: [unknown, boolean][] = []
    const noting = (isBinary: boolean): Codec => ({
      isBinary,
      encode: () => '',
      decode: (data, isBytes) => seen.push([data.constructor, isBytes]),
    })
    compressedCodec({ format: 'gzip', codec: noting(true) }).decode(gzipSync('x'), true)
    compressedCodec({ format: 'gzip', codec: noting(false) }).decode(gzipSync('x'), true)
    expect(seen).to.deep.equal([
      [Buffer, true],
      [String, false],
    ])
  })

  it('works with msgpack inside', () => {
    const codec = compressedCodec({ format: 'deflate', codec: msgpackCodec, compress: true })
    expect(codec.decode(codec.encode({ a: [1, null] }), true)).to.deep.equal({ a: [1, null] })
  })

  it('throws if the decompressed text is not valid UTF-8', () => {
    const codec = compressedCodec({ format: 'gzip', codec: createJsonCodec() })
    expect(() => codec.decode(gzipSync(Buffer.from([0x22, 0xff, 0x22])), true)).to.throw(TypeError, 'utf-8')
  })

  it('treats explicit undefined options as absent', () => {
    const options = { format: 'gzip', codec: undefined, maxOutput: undefined, compress: undefined } as const
    expect(compressedCodec(options).decode(gzipSync('[1]'), true)).to.deep.equal([1])
  })

  it('returns the size of the last frame after decompression, and undefined if there was none', () => {
    const codec = compressedCodec({ format: 'gzip', maxOutput: 1_000 })
    codec.decode(gzipSync('"0123456789"'), true)
    expect(codec.decodedBytes).to.equal(12)
    expect(() => codec.decode(gzipSync('no JSON'), true)).to.throw(SyntaxError)
    expect(codec.decodedBytes).to.equal(7)
    codec.decode('"text"', false)
    expect(codec.decodedBytes).to.equal(undefined)
    codec.decode(gzipSync('1'), true)
    expect(() => codec.decode(gzipSync(Buffer.alloc(2_000)), true)).to.throw(RangeError)
    expect(codec.decodedBytes).to.equal(undefined)
  })

  it('accepts a maxOutput beyond the maximum size of a buffer', () => {
    const codec = compressedCodec({ format: 'gzip', maxOutput: Number.MAX_SAFE_INTEGER })
    expect(codec.decode(gzipSync('[1]'), true)).to.deep.equal([1])
  })

  const wrong: [unknown, string][] = [
    [{}, 'format must be one of gzip, deflate, deflate-raw, received undefined'],
    [{ format: 'brotli' }, 'received "brotli"'],
    [{ format: 'constructor' }, 'received "constructor"'],
    [{ format: 'gzip', codec: {} }, 'codec must have encode() and decode() methods, received a plain object'],
    [{ format: 'gzip', codec: null }, 'received null'],
    [{ format: 'gzip', maxOutput: 0 }, 'maxOutput must be an integer of at least 1, received 0'],
    [
      { format: 'gzip', maxOutput: Infinity },
      'maxOutput must be an integer of at least 1, received Infinity',
    ],
  ]
  for (const [options, said] of wrong) {
    it(`rejects invalid options immediately: ${said}`, () => {
      expect(() => compressedCodec(options as CompressedCodecOptions)).to.throw(TypeError, said)
    })
  }
})
