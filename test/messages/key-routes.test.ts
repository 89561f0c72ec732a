import { expect } from 'chai'
import { keyPair, keyPart, keyPresent } from '#src/messages/key-routes.js'
import { readerOf } from '#src/messages/route.js'

const NOT_OBJECTS = ['text', 5, true, null, undefined]

describe('keyPair', () => {
  const read = keyPair('op', 't')

  it('joins two keys with a slash', () => {
    expect(read({ op: 0, t: 'READY' })).to.equal('0/READY')
    expect(keyPair('arg.channel', 'action')({ arg: { channel: 'books' }, action: 'update' })).to.equal(
      'books/update',
    )
    expect(keyPair(0, (message) => (message as unknown[])[2])([2, 'id', 'Reset'])).to.equal('2/Reset')
  })

  it('returns the only key unchanged if the other is missing', () => {
    expect(read({ op: 10, t: null })).to.equal(10)
    expect(read({ t: 'READY' })).to.equal('READY')
    expect(read({})).to.equal(undefined)
    expect(read({ op: null, t: { nested: true } })).to.equal(undefined)
  })
})

describe('keyPart', () => {
  const read = keyPart('stream', '@', 1)

  it('returns one part of a string, counted from its start or its end', () => {
    expect(read({ stream: 'btcusdt@depth@100ms' })).to.equal('depth')
    expect(keyPart('stream', '@', -1)({ stream: 'btcusdt@depth@100ms' })).to.equal('100ms')
    expect(keyPart('params.channel', '.', 0)({ params: { channel: 'book.BTC.raw' } })).to.equal('book')
    expect(keyPart(-2, '-', 0)([7, {}, 'book-1000', 'XBT/USD'])).to.equal('book')
  })

  it('returns the whole text if the separator is missing', () => {
    expect(keyPart(-2, '-', 0)([7, {}, 'trade', 'XBT/USD'])).to.equal('trade')
  })

  it('returns undefined if the part does not exist, or the value is not a string', () => {
    expect(read({ stream: 'btcusdt' })).to.equal(undefined)
    expect(read({ stream: 5 })).to.equal(undefined)
    for (const message of [{}, [], ...NOT_OBJECTS]) expect(read(message)).to.equal(undefined)
  })

  it('lets the next entry of a route list find the key if it finds none', () => {
    const either = readerOf([read, 'type'])
    expect(either({ type: 'ack' })).to.equal('ack')
    expect(either({ type: 'data', stream: 'btcusdt@trade' })).to.equal('trade')
  })
})

describe('keyPresent', () => {
  const read = keyPresent('ping', 'ch', 'subbed')

  it('returns the name of the first property that the message contains', () => {
    expect(read({ ping: 0 })).to.equal('ping')
    expect(read({ subbed: 'x', ch: null })).to.equal('ch')
    expect(read({ other: 1 })).to.equal(undefined)
  })

  it('ignores inherited properties, and values that are not objects', () => {
    expect(keyPresent('constructor', '__proto__')({})).to.equal(undefined)
    for (const message of NOT_OBJECTS) expect(read(message)).to.equal(undefined)
  })
})
