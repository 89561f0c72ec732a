import { expect } from 'chai'
import { isThenable, syncAnswer, syncMessage } from '#src/core/thenable.js'

describe('isThenable', () => {
  it('knows promises, and what behaves like one', () => {
    expect(isThenable(Promise.resolve())).to.equal(true)
    expect(isThenable({ then() {} })).to.equal(true)
  })

  it('knows what is none', () => {
    for (const value of [undefined, null, 'text', 5, {}, { then: 5 }, () => {}]) {
      expect(isThenable(value)).to.equal(false)
    }
  })
})

describe('syncAnswer', () => {
  it('returns whatever is no promise as it is', () => {
    const object = { then: 'not a function' }
    for (const answer of [true, false, undefined, null, 0, object]) {
      expect(syncAnswer(answer, 'isReply')).to.equal(answer)
    }
  })

  it('throws for a promise, names the function, and leaves no unhandled rejection', () => {
    expect(() => syncAnswer(Promise.reject(new Error('unheard')), 'isReply')).to.throw(
      TypeError,
      'isReply returned a promise, which is not awaited',
    )
  })
})

describe('syncMessage', () => {
  it('returns whatever is no promise as it is', () => {
    for (const message of [undefined, null, 0, 'text', { then: 5 }])
      expect(syncMessage(message, 'ackOnArrival')).to.equal(message)
  })

  it('throws for a promise, names the function, and leaves no unhandled rejection', () => {
    expect(() => syncMessage(Promise.reject(new Error('unheard')), 'ackOnArrival')).to.throw(
      TypeError,
      'ackOnArrival returned a promise, which cannot be sent',
    )
  })
})

describe('syncMessage', () => {
  it('returns a message as it is, and throws for a promise of one, named by its function', () => {
    const message = { op: 'subscribe' }
    expect(syncMessage(message, 'subscribe')).to.equal(message)
    expect(() => syncMessage(Promise.reject(new Error('unheard')), 'subscribe')).to.throw(
      TypeError,
      'subscribe returned a promise, which cannot be sent',
    )
  })
})
