import { expect } from 'chai'
import fc from 'fast-check'
import { FakeClock } from 'holdfast/testing'
import { ReadFlow, probeIntervalOf } from '#src/link/read-flow.js'
import type { ReadDemand } from '#src/link/read-flow.js'

/** Back-pressure on a socket that only notes whether it is read. */
function rig({ highWaterMark = 8, highWaterBytes = 1_000, probeInterval = 100 } = {}) {
  const clock = new FakeClock()
  const socket = {
    isRead: true,
    isNeeded: false,
    isTapFull: false,
    isTapOverfull: false,
    overflows: [] as number[],
  }
  const transport = { pause: () => (socket.isRead = false), resume: () => (socket.isRead = true) }
  const demand: ReadDemand = {
    get isWaiting() {
      return socket.isNeeded
    },
    get iteratorsFull() {
      return socket.isTapFull
    },
    get iteratorsOverLimit() {
      return socket.isTapOverfull
    },
    onReadOverflow: (pending) => void socket.overflows.push(pending),
  }
  const settings = { highWaterMark, highWaterBytes, probeInterval }
  const pressure = new ReadFlow(settings, clock, transport, demand)
  pressure.onReady()
  const take = (count: number, bytes = 1): void => {
    for (let index = 0; index < count; index += 1) pressure.add(bytes)
  }
  const handle = (count: number, bytes = 1): void => {
    for (let index = 0; index < count; index += 1) pressure.remove(bytes)
  }
  return { clock, socket, pressure, take, handle }
}

describe('ReadFlow', () => {
  describe('marks', () => {
    it('reads on at highWaterMark messages, and stops past it', () => {
      const { socket, take, pressure } = rig()
      take(8)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      expect(pressure.isPaused).to.equal(true)
    })

    it('reads on at highWaterBytes, and stops past it', () => {
      const { socket, take } = rig()
      take(1, 1_000)
      expect(socket.isRead).to.equal(true)
      take(1, 1)
      expect(socket.isRead).to.equal(false)
    })

    it('goes on at a quarter of the messages, and not before (hysteresis)', () => {
      const { socket, take, handle, pressure } = rig()
      take(9)
      handle(6)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(true)
      expect(pressure.isPaused).to.equal(false)
    })

    it('goes on at a quarter of the bytes, and not before', () => {
      const { socket, take, handle } = rig()
      take(3, 400)
      expect(socket.isRead).to.equal(false)
      handle(2, 400)
      expect(socket.isRead).to.equal(false)
      handle(1, 400)
      expect(socket.isRead).to.equal(true)
    })

    it('works with a mark of 1', () => {
      const { socket, take, handle } = rig({ highWaterMark: 1 })
      take(2)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(true)
    })

    it('leaves no timer behind once it reads again', () => {
      const { clock, take, handle } = rig()
      take(9)
      expect(clock.timers).to.equal(1)
      handle(9)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('while somebody who iterates is behind', () => {
    it('stops reading, and goes on once they have caught up', () => {
      const { socket, pressure } = rig()
      socket.isTapFull = true
      pressure.update()
      expect(socket.isRead).to.equal(false)
      socket.isTapFull = false
      pressure.update()
      expect(socket.isRead).to.equal(true)
    })

    it('reads on all the same while a message is waited for, but not beyond all bounds', () => {
      const { socket, pressure } = rig()
      socket.isTapFull = socket.isNeeded = true
      pressure.update()
      expect(socket.isRead).to.equal(true)
      socket.isTapOverfull = true
      pressure.update()
      expect(socket.isRead).to.equal(false)
      expect(socket.overflows).to.have.length(1)
    })

    it('stays paused for them when the handlers have caught up', () => {
      const { socket, take, handle } = rig()
      take(9)
      socket.isTapFull = true
      handle(9)
      expect(socket.isRead).to.equal(false)
    })
  })

  describe('while somebody waits for a message', () => {
    it('does not stop reading', () => {
      const { socket, take } = rig()
      socket.isNeeded = true
      take(100)
      expect(socket.isRead).to.equal(true)
      expect(socket.overflows).to.deep.equal([])
    })

    it('reads again when somebody begins to wait, and stops when they end', () => {
      const { socket, take, pressure } = rig()
      take(9)
      socket.isNeeded = true
      pressure.update()
      expect(socket.isRead).to.equal(true)
      socket.isNeeded = false
      pressure.update()
      expect(socket.isRead).to.equal(false)
    })

    it('reads on at 16 times the mark, and past it stops regardless and says so', () => {
      const { socket, take } = rig()
      socket.isNeeded = true
      take(128)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      expect(socket.overflows).to.deep.equal([129])
    })

    it('does the same past 16 times the bytes', () => {
      const { socket, take } = rig()
      socket.isNeeded = true
      take(1, 16_001)
      expect(socket.isRead).to.equal(false)
      expect(socket.overflows).to.deep.equal([1])
    })

    it('says so to whoever begins to wait after that, too', () => {
      const { socket, take, pressure } = rig()
      socket.isNeeded = true
      take(129)
      pressure.update()
      expect(socket.overflows).to.deep.equal([129, 129])
      expect(socket.isRead).to.equal(false)
    })

    it('reads again below 16 times the mark', () => {
      const { socket, take, handle } = rig()
      socket.isNeeded = true
      take(129)
      handle(1)
      expect(socket.isRead).to.equal(true)
    })

    it('says nothing past 16 times the mark where nobody waits', () => {
      const { socket, take } = rig()
      take(129)
      expect(socket.overflows).to.deep.equal([])
      expect(socket.isRead).to.equal(false)
    })

    it('stays sane when those that wait give up in the very call', () => {
      const clock = new FakeClock()
      let waiting = 3
      let pauses = 0
      const pressure: ReadFlow = new ReadFlow(
        { highWaterMark: 1, highWaterBytes: 1_000, probeInterval: 100 },
        clock,
        { pause: () => (pauses += 1), resume: () => undefined },
        {
          get isWaiting() {
            return waiting > 0
          },
          iteratorsFull: false,
          iteratorsOverLimit: false,
          onReadOverflow: () => {
            while (waiting > 0) {
              waiting -= 1
              pressure.update()
            }
          },
        },
      )
      pressure.onReady()
      for (let count = 0; count < 17; count += 1) pressure.add(1)
      expect(pauses).to.equal(1)
      expect(clock.timers).to.equal(1)
    })
  })

  describe('probeInterval (B41)', () => {
    it('reads once per interval while it is stopped, until one frame has come', async () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      await clock.advance(99)
      expect(socket.isRead).to.equal(false)
      await clock.advance(1)
      expect(socket.isRead).to.equal(true)
      expect(pressure.isPaused).to.equal(true)
      pressure.onFrame()
      pressure.onFrame()
      expect(socket.isRead, 'the rest of the chunk').to.equal(true)
      await Promise.resolve()
      expect(socket.isRead).to.equal(false)
      expect(clock.timers).to.equal(1)
      await clock.advance(100)
      expect(socket.isRead).to.equal(true)
    })

    it('goes on for good when the handlers have caught up within that chunk', async () => {
      const { clock, socket, take, handle, pressure } = rig()
      take(9)
      await clock.advance(100)
      pressure.onFrame()
      handle(9)
      await Promise.resolve()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
    })

    it('stays stopped when a frame that was read before arrives late', async () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      pressure.onFrame()
      expect(socket.isRead).to.equal(false)
      expect(clock.timers).to.equal(1)
    })

    it('goes on for good when the handlers have caught up meanwhile', async () => {
      const { clock, socket, take, handle, pressure } = rig()
      take(9)
      await clock.advance(100)
      handle(9)
      pressure.onFrame()
      expect(socket.isRead).to.equal(true)
      expect(pressure.isPaused).to.equal(false)
      expect(clock.timers).to.equal(0)
    })

    it('means nothing while it reads', () => {
      const { clock, socket, pressure } = rig()
      pressure.onFrame()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('#release', () => {
    it('reads on for good, and leaves no timer', () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      pressure.release()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
      take(1_000)
      expect(socket.isRead).to.equal(true)
      expect(socket.overflows).to.deep.equal([])
    })

    it('changes nothing while it reads, but stops no more', () => {
      const { socket, take, pressure } = rig()
      pressure.release()
      take(9)
      expect(socket.isRead).to.equal(true)
    })
  })

  it('is paused as its model says, whatever happens', () => {
    const marks = { highWaterMark: 8, highWaterBytes: 1_000 }
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ kind: fc.constant('handle' as const) }),
      fc.record({ kind: fc.constant('need' as const), isNeeded: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { socket, pressure, clock } = rig(marks)
        const pending: number[] = []
        let isPaused = false
        for (const each of steps) {
          if (each.kind === 'take') pending.push(each.bytes)
          const handled = each.kind === 'handle' ? pending.shift() : undefined
          if (each.kind === 'take') pressure.add(each.bytes)
          else if (handled !== undefined) pressure.remove(handled)
          else if (each.kind === 'need') {
            socket.isNeeded = each.isNeeded
            pressure.update()
          }
          const bytes = pending.reduce((sum, size) => sum + size, 0)
          const load = Math.max(pending.length / marks.highWaterMark, bytes / marks.highWaterBytes)
          if (load > 16) isPaused = true
          else if (socket.isNeeded || load <= 1 / 4) isPaused = false
          else if (load > 1) isPaused = true
          expect(pressure.isPaused).to.equal(isPaused)
          expect(socket.isRead).to.equal(!isPaused)
          expect(clock.timers).to.equal(isPaused ? 1 : 0)
        }
      }),
    )
  })

  it('reads on while @OnOpen runs, which may wait for messages', () => {
    const clock = new FakeClock()
    let isRead = true
    const demand = { isWaiting: false, iteratorsFull: false, iteratorsOverLimit: false, onReadOverflow() {} }
    const transport = { pause: () => (isRead = false), resume: () => (isRead = true) }
    const settings = { highWaterMark: 1, highWaterBytes: 1_000, probeInterval: 100 }
    const flow = new ReadFlow(settings, clock, transport, demand)
    flow.add(1)
    flow.add(1)
    expect(isRead).to.equal(true)
    flow.onReady()
    flow.update()
    expect(isRead).to.equal(false)
  })
})

describe('probeIntervalOf', () => {
  it('is the interval of the heartbeat, at most 20 seconds where there is none', () => {
    const intervals = [
      { style: 'ping', interval: 5_000, timeout: 1_000 },
      { style: 'silence', silence: 10_000 },
      { style: 'silence', silence: 100_000 },
      { style: 'off' },
    ] as const
    expect(intervals.map(probeIntervalOf)).to.deep.equal([5_000, 5_000, 20_000, 20_000])
  })
})
