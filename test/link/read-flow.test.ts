import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import fc from 'fast-check'
import type { BackpressureError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { ReadDemand } from '#src/link/read-flow.js'
import { ReadFlow, probeIntervalOf } from '#src/link/read-flow.js'
import { FACTS } from '../support/facts.js'

/** Flow control of a socket that only records whether it is read. */
function rig({ highWaterMark = 8, highWaterBytes = 1_000, probeInterval = 100, isReady = true } = {}) {
  const clock = new FakeClock()
  const socket = { isRead: true, resumes: 0, overflows: [] as BackpressureError[] }
  const transport = {
    pause: () => (socket.isRead = false),
    resume: () => {
      socket.isRead = true
      socket.resumes += 1
    },
  }
  const demand = new ReadDemand()
  const settings = { highWaterMark, highWaterBytes, probeInterval }
  const open = () =>
    new ReadFlow(settings, clock, transport, demand, {
      facts: FACTS,
      onReadOverflow: (error) => void socket.overflows.push(error),
    })
  const pressure = open()
  if (isReady) pressure.onReady()
  const take = (count: number, bytes = 1): void => {
    for (let index = 0; index < count; index += 1) pressure.add(bytes)
  }
  const handle = (count: number, bytes = 1): void => {
    for (let index = 0; index < count; index += 1) pressure.remove(bytes)
  }
  const overflows = (): number[] => socket.overflows.map(({ pending }) => pending)
  return { clock, demand, socket, pressure, take, handle, open, overflows }
}

describe('ReadFlow', () => {
  it('returns the time since when the link has been read', async () => {
    const { clock, pressure, take, handle } = rig()
    expect(pressure.readSince).to.equal(0)
    await clock.advance(50)
    take(9)
    expect(pressure.readSince).to.equal(Infinity)
    // A probe does not end the pause.
    await clock.advance(150)
    expect(pressure.readSince).to.equal(Infinity)
    handle(9)
    expect(pressure.readSince).to.equal(200)
  })

  it('is read after the end, even if a subscriber of holdfast:queue ended the link', () => {
    const { pressure, socket, take } = rig()
    const release = (): void => pressure.release()
    subscribe('holdfast:queue', release)
    try {
      take(9)
    } finally {
      unsubscribe('holdfast:queue', release)
    }
    expect([socket.isRead, pressure.isPaused]).to.deep.equal([true, false])
  })

  describe('marks', () => {
    it('keeps reading at highWaterMark messages, and stops above that', () => {
      const { socket, take, pressure } = rig()
      take(8)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      expect(pressure.readSince === Infinity).to.equal(true)
    })

    it('keeps reading at highWaterBytes, and stops above that', () => {
      const { socket, take } = rig()
      take(1, 1_000)
      expect(socket.isRead).to.equal(true)
      take(1, 1)
      expect(socket.isRead).to.equal(false)
    })

    it('resumes at a quarter of the messages, not before (hysteresis)', () => {
      const { socket, take, handle, pressure } = rig()
      take(9)
      handle(6)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(true)
      expect(pressure.readSince === Infinity).to.equal(false)
    })

    it('resumes at a quarter of the bytes, not before', () => {
      const { socket, take, handle } = rig()
      take(3, 400)
      expect(socket.isRead).to.equal(false)
      handle(2, 400)
      expect(socket.isRead).to.equal(false)
      handle(1, 400)
      expect(socket.isRead).to.equal(true)
    })

    it('works if the mark is 1', () => {
      const { socket, take, handle } = rig({ highWaterMark: 1 })
      take(2)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(false)
      handle(1)
      expect(socket.isRead).to.equal(true)
    })

    it('leaves no timer running once it reads again', () => {
      const { clock, take, handle } = rig()
      take(9)
      expect(clock.timers).to.equal(1)
      handle(9)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('while an iterator is behind', () => {
    it('stops reading, and resumes once the iterator has caught up', () => {
      const { socket, demand } = rig()
      demand.onBacklog('low', 'full')
      expect(socket.isRead).to.equal(false)
      demand.onBacklog('full', 'low')
      expect(socket.isRead).to.equal(true)
    })

    it('keeps reading during a wait for a message, but not beyond the hard limit', () => {
      const { socket, demand, overflows } = rig()
      demand.add()
      demand.onBacklog('low', 'full')
      expect(socket.isRead).to.equal(true)
      demand.onBacklog('full', 'overfull')
      expect(socket.isRead).to.equal(false)
      expect(overflows()).to.deep.equal([0])
      expect(socket.overflows[0]?.message).to.contain('A messages() loop has fallen behind')
    })

    it('stays paused for the iterator when the handlers have caught up', () => {
      const { socket, demand, take, handle } = rig()
      take(9)
      demand.onBacklog('low', 'full')
      handle(9)
      expect(socket.isRead).to.equal(false)
    })

    it('also affects links that open later: immediately above the limit, and above the mark once @OnOpen has completed', () => {
      const { socket, demand, pressure, open } = rig()
      pressure.release()
      demand.onBacklog('low', 'full')
      const second = open()
      expect(socket.isRead).to.equal(true)
      second.onReady()
      expect(socket.isRead).to.equal(false)
      second.release()
      demand.onBacklog('full', 'overfull')
      open()
      expect(socket.isRead).to.equal(false)
    })
  })

  describe('during a wait for a message', () => {
    it('does not stop reading', () => {
      const { socket, demand, take } = rig()
      demand.add()
      take(100)
      expect(socket.isRead).to.equal(true)
      expect(socket.overflows).to.deep.equal([])
    })

    it('resumes when a wait starts, and stops when it ends', () => {
      const { socket, demand, take } = rig()
      take(9)
      demand.add()
      expect(socket.isRead).to.equal(true)
      demand.remove()
      expect(socket.isRead).to.equal(false)
    })

    it('keeps reading at 16 times the mark, and stops and reports above that', () => {
      const { socket, demand, take, overflows } = rig()
      demand.add()
      take(128)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      expect(overflows()).to.deep.equal([129])
      expect(socket.overflows[0]?.message).to.contain('129 messages are pending')
    })

    it('does the same above 16 times the bytes', () => {
      const { socket, demand, take, overflows } = rig()
      demand.add()
      take(1, 16_001)
      expect(socket.isRead).to.equal(false)
      expect(overflows()).to.deep.equal([1])
    })

    it('also reports this to later waits', () => {
      const { socket, demand, take, overflows } = rig()
      take(129)
      expect(overflows()).to.deep.equal([])
      demand.add()
      demand.add()
      expect(overflows()).to.deep.equal([129, 129])
      expect(socket.isRead).to.equal(false)
    })

    it('resumes below 16 times the mark', () => {
      const { socket, demand, take, handle } = rig()
      demand.add()
      take(129)
      handle(1)
      expect(socket.isRead).to.equal(true)
    })

    it('reports nothing above 16 times the mark if no wait is pending', () => {
      const { socket, take } = rig()
      take(129)
      expect(socket.overflows).to.deep.equal([])
      expect(socket.isRead).to.equal(false)
    })

    it('stays consistent if the waits end during the call', () => {
      const clock = new FakeClock()
      const demand = new ReadDemand()
      let pauses = 0
      const flow = new ReadFlow(
        { highWaterMark: 1, highWaterBytes: 1_000, probeInterval: 100 },
        clock,
        { pause: () => (pauses += 1), resume: () => undefined },
        demand,
        {
          facts: FACTS,
          onReadOverflow: () => {
            while (demand.isWaiting) demand.remove()
          },
        },
      )
      flow.onReady()
      demand.add(3)
      for (let count = 0; count < 17; count += 1) flow.add(1)
      expect(pauses).to.equal(1)
      demand.add()
      expect(demand.isWaiting).to.equal(false)
      expect(flow.isPaused).to.equal(true)
    })
  })

  describe('above 16 times the mark', () => {
    it('is not read, even by a probe, however long that lasts', async () => {
      const { clock, socket, take, pressure } = rig()
      take(129)
      expect(socket.isRead).to.equal(false)
      expect(pressure.isPaused).to.equal(true)
      expect(clock.timers).to.equal(0)
      await clock.advance(100_000)
      expect(socket.resumes).to.equal(0)
    })

    it("stops within the probe's chunk that exceeds the limit", async () => {
      const { clock, socket, take, pressure } = rig()
      take(100)
      await clock.advance(100)
      pressure.onFrame()
      take(28)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      await clock.advance(100_000)
      expect(socket.resumes).to.equal(1)
    })

    it('is probed again below the limit, and read again at a quarter of the mark', async () => {
      const { clock, socket, take, handle, pressure } = rig()
      take(129)
      await clock.advance(1_000)
      handle(1)
      expect(socket.isRead).to.equal(false)
      await clock.advance(99)
      expect(socket.isRead).to.equal(false)
      await clock.advance(1)
      expect(socket.isRead).to.equal(true)
      expect(pressure.isPaused).to.equal(true)
      handle(126)
      expect(pressure.isPaused).to.equal(false)
      expect(clock.timers).to.equal(0)
    })

    it('also stops during @OnOpen, and reports that', () => {
      const { socket, take, overflows } = rig({ isReady: false })
      take(128)
      expect(socket.isRead).to.equal(true)
      take(1)
      expect(socket.isRead).to.equal(false)
      expect(overflows()).to.deep.equal([129])
    })
  })

  describe('probeInterval (B41)', () => {
    it('reads once per interval during a pause, until one frame has arrived', async () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      await clock.advance(99)
      expect(socket.isRead).to.equal(false)
      await clock.advance(1)
      expect(socket.isRead).to.equal(true)
      expect(pressure.readSince === Infinity).to.equal(true)
      pressure.onFrame()
      pressure.onFrame()
      expect(socket.isRead, 'the rest of the chunk').to.equal(true)
      await Promise.resolve()
      expect(socket.isRead).to.equal(false)
      expect(clock.timers).to.equal(1)
      await clock.advance(100)
      expect(socket.isRead).to.equal(true)
    })

    it('resumes permanently if the handlers have caught up within that chunk', async () => {
      const { clock, socket, take, handle, pressure } = rig()
      take(9)
      await clock.advance(100)
      pressure.onFrame()
      handle(9)
      await Promise.resolve()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
    })

    it('stays paused if a frame read earlier arrives late', async () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      pressure.onFrame()
      expect(socket.isRead).to.equal(false)
      expect(clock.timers).to.equal(1)
    })

    it('resumes permanently if the handlers have caught up by then', async () => {
      const { clock, socket, take, handle, pressure } = rig()
      take(9)
      await clock.advance(100)
      handle(9)
      pressure.onFrame()
      expect(socket.isRead).to.equal(true)
      expect(pressure.readSince === Infinity).to.equal(false)
      expect(clock.timers).to.equal(0)
    })

    it('does nothing while the socket is read', () => {
      const { clock, socket, pressure } = rig()
      pressure.onFrame()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('#release', () => {
    it('reads until the end, and leaves no timer running', () => {
      const { clock, socket, take, pressure } = rig()
      take(9)
      pressure.release()
      expect(socket.isRead).to.equal(true)
      expect(clock.timers).to.equal(0)
      take(1_000)
      expect(socket.isRead).to.equal(true)
      expect(socket.overflows).to.deep.equal([])
    })

    it('keeps reading even above 16 times the mark, whatever the demand does after that', () => {
      const { socket, demand, take, pressure } = rig()
      take(129)
      pressure.release()
      expect(socket.isRead).to.equal(true)
      demand.add()
      demand.onBacklog('low', 'overfull')
      pressure.onReady()
      expect(socket.isRead).to.equal(true)
      expect(socket.overflows).to.deep.equal([])
    })

    it('makes the demand, which outlives it, forget it', () => {
      const { demand, pressure } = rig()
      const forgotten: unknown[] = []
      const { unsubscribe } = demand
      demand.unsubscribe = (listener) => {
        forgotten.push(listener)
        unsubscribe.call(demand, listener)
      }
      pressure.release()
      pressure.release()
      expect(forgotten).to.deep.equal([pressure])
    })

    it('changes nothing while the link is read, but prevents later stops', () => {
      const { socket, take, pressure } = rig()
      pressure.release()
      take(9)
      expect(socket.isRead).to.equal(true)
    })
  })

  it('is paused exactly when its model is paused, whatever happens', () => {
    const marks = { highWaterMark: 8, highWaterBytes: 1_000 }
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ kind: fc.constant('handle' as const) }),
      fc.record({ kind: fc.constantFrom('add' as const, 'remove' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { socket, demand, pressure, clock } = rig(marks)
        const pending: number[] = []
        let waiting = 0
        let isPaused = false
        for (const each of steps) {
          if (each.kind === 'take') {
            pending.push(each.bytes)
            pressure.add(each.bytes)
          } else if (each.kind === 'add') {
            waiting += 1
            demand.add()
          } else if (each.kind === 'remove' && waiting > 0) {
            waiting -= 1
            demand.remove()
          } else if (each.kind === 'handle') {
            const handled = pending.shift()
            if (handled !== undefined) pressure.remove(handled)
          }
          const bytes = pending.reduce((sum, size) => sum + size, 0)
          const load = Math.max(pending.length / marks.highWaterMark, bytes / marks.highWaterBytes)
          if (load > 16) isPaused = true
          else if (waiting > 0 || load <= 1 / 4) isPaused = false
          else if (load > 1) isPaused = true
          expect(pressure.readSince === Infinity).to.equal(isPaused)
          expect(socket.isRead).to.equal(!isPaused)
          expect(clock.timers).to.equal(isPaused && load <= 16 ? 1 : 0)
        }
      }),
    )
  })

  it('keeps reading during @OnOpen, which can wait for messages', () => {
    const { socket, take, pressure } = rig({ isReady: false })
    take(9)
    expect(socket.isRead).to.equal(true)
    pressure.onReady()
    expect(socket.isRead).to.equal(false)
  })
})

describe('probeIntervalOf', () => {
  it('is the heartbeat interval, or at most 20 seconds if there is no heartbeat', () => {
    const intervals = [
      { style: 'ping', interval: 5_000, timeout: 1_000 },
      { style: 'silence', silence: 10_000 },
      { style: 'silence', silence: 100_000 },
      { style: 'off' },
    ] as const
    expect(intervals.map(probeIntervalOf)).to.deep.equal([5_000, 5_000, 20_000, 20_000])
  })
})
