import { expect } from 'chai'
import fc from 'fast-check'
import { Heartbeat } from 'holdfast'
import type { HeartbeatTimes } from 'holdfast'
import { HeartbeatSchedule } from '#src/link/heartbeat-schedule.js'
import { withTimes } from '#src/link/heartbeat.js'
import type { HeartbeatSettings, HeartbeatSource } from '#src/link/heartbeat.js'

const PING: HeartbeatSettings = { style: 'ping', interval: 20_000, timeout: 10_000 }
const MESSAGE: HeartbeatSettings = {
  style: 'message',
  interval: 20_000,
  timeout: 10_000,
  message: () => 'beat',
}
const SILENCE: HeartbeatSettings = { style: 'silence', silence: 30_000 }
const OFF: HeartbeatSettings = { style: 'off' }

describe('HeartbeatSchedule', () => {
  describe('by ping', () => {
    it('beats first at one interval, neither later nor twice (B7)', () => {
      const schedule = new HeartbeatSchedule(PING, 1_000)
      expect(schedule.next).to.equal(21_000)
      expect(schedule.tick(20_999)).to.equal('wait')
      expect(schedule.tick(21_000)).to.equal('beat')
      expect(schedule.tick(21_000)).to.equal('wait')
    })

    it('beats each interval, whatever the traffic', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      for (const time of [20_000, 40_000, 60_000]) {
        schedule.onData(time - 1)
        expect(schedule.next).to.equal(time)
        expect(schedule.tick(time)).to.equal('beat')
        schedule.onData(time)
      }
    })

    it('does not drift when a timer fires a little late', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      expect(schedule.tick(20_150)).to.equal('beat')
      schedule.onData(20_200)
      expect(schedule.next).to.equal(40_000)
    })

    it('suspects the peer once nothing has come for timeout after a beat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.next).to.equal(30_000)
      expect(schedule.tick(29_999)).to.equal('wait')
      expect(schedule.tick(30_000)).to.equal('suspect')
      expect(schedule.isDead(30_000)).to.equal(true)
    })

    it('takes any frame for life, also in the last moment before the verdict', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.tick(30_000)).to.equal('suspect')
      schedule.onData(30_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(30_000)
      expect(schedule.next).to.equal(40_000)
    })

    it('counts the timeout from the first unanswered beat where beats are more frequent', () => {
      const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 2_500 }, 0)
      expect(schedule.tick(1_000)).to.equal('beat')
      expect(schedule.tick(2_000)).to.equal('beat')
      expect(schedule.tick(3_000)).to.equal('beat')
      expect(schedule.next).to.equal(3_500)
      expect(schedule.tick(3_500)).to.equal('suspect')
      expect(schedule.isDead(3_500)).to.equal(true)
    })

    it('gives up a peer within interval + timeout of its last frame, whenever that came', () => {
      const time = fc.integer({ min: 1, max: 1_000 })
      const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 })
      fc.assert(
        fc.property(time, time, gaps, (interval, timeout, frames) => {
          const schedule = new HeartbeatSchedule({ style: 'ping', interval, timeout }, 0)
          let now = 0
          // Runs all timers up to a time, on the dot; the peer is alive meanwhile, so it answers what it is asked.
          const runUntil = (end: number): void => {
            while (schedule.next <= end) {
              now = schedule.next
              if (schedule.tick(now) === 'suspect') schedule.onData(now)
            }
            now = end
          }
          for (const gap of frames) {
            runUntil(now + gap)
            schedule.onData(now)
          }
          const lastSeen = schedule.lastSeen
          for (let timers = 0; timers < 10_000; timers += 1) {
            now = schedule.next
            if (schedule.tick(now) === 'suspect') break
          }
          expect(schedule.isDead(now)).to.equal(true)
          expect(now - lastSeen).to.be.within(timeout, interval + timeout)
        }),
      )
    })

    describe('after a sleep (B32)', () => {
      it('beats again before it judges, when the verdict fires late by more than timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        schedule.tick(20_000)
        expect(schedule.tick(600_000)).to.equal('beat')
        expect(schedule.isDead(600_000)).to.equal(false)
        expect(schedule.next).to.equal(610_000)
        expect(schedule.tick(610_000)).to.equal('suspect')
        expect(schedule.isDead(610_000)).to.equal(true)
      })

      it('beats once, not once per interval slept through', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        expect(schedule.tick(600_000)).to.equal('beat')
        expect(schedule.tick(600_000)).to.equal('wait')
        schedule.onData(600_000)
        expect(schedule.next).to.equal(620_000)
      })

      it('sends no burst either where the timeout is long and the interval short', () => {
        const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 10_000 }, 0)
        expect(schedule.tick(9_500)).to.equal('beat')
        expect(schedule.tick(9_500)).to.equal('wait')
        expect(schedule.next).to.equal(10_500)
      })

      it('judges at once when the verdict is late by no more than timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        schedule.tick(20_000)
        expect(schedule.tick(40_000)).to.equal('suspect')
      })
    })
  })

  describe('by message', () => {
    it('beats only once the connection is ready, first one interval later', () => {
      const schedule = new HeartbeatSchedule(MESSAGE, 0)
      expect(schedule.next).to.equal(Infinity)
      expect(schedule.tick(100_000)).to.equal('wait')
      schedule.onReady(5_000)
      expect(schedule.next).to.equal(25_000)
      expect(schedule.tick(25_000)).to.equal('beat')
      expect(schedule.tick(35_000)).to.equal('suspect')
    })
  })

  describe('#slack', () => {
    it('is a twentieth of the interval for a beat, and a second at most', () => {
      expect(new HeartbeatSchedule({ ...PING, interval: 4_000 }, 0).tolerance).to.equal(200)
      expect(new HeartbeatSchedule({ ...PING, interval: 60_000 }, 0).tolerance).to.equal(1_000)
      const byMessage = new HeartbeatSchedule(MESSAGE, 0)
      byMessage.onReady(0)
      expect(byMessage.tolerance).to.equal(1_000)
    })

    it('is none for a verdict', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.tolerance).to.equal(0)
      expect(new HeartbeatSchedule(SILENCE, 0).tolerance).to.equal(0)
      expect(new HeartbeatSchedule(OFF, 0).tolerance).to.equal(0)
    })
  })

  describe('by silence', () => {
    it('watches from the start, without a first message (B8)', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 1_000)
      expect(schedule.next).to.equal(31_000)
      expect(schedule.tick(30_999)).to.equal('wait')
      expect(schedule.tick(31_000)).to.equal('suspect')
      expect(schedule.isDead(31_000)).to.equal(true)
    })

    it('counts anew from each frame, without a new timer for it', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onData(10_000)
      expect(schedule.next).to.equal(40_000)
      expect(schedule.tick(30_000)).to.equal('wait')
      expect(schedule.next).to.equal(40_000)
      expect(schedule.tick(40_000)).to.equal('suspect')
    })

    it('takes a frame in the last moment before the verdict for life', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      expect(schedule.tick(30_000)).to.equal('suspect')
      schedule.onData(30_000)
      expect(schedule.isDead(30_000)).to.equal(false)
    })

    it('listens once more when it fires late by more than the silence (B32)', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      expect(schedule.tick(600_000)).to.equal('wait')
      expect(schedule.next).to.equal(630_000)
      expect(schedule.tick(630_000)).to.equal('suspect')
      expect(schedule.isDead(630_000)).to.equal(true)
    })

    it('never beats, also not when ready', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onReady(1_000)
      expect(schedule.next).to.equal(30_000)
    })
  })

  describe('off', () => {
    it('asks for nothing, ever', () => {
      const schedule = new HeartbeatSchedule(OFF, 0)
      schedule.onReady(0)
      schedule.configure(OFF, 1)
      expect(schedule.next).to.equal(Infinity)
      expect(schedule.tick(1e9)).to.equal('wait')
      expect(schedule.isDead(1e9)).to.equal(false)
    })
  })

  describe('#excuse', () => {
    it('holds nothing against the peer, and makes up no sign of life', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.onData(100)
      schedule.tick(20_000)
      schedule.restartSilence(29_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(100)
    })

    it('starts the silence anew', () => {
      const schedule = new HeartbeatSchedule({ style: 'silence', silence: 1_000 }, 0)
      schedule.restartSilence(900)
      expect(schedule.tick(1_000)).to.equal('wait')
      expect(schedule.next).to.equal(1_900)
      expect(schedule.lastSeen).to.equal(0)
    })
  })

  describe('#configure', () => {
    it('takes a new interval, counted from the last beat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.configure({ ...PING, interval: 5_000 }, 1_000)
      expect(schedule.next).to.equal(5_000)
      expect(schedule.tick(5_000)).to.equal('beat')
      schedule.onData(5_000)
      schedule.configure({ ...PING, interval: 2_000 }, 8_000)
      expect(schedule.next).to.equal(8_000)
    })

    it('does not put the beats off for ever when it is called again and again', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      for (let now = 1_000; now <= 4_000; now += 1_000) schedule.configure({ ...PING, interval: 5_000 }, now)
      expect(schedule.tick(5_000)).to.equal('beat')
    })

    it('keeps the verdict that is due already', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      schedule.configure({ ...PING, interval: 60_000 }, 25_000)
      expect(schedule.next).to.equal(30_000)
      expect(schedule.tick(30_000)).to.equal('suspect')
    })

    it('does not start the beats of a connection that is not ready, and is heeded once it is', () => {
      const schedule = new HeartbeatSchedule(MESSAGE, 0)
      schedule.configure({ ...MESSAGE, interval: 5_000 }, 1_000)
      expect(schedule.next).to.equal(Infinity)
      schedule.onReady(2_000)
      expect(schedule.next).to.equal(7_000)
    })

    it('counts a new silence from the last frame', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onData(10_000)
      schedule.configure({ style: 'silence', silence: 5_000 }, 12_000)
      expect(schedule.next).to.equal(15_000)
      expect(schedule.tick(15_000)).to.equal('suspect')
    })
  })
})

describe('withTimes', () => {
  it('returns the settings with the new times, and leaves the old ones as they are', () => {
    expect(withTimes(PING, { interval: 5_000 })).to.deep.equal({ ...PING, interval: 5_000 })
    expect(withTimes(MESSAGE, { timeout: 1 })).to.deep.equal({ ...MESSAGE, timeout: 1 })
    expect(withTimes(SILENCE, { silence: 5_000 })).to.deep.equal({ style: 'silence', silence: 5_000 })
    expect(PING.interval).to.equal(20_000)
  })

  it('takes an explicit undefined for nothing said (B42)', () => {
    expect(withTimes(PING, { interval: undefined, silence: undefined })).to.deep.equal(PING)
  })

  const foreign: [HeartbeatSettings, HeartbeatTimes, string][] = [
    [PING, { silence: 1 }, "A heartbeat of style 'ping' has no silence"],
    [MESSAGE, { silence: 1 }, "A heartbeat of style 'message' has no silence"],
    [SILENCE, { interval: 1 }, "A heartbeat of style 'silence' has no interval"],
    [SILENCE, { timeout: 1 }, "A heartbeat of style 'silence' has no timeout"],
    [OFF, { interval: 1 }, "A heartbeat of style 'off' has no interval"],
  ]
  for (const [settings, times, message] of foreign) {
    it(`throws: ${message}`, () => {
      expect(() => withTimes(settings, times)).to.throw(TypeError, message)
    })
  }

  const noTimes: [unknown, string][] = [
    [0, '0'],
    [-1, '-1'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    ['5', 'a string'],
    [null, 'null'],
  ]
  for (const [value, told] of noTimes) {
    it(`throws for ${told}, which is no time`, () => {
      expect(() => withTimes(PING, { interval: value as number })).to.throw(
        RangeError,
        `heartbeat.interval must be a positive number of milliseconds, and was ${told}`,
      )
    })
  }
})

describe('Heartbeat', () => {
  it('reads and drives its source', async () => {
    const configured: HeartbeatTimes[] = []
    // Its constructor is internal, and so not declared.
    const Constructor = Heartbeat as unknown as new (source: HeartbeatSource) => Heartbeat
    const heartbeat = new Constructor({
      latency: 12,
      lastSeen: 345,
      ping: () => Promise.resolve(67),
      configure: (times) => void configured.push(times),
    })
    heartbeat.configure({ interval: 5_000 })
    expect(heartbeat.latency).to.equal(12)
    expect(heartbeat.lastSeen).to.equal(345)
    expect(await heartbeat.ping()).to.equal(67)
    expect(configured).to.deep.equal([{ interval: 5_000 }])
  })
})
