import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { Deadline } from '#src/session/deadline.js'

const NEVER = new Promise<void>(() => {})

/** A deadline on a clock of its own, and a note of how each wait ended and when. */
function rig() {
  const clock = new FakeClock()
  const deadline = new Deadline(clock)
  const ends: string[] = []
  const wait = (name: string, promise: Promise<unknown>, timeout: number): void => {
    void deadline.settlesWithin(promise, timeout).then((isSettled) => {
      ends.push(`${name} ${isSettled ? 'settled' : 'given up'} at ${clock.now()}`)
    })
  }
  return { clock, deadline, ends, wait }
}

describe('Deadline', () => {
  describe('#settlesWithin', () => {
    it('lasts until the promise resolves or rejects', async () => {
      const { clock, ends, wait } = rig()
      wait('good', Promise.resolve(), 100)
      wait('bad', Promise.reject(new Error('oops')), 100)
      await clock.settle()
      expect(ends).to.deep.equal(['good settled at 0', 'bad settled at 0'])
      expect(clock.timers).to.equal(0)
    })

    it('is over after its timeout', async () => {
      const { clock, ends, wait } = rig()
      wait('hung', NEVER, 100)
      await clock.advance(99)
      expect(ends).to.deep.equal([])
      await clock.advance(1)
      expect(ends).to.deep.equal(['hung given up at 100'])
    })

    it('takes what settles after its timeout for nothing', async () => {
      const { clock, ends, wait } = rig()
      const late: Deferred<void> = deferred()
      wait('late', late.promise, 100)
      await clock.advance(100)
      late.reject(new Error('too late'))
      await clock.settle()
      expect(ends).to.deep.equal(['late given up at 100'])
    })
  })

  describe('#setTo', () => {
    it('ends all waits at the deadline, those with a longer timeout too', async () => {
      const { clock, deadline, ends, wait } = rig()
      wait('one', NEVER, 1_000)
      wait('two', NEVER, 30)
      deadline.setTo(50)
      await clock.advance(50)
      expect(ends).to.deep.equal(['two given up at 30', 'one given up at 50'])
      expect(clock.timers).to.equal(0)
    })

    it('bounds the waits that begin after it', async () => {
      const { clock, deadline, ends, wait } = rig()
      deadline.setTo(50)
      await clock.advance(20)
      expect(deadline.remaining).to.equal(30)
      wait('one', NEVER, 1_000)
      await clock.advance(30)
      expect(ends).to.deep.equal(['one given up at 50'])
    })

    it('leaves no time after the deadline, but what has settled already still counts', async () => {
      const { clock, deadline, ends, wait } = rig()
      deadline.setTo(50)
      await clock.advance(60)
      expect(deadline.remaining).to.equal(0)
      wait('hung', NEVER, 1_000)
      wait('done', Promise.resolve(), 1_000)
      await clock.advance(0)
      expect(ends).to.have.members(['done settled at 60', 'hung given up at 60'])
    })

    it('moves the deadline nearer, never farther away', async () => {
      const { clock, deadline, ends, wait } = rig()
      wait('one', NEVER, 1_000)
      deadline.setTo(50)
      deadline.setTo(500)
      deadline.setTo(20)
      expect(clock.timers).to.equal(2)
      await clock.advance(20)
      expect(ends).to.deep.equal(['one given up at 20'])
    })

    it('has no deadline before', () => {
      expect(rig().deadline.remaining).to.equal(Infinity)
    })
  })

  describe('#stop', () => {
    it('leaves no timer behind', () => {
      const { clock, deadline } = rig()
      deadline.stop()
      deadline.setTo(50)
      deadline.stop()
      expect(clock.timers).to.equal(0)
    })
  })
})
