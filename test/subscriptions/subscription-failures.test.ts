import { expect } from 'chai'
import {
  failedError,
  refusedError,
  timeoutError,
  unsubscribedError,
} from '#src/subscriptions/subscription-failures.js'

const CAUSE = new Error('no token')

describe('The error of a subscription that', () => {
  it('failed has what was thrown for its cause, as an Error', () => {
    const error = failedError('a', 'could not be said', CAUSE)
    expect(error).to.include({ key: 'a', reason: 'failed', cause: CAUSE })
    expect(error.message).to.equal('The subscription "a" could not be said: no token')
    expect(failedError('a', 'could not be said', 'text').cause).to.be.instanceOf(Error)
  })

  it('was refused says why as far as the server does', () => {
    const details = { ok: false }
    const told: [unknown, string][] = [
      [undefined, ''],
      [CAUSE, ': no token'],
      ['limit', ': limit'],
      [{ code: 4, message: 'no such pair' }, ': 4 no such pair'],
      [{}, ''],
    ]
    for (const [reason, why] of told) {
      const error = refusedError('a', details, reason)
      expect(error).to.include({ reason: 'refused', details })
      expect(error.message).to.equal(`The subscription "a" was refused by the server${why}`)
      expect(error.cause).to.equal(reason === CAUSE ? CAUSE : undefined)
    }
  })

  it('was not acknowledged says how long that was waited for, or why it is not any more', () => {
    expect(timeoutError('a', 5)).to.include({ reason: 'timeout' })
    expect(timeoutError('a', 5).message).to.contain('not acknowledged within ackTimeout (5 ms)')
    expect(unsubscribedError('a', 'it was left')).to.include({ reason: 'unsubscribed' })
    expect(unsubscribedError('a', 'it was left').message).to.contain('was not acknowledged: it was left')
  })
})
