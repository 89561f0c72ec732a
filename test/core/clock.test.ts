import { expect } from 'chai'
import { LONGEST_DELAY, systemClock } from '#src/core/clock.js'

/** Runs with Node's own timers replaced, so that no test waits for real time. */
function withTimers<T>(
  replacement: { setTimeout?: unknown; clearTimeout?: unknown; clearImmediate?: unknown },
  run: () => T,
): T {
  const { setTimeout, clearTimeout, clearImmediate } = globalThis
  Object.assign(globalThis, replacement)
  try {
    return run()
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout, clearImmediate })
  }
}

describe('systemClock', () => {
  describe('#now', () => {
    it('is the monotonic time, which setting the wall clock does not move', () => {
      const before = performance.now()
      const now = systemClock.now()
      expect(now).to.be.within(before, performance.now())
    })
  })

  describe('#date', () => {
    it('is the wall clock in milliseconds since 1970', () => {
      const before = Date.now()
      expect(systemClock.date()).to.be.within(before, Date.now())
    })
  })

  describe('#setTimeout', () => {
    it('calls back once', async () => {
      let calls = 0
      await new Promise<void>((resolve) => {
        systemClock.setTimeout(() => {
          calls += 1
          resolve()
        }, 0)
      })
      expect(calls).to.equal(1)
    })

    it('never hands a longer delay to Node than its timers keep, which would fire at once', () => {
      const delays: number[] = []
      withTimers({ setTimeout: (_callback: () => void, delay: number) => void delays.push(delay) }, () => {
        systemClock.setTimeout(() => {}, LONGEST_DELAY + 1)
        systemClock.setTimeout(() => {}, Infinity)
        systemClock.setTimeout(() => {}, 1_000)
      })
      expect(LONGEST_DELAY).to.equal(2_147_483_647)
      expect(delays).to.deep.equal([LONGEST_DELAY, LONGEST_DELAY, 1_000])
    })

    it('is cancelled with the very timer that it started', () => {
      const cleared: unknown[] = []
      const fakes = {
        setTimeout: () => 'the timer',
        clearTimeout: (timer: unknown) => void cleared.push(timer),
      }
      withTimers(fakes, () => systemClock.setTimeout(() => {}, 1).cancel())
      expect(cleared).to.deep.equal(['the timer'])
    })
  })

  describe('#nextTurn', () => {
    it('calls back after the promises of this turn', async () => {
      const order: string[] = []
      await new Promise<void>((resolve) => {
        systemClock.nextTurn(() => {
          order.push('turn')
          resolve()
        })
        void Promise.resolve().then(() => order.push('promise'))
      })
      expect(order).to.deep.equal(['promise', 'turn'])
    })

    it('does not call back once it has been cancelled, however often', async () => {
      let isCalled = false
      const timer = systemClock.nextTurn(() => {
        isCalled = true
      })
      timer.cancel()
      timer.cancel()
      await new Promise<void>((resolve) => void systemClock.nextTurn(resolve))
      expect(isCalled).to.equal(false)
    })
  })
})
