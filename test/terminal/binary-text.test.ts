import { expect } from 'chai'
import { decodeBytes, encodeBytes, hexdump } from '#src/terminal/binary-text.js'

describe('hexdump', () => {
  it('prints positions, bytes, and ASCII characters like hexdump -C', () => {
    const bytes = Buffer.from('Hello, world!\x1b[31m\xff', 'latin1')
    expect(hexdump(bytes).split('\n')).to.deep.equal([
      '00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 1b 5b 33  |Hello, world!.[3|',
      '00000010  31 6d ff                                          |1m.|',
    ])
  })

  it('prints a line for an empty message', () => {
    expect(hexdump(new Uint8Array())).to.match(/^0{8} +[|][|]$/)
  })
})

describe('encodeBytes and decodeBytes', () => {
  for (const encoding of ['hex', 'base64'] as const) {
    it(`return the same bytes again: ${encoding}`, () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index).subarray(1)
      expect([...decodeBytes(encodeBytes(bytes, encoding), encoding)]).to.deep.equal([...bytes])
    })
  }

  it('ignore white space, and accept the base64 alphabet of URLs', () => {
    expect([...decodeBytes('00 fF\n', 'hex')]).to.deep.equal([0, 255])
    expect([...decodeBytes('-_8', 'base64')]).to.deep.equal([0xfb, 0xff])
  })

  it('reject other characters, and half a byte', () => {
    for (const text of ['0', '0g', 'xyz']) {
      expect(() => decodeBytes(text, 'hex')).to.throw(TypeError, 'expected hex, received other characters')
    }
    expect(() => decodeBytes('a b!', 'base64')).to.throw(TypeError)
  })
})
