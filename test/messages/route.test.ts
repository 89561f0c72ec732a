import { expect } from 'chai'
import { isProperty, readerOf } from '#src/messages/route.js'

const NO_OBJECTS = ['text', 5, true, null, undefined]

describe('readerOf', () => {
  it('reads a property', () => {
    const read = readerOf('type')
    expect(read({ type: 'tick' })).to.equal('tick')
    expect(read({ type: 5 })).to.equal(5)
    for (const message of [{}, [], ...NO_OBJECTS]) expect(read(message)).to.equal(undefined)
  })

  it('reads a nested property', () => {
    const read = readerOf('data.e')
    expect(read({ data: { e: 'trade' } })).to.equal('trade')
    for (const message of [{ data: null }, { data: 'e' }, { 'data.e': 'no' }, ...NO_OBJECTS])
      expect(read(message)).to.equal(undefined)
  })

  it('reads an array index, counted from the start or the end', () => {
    const book = [7, { a: [] }, 'book-10', 'XBT/USD']
    for (const route of [-2, '-2', 2, '2']) expect(readerOf(route)(book)).to.equal('book-10')
    expect(readerOf(9)(book)).to.equal(undefined)
    expect(readerOf('1.a.0')([0, { a: ['deep'] }])).to.equal('deep')
    expect(readerOf('params.0.id')({ params: [{ id: 4 }] })).to.equal(4)
  })

  it('reads a property whose name looks like an index', () => {
    expect(readerOf(0)({ 0: 'zero' })).to.equal('zero')
    expect(readerOf('data.0')({ data: { 0: 'zero' } })).to.equal('zero')
    expect(readerOf('data.007')({ data: { 7: 'seven', '007': 'agent' } })).to.equal('agent')
  })

  it('uses the first of several paths that finds a key', () => {
    const read = readerOf(['e', 'data.e', -2, (message) => (message === 'beat' ? 'beat' : undefined)])
    expect(read({ e: 'a', data: { e: 'b' } })).to.equal('a')
    expect(read({ e: null, data: { e: 'b' } })).to.equal('b')
    expect(read({ e: { nested: true }, data: { e: 0 } })).to.equal(0)
    expect(read([1, 'book', 2])).to.equal('book')
    expect(read('beat')).to.equal('beat')
    expect(read({})).to.equal(undefined)
  })

  it('never reads inherited properties', () => {
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

describe('isProperty', () => {
  it('distinguishes a top-level property from all other routes', () => {
    for (const route of ['type', 'e', '']) expect(isProperty(route)).to.equal(true)
    for (const route of ['data.e', '0', '-2', 0, ['type'], () => 'key'])
      expect(isProperty(route)).to.equal(false)
  })
})
