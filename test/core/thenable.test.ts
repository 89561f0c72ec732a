import { expect } from 'chai'
import { isThenable, syncAnswer } from '#src/core/thenable.js'

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
