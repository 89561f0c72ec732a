import { expect } from 'chai'
import { keyPair, keyPart, keyPresent } from 'holdfast/routes'
import { readerOf } from '#src/messages/route.js'

const NO_OBJECTS = ['text', 5, true, null, undefined]

describe('readerOf', () => {
  it('reads a property', () => {
    const read = readerOf('type')
    expect(read({ type: 'tick' })).to.equal('tick')
    expect(read({ type: 5 })).to.equal(5)
    for (const message of [{}, [], ...NO_OBJECTS]) expect(read(message)).to.equal(undefined)
  })

  it('reads a property within a property', () => {
    const read = readerOf('data.e')
    expect(read({ data: { e: 'trade' } })).to.equal('trade')
    for (const message of [{ data: null }, { data: 'e' }, { 'data.e': 'no' }, ...NO_OBJECTS])
      expect(read(message)).to.equal(undefined)
  })

  it('reads a position of an array, from its beginning or its end', () => {
    const book = [7, { a: [] }, 'book-10', 'XBT/USD']
    for (const route of [-2, '-2', 2, '2']) expect(readerOf(route)(book)).to.equal('book-10')
    expect(readerOf(9)(book)).to.equal(undefined)
    expect(readerOf('1.a.0')([0, { a: ['deep'] }])).to.equal('deep')
    expect(readerOf('params.0.id')({ params: [{ id: 4 }] })).to.equal(4)
  })

  it('reads a property that is named like a position', () => {
    expect(readerOf(0)({ 0: 'zero' })).to.equal('zero')
    expect(readerOf('data.0')({ data: { 0: 'zero' } })).to.equal('zero')
    expect(readerOf('data.007')({ data: { 7: 'seven', '007': 'agent' } })).to.equal('agent')
  })

  it('takes the first of several ways that finds a key', () => {
    const read = readerOf(['e', 'data.e', -2, (message) => (message === 'beat' ? 'beat' : undefined)])
    expect(read({ e: 'a', data: { e: 'b' } })).to.equal('a')
    expect(read({ e: null, data: { e: 'b' } })).to.equal('b')
    expect(read({ e: { nested: true }, data: { e: 0 } })).to.equal(0)
    expect(read([1, 'book', 2])).to.equal('book')
    expect(read('beat')).to.equal('beat')
    expect(read({})).to.equal(undefined)
  })

  it('never reads what all objects inherit', () => {
    for (const name of [
      'constructor',
      'toString',
      '__proto__',
      'constructor.name',
      '__proto__.constructor.name',
    ]) {
      expect(readerOf(name)({})).to.equal(undefined)
      expect(readerOf([name])({})).to.equal(undefined)
    }
    expect(readerOf('-1.length')([])).to.equal(undefined)
  })
})

describe('keyPair', () => {
  const read = keyPair('op', 't')

  it('joins two keys with a slash', () => {
    expect(read({ op: 0, t: 'READY' })).to.equal('0/READY')
    expect(keyPair('arg.channel', 'action')({ arg: { channel: 'books' }, action: 'update' })).to.equal(
      'books/update',
    )
    expect(keyPair(0, (message) => (message as unknown[])[2])([2, 'id', 'Reset'])).to.equal('2/Reset')
  })

  it('is the one that is there, as it is', () => {
    expect(read({ op: 10, t: null })).to.equal(10)
    expect(read({ t: 'READY' })).to.equal('READY')
    expect(read({})).to.equal(undefined)
  })
})

describe('keyPart', () => {
  const read = keyPart('stream', '@', 1)

  it('is one part of a text, counted from its beginning or its end', () => {
    expect(read({ stream: 'btcusdt@depth@100ms' })).to.equal('depth')
    expect(keyPart('stream', '@', -1)({ stream: 'btcusdt@depth@100ms' })).to.equal('100ms')
    expect(keyPart('params.channel', '.', 0)({ params: { channel: 'book.BTC.raw' } })).to.equal('book')
    expect(keyPart(-2, '-', 0)([7, {}, 'book-1000', 'XBT/USD'])).to.equal('book')
  })

  it('is the whole text where nothing separates it', () => {
    expect(keyPart(-2, '-', 0)([7, {}, 'trade', 'XBT/USD'])).to.equal('trade')
  })

  it('finds nothing where there is no such part, or no text', () => {
    expect(read({ stream: 'btcusdt' })).to.equal(undefined)
    expect(read({ stream: 5 })).to.equal(undefined)
    for (const message of [{}, [], ...NO_OBJECTS]) expect(read(message)).to.equal(undefined)
  })

  it('leaves the key to the next way where it finds none', () => {
    const either = readerOf([read, 'type'])
    expect(either({ type: 'ack' })).to.equal('ack')
    expect(either({ type: 'data', stream: 'btcusdt@trade' })).to.equal('trade')
  })
})

describe('keyPresent', () => {
  const read = keyPresent('ping', 'ch', 'subbed')

  it('is the name of the first property that is there', () => {
    expect(read({ ping: 0 })).to.equal('ping')
    expect(read({ subbed: 'x', ch: null })).to.equal('ch')
    expect(read({ other: 1 })).to.equal(undefined)
  })

  it('finds nothing that a peer did not send', () => {
    expect(keyPresent('constructor', '__proto__')({})).to.equal(undefined)
    for (const message of NO_OBJECTS) expect(read(message)).to.equal(undefined)
  })
})
