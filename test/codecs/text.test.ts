import { expect } from 'chai'
import { textCodec, textOf } from '#src/codecs/text.js'

describe('textCodec', () => {
  it('returns strings unchanged', () => {
    expect(textCodec.encode('PING')).to.equal('PING')
    expect(textCodec.decode('PONG', false)).to.equal('PONG')
    expect(textCodec.isBinary).to.equal(undefined)
  })

  it('throws for anything else, and names the kind of value', () => {
    expect(() => textCodec.encode({ a: 1 })).to.throw(
      TypeError,
      'textCodec can only encode strings, received a plain object',
    )
    expect(() => textCodec.encode(5)).to.throw(TypeError, 'received a number')
    expect(() => textCodec.encode(undefined)).to.throw(TypeError, 'received undefined')
  })
})

describe('textOf', () => {
  it('returns a string unchanged, and decodes bytes as UTF-8', () => {
    expect(textOf('5 €')).to.equal('5 €')
    expect(textOf(Buffer.from('5 €'))).to.equal('5 €')
  })

  it('throws for bytes that are not UTF-8', () => {
    expect(() => textOf(Buffer.from([0xc3, 0x28]))).to.throw(TypeError, 'not valid for encoding utf-8')
  })

  it('forgets the bytes of the previous call, even if they ended within a character', () => {
    expect(() => textOf(Buffer.from([0xe2, 0x82]))).to.throw(TypeError)
    expect(textOf(Buffer.from([0x41]))).to.equal('A')
  })
})
