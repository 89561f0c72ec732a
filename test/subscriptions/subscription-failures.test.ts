import { expect } from 'chai'
import {
  ackError,
  idError,
  refusedError,
  timeoutError,
  unsentError,
  unsubscribeError,
  unsubscribedError,
} from '#src/subscriptions/subscription-failures.js'

const CAUSE = new Error('no token')

describe('The error of a subscription', () => {
  it('reports the step that failed and the cause', () => {
    const errors = [
      unsentError('a', CAUSE),
      unsubscribeError('a', CAUSE),
      ackError('a', CAUSE),
      idError('a', CAUSE),
    ]
    for (const error of errors) expect(error).to.include({ key: 'a', reason: 'failed', cause: CAUSE })
    expect(errors.map(({ message }) => message)).to.deep.equal([
      'Failed to send subscription "a": no token',
      'Failed to unsubscribe from "a": no token',
      'The ack function of subscription "a" threw: no token',
      'The id function of subscription "a" failed: no token',
    ])
  })

  it('wraps a cause that is not an Error', () => {
    expect(unsentError('a', 'text').cause).to.be.instanceOf(Error)
  })

  it('names up to three keys and counts the rest', () => {
    expect(unsentError(['a', 'b'], CAUSE).message).to.equal('Failed to send subscriptions "a", "b": no token')
    expect(unsubscribeError(['a', 'b', 'c', 'd'], CAUSE).message).to.equal(
      'Failed to unsubscribe from "a", "b", "c" and 1 more: no token',
    )
  })

  it("includes the server's reason, if it gave one", () => {
    const details = { ok: false }
    const reasons: [unknown, string][] = [
      [undefined, ''],
      [CAUSE, ': no token'],
      ['limit', ': limit'],
      [{ code: 4, message: 'no such pair' }, ': 4 no such pair'],
      [{}, ''],
    ]
    for (const [reason, why] of reasons) {
      const error = refusedError('a', details, reason)
      expect(error).to.include({ reason: 'refused', details })
      expect(error.message).to.equal(`Server rejected subscription "a"${why}`)
      expect(error.cause).to.equal(reason === CAUSE ? CAUSE : undefined)
    }
  })

  it('states why a topic was not acknowledged', () => {
    expect(timeoutError('a', 5)).to.include({
      reason: 'timeout',
      message: 'Subscription "a" was not acknowledged within 5 ms (ackTimeout)',
    })
    expect(unsubscribedError('a', 'unsubscribe() was called first')).to.include({
      reason: 'unsubscribed',
      message: 'Subscription "a" was not acknowledged: unsubscribe() was called first',
    })
  })
})
