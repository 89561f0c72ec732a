import { expect } from 'chai'
import { topicKey } from '#src/subscriptions/topic-key.js'

const key = (topic: unknown, keyOf?: (topic: unknown) => unknown): string => topicKey(topic, keyOf)

describe('topicKey', () => {
  it('returns a string itself, and the JSON of anything else, with sorted names at any depth', () => {
    expect(key('ticker')).to.equal('ticker')
    expect(key({ b: [1, { d: true, c: null }], a: undefined })).to.equal('{"b":[1,{"c":null,"d":true}]}')
    expect(key({ x: { b: 1, a: 2 } })).to.equal(key({ x: { a: 2, b: 1 } }))
    expect(key(17)).to.equal('17')
    expect(key({ at: new Date(0), id: 5n })).to.equal('{"at":"1970-01-01T00:00:00.000Z","id":"5n"}')
  })

  it('returns the result of the function', () => {
    expect(key({ id: 7 }, (topic) => (topic as { id: number }).id)).to.equal('7')
    expect(key('a', () => 'b')).to.equal('b')
    for (const wrong of [undefined, {}, Promise.resolve('a')])
      expect(() => key('a', () => wrong)).to.throw(TypeError, 'subscriptions.key must return a string')
  })

  it('throws if a value has no comparable content, and names the fix', () => {
    for (const topic of [new Map(), { of: new Set() }, undefined, () => 1, Symbol('a'), [() => 1]])
      expect(() => key(topic)).to.throw(TypeError, 'set subscriptions.key')
  })
})
