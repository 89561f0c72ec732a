import { expect } from 'chai'
import { messagesOf } from '#src/messages/inbound.js'

describe('messagesOf', () => {
  it('returns the messages one by one, each on demand', () => {
    const asked: number[] = []
    const messages = messagesOf(3, function* (decoded) {
      for (let n = 0; n < (decoded as number); n += 1) {
        asked.push(n)
        yield n
      }
    })
    expect(asked).to.deep.equal([])
    expect(messages.next()).to.deep.equal({ done: false, value: 0 })
    expect(asked).to.deep.equal([0])
    expect([...messages]).to.deep.equal([1, 2])
  })

  it('accepts any iterable', () => {
    expect([...messagesOf('x', (decoded) => [decoded, null])]).to.deep.equal(['x', null])
    expect([...messagesOf(0, () => new Set([1, 2]))]).to.deep.equal([1, 2])
    expect([...messagesOf(0, () => [])]).to.deep.equal([])
  })

  it('throws for a promise, and leaves no unhandled rejection', () => {
    const late = (): Iterable<unknown> => Promise.reject(new Error('unheard')) as never
    expect(() => [...messagesOf(0, late)]).to.throw(
      TypeError,
      'unpack returned a promise, which is not awaited',
    )
  })

  const wrong: [unknown, string][] = [
    ['letters', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [{ M: [] }, 'a plain object'],
    [new Date(0), 'an instance of Date'],
  ]
  for (const [value, said] of wrong) {
    it(`throws for ${said}`, () => {
      expect(() => [...messagesOf(0, () => value as Iterable<unknown>)]).to.throw(
        TypeError,
        `unpack must return an iterable of messages, received ${said}. Return [decoded] for a single message`,
      )
    })
  }

  it('returns 65,536 messages, and throws for the next one', () => {
    expect([...messagesOf(0, () => Array<number>(65_536).fill(0))]).to.have.length(65_536)
    let given = 0
    expect(() => {
      for (const n of messagesOf(0, forEver)) given = (n as number) + 1
    }).to.throw(RangeError, 'unpack returned more than 65536 messages for one frame')
    expect(given).to.equal(65_536)
  })
})

function* forEver(): Generator<number> {
  for (let n = 0; ; n += 1) yield n
}
