import { expect } from 'chai'
import { Acknowledgment } from '#src/subscriptions/acknowledgment.js'
import { rejection } from '../support/rejection.js'

const REFUSED = new Error('refused')

describe('Acknowledgment', () => {
  it('settles earlier and later promises, and never causes an unhandled rejection', async () => {
    const [good, bad] = [new Acknowledgment(), new Acknowledgment()]
    const before = [good.promise, bad.promise] as const
    expect([good.isSettled, good.hasFailed]).to.deep.equal([false, false])
    good.settle()
    bad.settle(REFUSED)
    await before[0]
    await good.promise
    expect([await rejection(before[1]), await rejection(bad.promise)]).to.deep.equal([REFUSED, REFUSED])
    expect([good.isSettled, good.hasFailed, bad.hasFailed]).to.deep.equal([true, false, true])
  })

  it('has one promise for all callers', () => {
    const ack = new Acknowledgment()
    expect(ack.promise).to.equal(ack.promise)
  })

  it('settles later promises with the most recent result', async () => {
    const ack = new Acknowledgment()
    const { promise } = ack
    ack.settle(REFUSED)
    ack.settle()
    expect(await rejection(promise)).to.equal(REFUSED)
    await ack.promise
  })

  describe('#join', () => {
    it('passes pending promises to another acknowledgment, which then replaces it', async () => {
      const [ack, heir] = [new Acknowledgment(), new Acknowledgment()]
      const { promise } = ack
      ack.join(heir)
      expect(ack.promise).to.equal(heir.promise)
      heir.settle()
      await Promise.all([promise, ack.promise])
    })

    it('passes its result to the other acknowledgment, if it has one', async () => {
      const [ack, heir] = [new Acknowledgment(), new Acknowledgment()]
      const { promise } = heir
      ack.settle(REFUSED)
      ack.join(heir)
      expect(await rejection(promise)).to.equal(REFUSED)
    })
  })
})
