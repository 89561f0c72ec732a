import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { WARN_AFTER, SlowHandlerWarning } from '#src/dispatch/slow-handler-warning.js'

/** A watch on a clock of its own, and what it warned of and when. */
function rig() {
  const clock = new FakeClock()
  const warnings: string[] = []
  const watch = new SlowHandlerWarning(clock, (message) => warnings.push(`${clock.now()} ${message}`))
  return { clock, warnings, watch }
}

const NEVER = new Promise<void>(() => {})

describe('SlowHandlerWarning', () => {
  describe('#watch', () => {
    it('names a handler that has not settled for 30 s, once', async () => {
      const { clock, warnings, watch } = rig()
      void watch.watch('Ticker#tick', NEVER)
      await clock.advance(29_999)
      expect(warnings).to.deep.equal([])
      await clock.advance(120_000)
      expect(WARN_AFTER).to.equal(30_000)
      expect(warnings).to.deep.equal([
        '30000 Ticker#tick has not settled for 30 s: does it wait for something that never comes?',
      ])
      expect(clock.timers).to.equal(0)
    })

    it('says nothing of one that settles in time', async () => {
      const { clock, warnings, watch } = rig()
      const handler: Deferred<void> = deferred()
      const watched = watch.watch('Ticker#tick', handler.promise)
      await clock.advance(29_999)
      handler.resolve()
      await watched
      await clock.advance(60_000)
      expect(warnings).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('names each after its own 30 s, with one timer for all', async () => {
      const { clock, warnings, watch } = rig()
      void watch.watch('a', NEVER)
      await clock.advance(10_000)
      void watch.watch('b', NEVER)
      await clock.advance(5_000)
      void watch.watch('c', NEVER)
      expect(clock.timers).to.equal(1)
      await clock.advance(60_000)
      expect(warnings.map((warning) => warning.slice(0, 7))).to.deep.equal(['30000 a', '40000 b', '45000 c'])
    })

    it('resolves with the handler, and so keeps its slot until then', async () => {
      const { clock, watch } = rig()
      const handler: Deferred<void> = deferred()
      let isOver = false
      void watch.watch('Ticker#tick', handler.promise).then(() => (isOver = true))
      await clock.settle()
      expect(isOver).to.equal(false)
      handler.resolve()
      await clock.settle()
      expect(isOver).to.equal(true)
    })
  })

  describe('#stop', () => {
    it('leaves no timer, and warns of nothing any more', async () => {
      const { clock, warnings, watch } = rig()
      watch.stop()
      void watch.watch('Ticker#tick', NEVER)
      watch.stop()
      expect(clock.timers).to.equal(0)
      await clock.advance(60_000)
      expect(warnings).to.deep.equal([])
    })
  })
})
