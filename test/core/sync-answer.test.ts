import { expect } from 'chai'
import { syncAnswer } from '#src/core/sync-answer.js'

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
      'isReply returned a promise, which would count as "yes"',
    )
  })
})
