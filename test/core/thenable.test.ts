import { expect } from 'chai'
import { isThenable, syncAnswer } from '#src/core/thenable.js'

describe('isThenable', () => {
  it('returns true for promises and thenables', () => {
    expect(isThenable(Promise.resolve())).to.equal(true)
    expect(isThenable({ then() {} })).to.equal(true)
  })

  it('returns false for anything else', () => {
    for (const value of [undefined, null, 'text', 5, {}, { then: 5 }, () => {}]) {
      expect(isThenable(value)).to.equal(false)
    }
  })
})

describe('syncAnswer', () => {
  it('returns any other value unchanged', () => {
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
