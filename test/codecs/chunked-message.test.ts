import { expect } from 'chai'
import { ChunkedMessage, checkChunks, isBinaryChunk } from '#src/codecs/chunked-message.js'

describe('ChunkedMessage', () => {
  it('resolves over once the message has ended', async () => {
    const message = new ChunkedMessage(['a'])
    let isOver = false
    void message.over.then(() => (isOver = true))
    await Promise.resolve()
    expect(isOver).to.equal(false)
    message.end()
    await message.over
    expect(isOver).to.equal(true)
  })
})

describe('checkChunks', () => {
  it('accepts iterables and async iterables, and does not start them', () => {
    const neverRead = { [Symbol.asyncIterator]: () => expect.fail('it was started') }
    for (const data of [[], ['a', ''], [new Uint8Array(1), Buffer.from('x')], new Set(['a']), neverRead]) {
      expect(() => checkChunks(data)).not.to.throw()
    }
  })

  const rows: [unknown, string][] = [
    [{ token: 'secret' }, 'a plain object'],
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
    [new Uint16Array(1), 'an instance of Uint16Array'],
    [new DataView(new ArrayBuffer(1)), 'an instance of DataView'],
    [Promise.resolve('a'), 'an instance of Promise'],
  ]
  for (const [data, told] of rows) {
    it(`rejects ${told}, and names the methods to use instead`, () => {
      expect(() => checkChunks(data)).to.throw(
        TypeError,
        `send() accepts a string, a Uint8Array, or an iterable of these, received ${told}. Use sendJson() or sendMessage()`,
      )
    })
  }

  it('rejects an array that contains anything other than strings or bytes, or both', () => {
    for (const [data, told] of [
      [['a', 1], 'expected strings or Uint8Arrays, received a number'],
      [[{ token: 'secret' }], 'expected strings or Uint8Arrays, received a plain object'],
      [
        ['a', new Uint8Array(1)],
        'a message is either text or binary, but this one contains both strings and bytes',
      ],
    ] as const) {
      expect(() => checkChunks(data)).to.throw(
        TypeError,
        `send() cannot send the array: ${told}. To send it as one value, use sendJson()`,
      )
    }
  })
})

describe('isBinaryChunk', () => {
  it('distinguishes bytes from text', () => {
    expect(isBinaryChunk('', undefined)).to.equal(false)
    expect(isBinaryChunk('a', false)).to.equal(false)
    expect(isBinaryChunk(new Uint8Array(), undefined)).to.equal(true)
    expect(isBinaryChunk(new Uint8Array(), true)).to.equal(true)
  })
})
