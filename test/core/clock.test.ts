import { expect } from 'chai'
import { LONGEST_DELAY, backoffCeiling, drawDelay, systemClock } from '#src/core/clock.js'

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
    it('is monotonic, even if the wall clock changes', () => {
      const before = performance.now()
      const now = systemClock.now()
      expect(now).to.be.within(before, performance.now())
    })
  })

  describe('#date', () => {
    it('is the wall clock time in milliseconds since 1970', () => {
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

    it('never passes Node a delay above its maximum, which would fire immediately', () => {
      const delays: number[] = []
      withTimers({ setTimeout: (_callback: () => void, delay: number) => void delays.push(delay) }, () => {
        systemClock.setTimeout(() => {}, LONGEST_DELAY + 1)
        systemClock.setTimeout(() => {}, Infinity)
        systemClock.setTimeout(() => {}, 1_000)
      })
      expect(LONGEST_DELAY).to.equal(2_147_483_647)
      expect(delays).to.deep.equal([LONGEST_DELAY, LONGEST_DELAY, 1_000])
    })

    it('returns a function that cancels exactly that timer', () => {
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
    it('calls back after the promises in the current turn', async () => {
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

    it('does not call back once it has been canceled, even if it is canceled twice', async () => {
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

const BOUNDS = { initialDelay: 2_000, maxDelay: 30_000 }

describe('backoffCeiling', () => {
  it('doubles from initialDelay up to maxDelay', () => {
    const ceilings = Array.from({ length: 6 }, (_, index) => backoffCeiling(BOUNDS, index + 1))
    expect(ceilings).to.deep.equal([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('stays at maxDelay for any number of failures', () => {
    expect(backoffCeiling(BOUNDS, 5_000)).to.equal(30_000)
  })
})

describe('drawDelay', () => {
  it('draws between 0 and the whole ceiling (full jitter)', () => {
    for (const failures of [1, 2, 3, 4, 5]) {
      expect(drawDelay(BOUNDS, failures, () => 0)).to.equal(0)
      const ceiling = backoffCeiling(BOUNDS, failures)
      expect(Math.ceil(drawDelay(BOUNDS, failures, () => 1 - 2 ** -32))).to.equal(ceiling)
    }
  })
})
