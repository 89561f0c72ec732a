import { expect } from 'chai'
import { fillInSubscriptions } from '#src/subscriptions/subscribe-options.js'

describe('fillInSubscriptions', () => {
  it('fills in missing and explicitly undefined values, and returns nothing if the option is not set', () => {
    const subscribe = (topics: readonly unknown[]): unknown => topics
    const filled = { subscribe, ackTimeout: 10_000, batch: { size: Infinity, delay: 0 } }
    expect(fillInSubscriptions({ subscribe })).to.deep.equal(filled)
    const none = { subscribe, ackTimeout: undefined, batch: { size: undefined, delay: undefined } }
    expect(fillInSubscriptions(none)).to.deep.equal(filled)
    expect(fillInSubscriptions({ subscribe, batch: { delay: 5 } })).to.deep.include({
      batch: { size: Infinity, delay: 5 },
    })
    expect(fillInSubscriptions()).to.equal(undefined)
  })
})
