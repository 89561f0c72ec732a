import { expect } from 'chai'
import { ConnectionLostError } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { SharedHeartbeatTimer } from '#src/link/heartbeat-timer.js'
import { HeartbeatMonitor } from '#src/link/heartbeat-monitor.js'
import { SeededRandom } from '../support/seeded-random.js'
import { FACTS } from '../support/facts.js'

const LOST = new ConnectionLostError('It was lost', 1006, '')

/** Counts the timers that were started on a clock, and the most that ran at once. */
class CountingClock extends FakeClock {
  wakeUps = 0
  most = 0

  override setTimeout(callback: () => void, delay: number) {
    const timer = super.setTimeout(() => {
      this.wakeUps += 1
      callback()
    }, delay)
    this.most = Math.max(this.most, this.timers)
    return timer
  }
}

/** An item that is due at the given times, one after another, and records when it ran. */
function dueAt(clock: FakeClock, times: number[], tolerance = 0, run: () => void = () => undefined) {
  const runs: number[] = []
  const due = {
    tolerance,
    heapIndex: -1,
    runs,
    times,
    get dueAt() {
      return times[0] ?? Infinity
    },
    run() {
      times.shift()
      runs.push(clock.now())
      run()
    },
  }
  SharedHeartbeatTimer.on(clock).update(due)
  return due
}

describe('SharedHeartbeatTimer', () => {
  describe('.on', () => {
    it('returns one shared timer for each clock', () => {
      const clock = new FakeClock()
      expect(SharedHeartbeatTimer.on(clock)).to.equal(SharedHeartbeatTimer.on(clock))
      expect(SharedHeartbeatTimer.on(clock)).to.not.equal(SharedHeartbeatTimer.on(new FakeClock()))
    })
  })

  it('runs each item when it is due, in order, with a single clock timer', async () => {
    const clock = new CountingClock()
    const random = new SeededRandom(7)
    const order: number[] = []
    const times = Array.from({ length: 1_000 }, () => random.between(0, 499))
    for (const time of times) dueAt(clock, [time], 0, () => order.push(time))
    await clock.advance(500)
    expect(order).to.deep.equal([...times].sort((a, b) => a - b))
    expect(clock.most).to.equal(1)
    expect(clock.timers).to.equal(0)
  })

  it('runs an item slightly early if another one is running anyway', async () => {
    const clock = new CountingClock()
    const first = dueAt(clock, [100], 50)
    const second = dueAt(clock, [130], 50)
    const strict = dueAt(clock, [140], 0)
    const third = dueAt(clock, [160], 50)
    await clock.advance(200)
    expect([first, second, strict, third].map(({ runs }) => runs)).to.deep.equal([[100], [100], [140], [140]])
    expect(clock.wakeUps).to.equal(2)
  })

  it('runs a single item exactly on time, even after an unnecessary wake-up shortly before', async () => {
    const clock = new CountingClock()
    const putOff = dueAt(clock, [100])
    const lone = dueAt(clock, [120], 50)
    putOff.times[0] = 300
    await clock.advance(200)
    expect(lone.runs).to.deep.equal([120])
    expect(putOff.runs).to.deep.equal([])
  })

  it('does not wake up for an item that has been postponed by the time it checks', async () => {
    const clock = new CountingClock()
    const results = Array.from({ length: 100 }, (_, index) => dueAt(clock, [110 + index]))
    dueAt(clock, [100], 0, () => {
      for (const { times } of results) times[0] = 1_000
    })
    await clock.advance(999)
    expect(clock.wakeUps).to.equal(1)
    await clock.advance(1)
    expect(results.every(({ runs }) => runs[0] === 1_000)).to.equal(true)
  })

  it('sets the timer again if an item is due earlier than all others', async () => {
    const clock = new CountingClock()
    const late = dueAt(clock, [100])
    const early = dueAt(clock, [50])
    expect(clock.timers).to.equal(1)
    await clock.advance(100)
    expect([early.runs, late.runs]).to.deep.equal([[50], [100]])
  })

  it('continues with all other items after one that throws', async () => {
    const clock = new FakeClock()
    const broken = dueAt(clock, [100, 200], 0, () => {
      throw new Error('oops')
    })
    const others = [100, 100, 150].map((time) => dueAt(clock, [time]))
    const thrown: unknown[] = []
    const { setTimeout } = clock
    clock.setTimeout = (callback, delay) =>
      setTimeout.call(
        clock,
        () => {
          try {
            callback()
          } catch (error) {
            thrown.push(error)
          }
        },
        delay,
      )
    // Started before the clock caught anything: an earlier item sets the timer again.
    dueAt(clock, [99])
    await clock.advance(200)
    expect(others.map(({ runs }) => runs)).to.deep.equal([[100], [100], [150]])
    expect(broken.runs).to.deep.equal([100, 200])
    expect(thrown).to.have.length(2)
  })

  describe('#update', () => {
    it('forgets an item that will never be due again, wherever it is in the heap, and then needs no timer', async () => {
      const clock = new FakeClock()
      const all = Array.from({ length: 100 }, (_, index) => dueAt(clock, [(index * 37) % 100]))
      const gone = all.filter((_, index) => index % 3 === 0)
      for (const due of gone) {
        due.times.length = 0
        SharedHeartbeatTimer.on(clock).update(due)
        expect(due.heapIndex).to.equal(-1)
      }
      await clock.advance(50)
      for (const due of all) {
        due.times.length = 0
        SharedHeartbeatTimer.on(clock).update(due)
      }
      expect(clock.timers).to.equal(0)
      const expected = all.map((due, index) => {
        const time = (index * 37) % 100
        return time <= 50 && !gone.includes(due) ? [time] : []
      })
      expect(all.map(({ runs }) => runs)).to.deep.equal(expected)
    })

    it('keeps the order of all other items, whichever item it forgets', async () => {
      for (let seed = 0; seed < 200; seed += 1) {
        const random = new SeededRandom(seed)
        const clock = new FakeClock()
        const order: number[] = []
        const all = Array.from({ length: 30 }, () => {
          const time = random.between(1, 1_000)
          return dueAt(clock, [time], 0, () => order.push(time))
        })
        const gone = all.filter(() => random.chance(0.3))
        const left = all.filter((due) => !gone.includes(due)).map(({ times }) => times[0])
        for (const due of gone) {
          due.times.length = 0
          SharedHeartbeatTimer.on(clock).update(due)
        }
        await clock.jump(1_000)
        expect(order, `seed ${seed}`).to.deep.equal(left.sort((a = 0, b = 0) => a - b))
      }
    })

    it('accepts a new time while other items run', async () => {
      const clock = new FakeClock()
      const other = dueAt(clock, [500])
      dueAt(clock, [100], 0, () => {
        other.times[0] = 150
        SharedHeartbeatTimer.on(clock).update(other)
      })
      await clock.advance(200)
      expect(other.runs).to.deep.equal([150])
    })
  })

  describe('with a thousand links', () => {
    const PING: HeartbeatSettings = { style: 'ping', interval: 20_000, timeout: 10_000 }

    /** A thousand monitors, started one after another within one interval. Live peers reply after 50 ms. */
    async function thousand(clock: FakeClock, isAlive: (index: number) => boolean) {
      const links = Array.from({ length: 1_000 }, (_, index) => ({
        isAlive: isAlive(index),
        beats: [] as number[],
        deaths: [] as number[],
        monitor: undefined as HeartbeatMonitor | undefined,
      }))
      for (const link of links) {
        const ping = (data: Uint8Array, flushed?: () => void): void => {
          link.beats.push(clock.now())
          flushed?.()
          if (!link.isAlive) return
          clock.setTimeout(() => {
            link.monitor?.onData(clock.now())
            link.monitor?.onPong(data)
          }, 50)
        }
        link.monitor = new HeartbeatMonitor(
          { heartbeat: PING, clock, codec: jsonCodec },
          {
            isOpen: true,
            readSince: 0,
            transport: { ping, bufferedAmount: 0, bytesRead: 0 },
            sendUrgent: () => undefined,
            consumeText: () => undefined,
          },
          { facts: FACTS, readyAt: undefined, onLinkDead: () => void link.deaths.push(clock.now()) },
          { withRequestId: (message) => message, onHeartbeatError: () => undefined },
        )
        await clock.jump(20)
      }
      return links
    }

    /** Advances the clock, running all timers of the same time at once. */
    async function run(clock: FakeClock, until: number): Promise<void> {
      while (clock.now() < until) await clock.jump(25)
    }

    it('sends each heartbeat once per interval, at most a twentieth of it early, and without drift', async () => {
      const clock = new FakeClock()
      const links = await thousand(clock, () => true)
      await run(clock, 120_000)
      links.forEach(({ beats, deaths }, index) => {
        const opened = index * 20
        expect(beats.length, `link ${index}`).to.be.within(4, 6)
        beats.forEach((time, round) => {
          const nominal = opened + (round + 1) * 20_000
          expect(time - nominal, `heartbeat ${round} of link ${index}`).to.be.within(-1_000, 25)
        })
        expect(deaths).to.deep.equal([])
      })
    }).timeout(20_000)

    it('wakes up only a few times per interval for all of them', async () => {
      const clock = new FakeClock()
      const links = await thousand(clock, () => true)
      await run(clock, 40_000)
      const times = new Set(links.flatMap(({ beats }) => beats))
      expect(times.size).to.be.within(18, 25)
    }).timeout(20_000)

    it('detects each peer that does not reply exactly on time, and no other', async () => {
      const clock = new FakeClock()
      const links = await thousand(clock, (index) => index % 2 === 0)
      await run(clock, 49_975)
      await clock.advance(50)
      links.forEach(({ deaths, isAlive }, index) => {
        if (isAlive) expect(deaths).to.deep.equal([])
        else expect(deaths[0], `link ${index}`).to.be.within(index * 20 + 30_000, index * 20 + 30_025)
      })
    }).timeout(20_000)

    it('needs no timer once all of them have stopped', async () => {
      const clock = new FakeClock()
      const links = await thousand(clock, () => false)
      expect(clock.timers).to.equal(1)
      for (const { monitor } of links) monitor?.stop(LOST)
      expect(clock.timers).to.equal(0)
    })

    it('follows a link whose interval changes while it is open', async () => {
      const clock = new FakeClock()
      const [first] = await thousand(clock, () => false)
      const changed = first as { monitor: HeartbeatMonitor; beats: number[] }
      changed.monitor.configure(() => ({ ...PING, interval: 21_000 }))
      expect(clock.timers).to.equal(1)
      changed.monitor.configure(() => ({ ...PING, interval: 200 }))
      await run(clock, 21_000)
      expect(changed.beats.length).to.be.within(4, 6)
    })
  })
})
