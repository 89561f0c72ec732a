import { expect } from 'chai'
import fc from 'fast-check'
import { HeartbeatSchedule } from '#src/link/heartbeat-schedule.js'
import type { HeartbeatAction } from '#src/link/heartbeat-schedule.js'
import { MESSAGE, OFF, PING, SILENCE, TEXT } from '../support/heartbeat-settings.js'

/** Returns the action that is due. A heartbeat leaves immediately. */
function tick(schedule: HeartbeatSchedule, now: number): HeartbeatAction {
  const action = schedule.tick(now)
  if (action === 'beat') schedule.onLeft(now)
  return action
}

describe('HeartbeatSchedule', () => {
  describe('with pings', () => {
    it('sends the first heartbeat once, after one interval (B7)', () => {
      const schedule = new HeartbeatSchedule(PING, 1_000)
      expect(schedule.next).to.equal(21_000)
      expect(tick(schedule, 20_999)).to.equal('wait')
      expect(tick(schedule, 21_000)).to.equal('beat')
      expect(tick(schedule, 21_000)).to.equal('wait')
    })

    it('sends a heartbeat every interval, regardless of other messages', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      for (const time of [20_000, 40_000, 60_000]) {
        schedule.onData(time - 1)
        expect(schedule.next).to.equal(time)
        expect(tick(schedule, time)).to.equal('beat')
        schedule.onData(time)
      }
    })

    it('does not drift if a timer fires a little late', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      expect(tick(schedule, 20_150)).to.equal('beat')
      schedule.onData(20_200)
      expect(schedule.next).to.equal(40_000)
    })

    it('suspects the peer if nothing arrives within timeout of a heartbeat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      expect(schedule.next).to.equal(30_000)
      expect(tick(schedule, 29_999)).to.equal('wait')
      expect(tick(schedule, 30_000)).to.equal('suspect')
      expect(schedule.isDead(30_000)).to.equal(true)
    })

    it('treats any frame as a sign of life, even at the last moment before the timeout', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      expect(tick(schedule, 30_000)).to.equal('suspect')
      schedule.onData(30_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(30_000)
      expect(schedule.next).to.equal(40_000)
    })

    it('measures the timeout from the first unanswered heartbeat if the interval is shorter', () => {
      const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 2_500 }, 0)
      expect(tick(schedule, 1_000)).to.equal('beat')
      expect(tick(schedule, 2_000)).to.equal('beat')
      expect(tick(schedule, 3_000)).to.equal('beat')
      expect(schedule.next).to.equal(3_500)
      expect(tick(schedule, 3_500)).to.equal('suspect')
      expect(schedule.isDead(3_500)).to.equal(true)
    })

    it('considers a peer dead within interval + timeout after its last frame, whenever that arrived', () => {
      const time = fc.integer({ min: 1, max: 1_000 })
      const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 })
      fc.assert(
        fc.property(time, time, gaps, (interval, timeout, frames) => {
          const schedule = new HeartbeatSchedule({ style: 'ping', interval, timeout }, 0)
          let now = 0
          // Runs all timers up to a time, exactly on time. The peer is alive and answers every heartbeat.
          const runUntil = (end: number): void => {
            while (schedule.next <= end) {
              now = schedule.next
              if (tick(schedule, now) === 'suspect') schedule.onData(now)
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
            if (tick(schedule, now) === 'suspect') break
          }
          expect(schedule.isDead(now)).to.equal(true)
          expect(now - lastSeen).to.be.within(timeout, interval + timeout)
        }),
      )
    })

    describe('after a sleep (B32)', () => {
      it('sends another heartbeat first if the timeout fires late by more than timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        tick(schedule, 20_000)
        expect(tick(schedule, 600_000)).to.equal('beat')
        expect(schedule.isDead(600_000)).to.equal(false)
        expect(schedule.next).to.equal(610_000)
        expect(tick(schedule, 610_000)).to.equal('suspect')
        expect(schedule.isDead(610_000)).to.equal(true)
      })

      it('sends one heartbeat, not one per missed interval', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        expect(tick(schedule, 600_000)).to.equal('beat')
        expect(tick(schedule, 600_000)).to.equal('wait')
        schedule.onData(600_000)
        expect(schedule.next).to.equal(620_000)
      })

      it('sends no burst if the timeout is long and the interval short', () => {
        const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 10_000 }, 0)
        expect(tick(schedule, 9_500)).to.equal('beat')
        expect(tick(schedule, 9_500)).to.equal('wait')
        expect(schedule.next).to.equal(10_500)
      })

      it('suspects the peer immediately if the timeout is late by at most timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        tick(schedule, 20_000)
        expect(tick(schedule, 40_000)).to.equal('suspect')
      })
    })
  })

  describe('with messages', () => {
    it('sends the first heartbeat one interval after the connection is ready', () => {
      for (const settings of [MESSAGE, TEXT]) {
        const schedule = new HeartbeatSchedule(settings, 0)
        expect(schedule.next).to.equal(Infinity)
        expect(tick(schedule, 100_000)).to.equal('wait')
        schedule.onReady(5_000)
        expect(schedule.next).to.equal(25_000)
        expect(tick(schedule, 25_000)).to.equal('beat')
        expect(tick(schedule, 35_000)).to.equal('suspect')
      }
    })
  })

  describe('#tolerance', () => {
    it('is a twentieth of the interval for a heartbeat, and at most a second', () => {
      expect(new HeartbeatSchedule({ ...PING, interval: 4_000 }, 0).tolerance).to.equal(200)
      expect(new HeartbeatSchedule({ ...PING, interval: 60_000 }, 0).tolerance).to.equal(1_000)
      const byMessage = new HeartbeatSchedule(MESSAGE, 0)
      byMessage.onReady(0)
      expect(byMessage.tolerance).to.equal(1_000)
    })

    it('is 0 for a timeout', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      expect(schedule.tolerance).to.equal(0)
      expect(new HeartbeatSchedule(SILENCE, 0).tolerance).to.equal(0)
      expect(new HeartbeatSchedule(OFF, 0).tolerance).to.equal(0)
    })
  })

  describe('if silence is set', () => {
    it('starts when the link opens, without waiting for a first message (B8)', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 1_000)
      expect(schedule.next).to.equal(31_000)
      expect(tick(schedule, 30_999)).to.equal('wait')
      expect(tick(schedule, 31_000)).to.equal('suspect')
      expect(schedule.isDead(31_000)).to.equal(true)
    })

    it('restarts with each frame, without a new timer', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onData(10_000)
      expect(schedule.next).to.equal(40_000)
      expect(tick(schedule, 30_000)).to.equal('wait')
      expect(schedule.next).to.equal(40_000)
      expect(tick(schedule, 40_000)).to.equal('suspect')
    })

    it('treats a frame at the last moment as a sign of life', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      expect(tick(schedule, 30_000)).to.equal('suspect')
      schedule.onData(30_000)
      expect(schedule.isDead(30_000)).to.equal(false)
    })

    it('listens once more if the timer fires late by more than the silence (B32)', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      expect(tick(schedule, 600_000)).to.equal('wait')
      expect(schedule.next).to.equal(630_000)
      expect(tick(schedule, 630_000)).to.equal('suspect')
      expect(schedule.isDead(630_000)).to.equal(true)
    })

    it('never sends a heartbeat, even when ready', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onReady(1_000)
      expect(schedule.next).to.equal(30_000)
    })
  })

  describe('a heartbeat held back in the process', () => {
    const PERIOD = PING.interval + PING.timeout

    /** A schedule whose heartbeat at 20,000 does not leave; 1,000 bytes have been written by then. */
    function held(): HeartbeatSchedule {
      const schedule = new HeartbeatSchedule(PING, 0)
      expect(schedule.tick(20_000)).to.equal('beat')
      schedule.onHeld(20_000, 1_000)
      return schedule
    }

    it('starts the timeout when it has been sent', () => {
      const schedule = held()
      expect(schedule.isHeld).to.equal(true)
      schedule.onLeft(25_000)
      expect(schedule.isHeld).to.equal(false)
      expect(tick(schedule, 34_999)).to.equal('wait')
      expect(tick(schedule, 35_000)).to.equal('suspect')
    })

    it('starts no timeout if data has arrived by the time it is sent', () => {
      const schedule = held()
      schedule.onAnswered(25_000)
      expect(schedule.isHeld).to.equal(false)
      expect(schedule.next).to.equal(40_000)
    })

    it('is not followed by another heartbeat', () => {
      const schedule = held()
      expect(schedule.tick(40_000)).to.equal('wait')
      schedule.onLeft(45_000)
      expect(schedule.next).to.equal(55_000)
      schedule.onData(45_100)
      expect(schedule.tick(60_000)).to.equal('beat')
    })

    it('makes the peer suspect if the upload ahead of it makes no progress for interval + timeout', () => {
      const schedule = held()
      schedule.onUpload(40_000, 1_000)
      schedule.tick(40_000)
      expect(schedule.tick(20_000 + PERIOD - 1)).to.equal('wait')
      expect(schedule.tick(20_000 + PERIOD)).to.equal('suspect')
      expect(schedule.isDead(20_000 + PERIOD)).to.equal(true)
    })

    it('gives an upload the full time after its latest progress', () => {
      const schedule = held()
      schedule.onUpload(40_000, 1_001)
      schedule.tick(40_000)
      schedule.onUpload(60_000, 1_001)
      expect(schedule.tick(60_000)).to.equal('wait')
      expect(schedule.next).to.equal(40_000 + PERIOD)
      expect(schedule.tick(40_000 + PERIOD)).to.equal('suspect')
    })

    it('counts what is written between two checks, even if the buffered amount falls', () => {
      const schedule = held()
      schedule.onUpload(30_000, 500)
      schedule.onUpload(40_000, 600)
      schedule.tick(40_000)
      expect(schedule.isDead(69_999)).to.equal(false)
      expect(schedule.isDead(70_000)).to.equal(true)
    })

    it('never makes the peer suspect while a rate limit holds it and nothing waits to be written', () => {
      const schedule = held()
      for (let now = 30_000; now < 300_000; now += 10_000) {
        schedule.onUpload(now, -Infinity)
        expect(schedule.tick(now)).to.equal('wait')
      }
    })

    it('gives an upload that starts after a check the full time', () => {
      const schedule = held()
      schedule.onUpload(30_000, -Infinity)
      schedule.onUpload(40_000, 1_000)
      schedule.tick(40_000)
      expect(schedule.isDead(40_000 + PERIOD - 1)).to.equal(false)
      expect(schedule.isDead(40_000 + PERIOD)).to.equal(true)
    })

    it('treats received data as a sign of life', () => {
      const schedule = held()
      schedule.onData(45_000)
      schedule.tick(45_000)
      expect(schedule.isDead(45_000 + PERIOD - 1)).to.equal(false)
      expect(schedule.isDead(45_000 + PERIOD)).to.equal(true)
    })

    it('gets the full time again after a sleep (B32)', () => {
      const schedule = held()
      expect(schedule.tick(600_000)).to.equal('wait')
      expect(schedule.isDead(600_000)).to.equal(false)
      expect(schedule.isDead(600_000 + PERIOD)).to.equal(true)
    })

    it('does not postpone the timeout of an earlier heartbeat that has been sent', () => {
      const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 2_500 }, 0)
      tick(schedule, 1_000)
      expect(schedule.tick(2_000)).to.equal('beat')
      schedule.onHeld(2_000, 0)
      expect(schedule.next).to.equal(3_000)
      schedule.tick(3_000)
      expect(schedule.tick(3_500)).to.equal('suspect')
    })
  })

  describe('#onResumed', () => {
    it('gives the peer its full time from the moment reading resumed', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.onResumed(28_000)
      expect(schedule.next).to.equal(38_000)
      schedule.onResumed(19_000)
      expect(schedule.next).to.equal(38_000)
    })

    it('does the same for silence and for a heartbeat that is held back', () => {
      const silence = new HeartbeatSchedule(SILENCE, 0)
      silence.onResumed(8_000)
      expect(silence.next).to.equal(38_000)
      const ping = new HeartbeatSchedule(PING, 0)
      ping.tick(20_000)
      ping.onHeld(20_000, 0)
      ping.onResumed(28_000)
      expect(ping.isDead(57_999)).to.equal(false)
      expect(ping.isDead(58_000)).to.equal(true)
    })

    it('changes nothing if no silence was being measured', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.onResumed(8_000)
      expect(schedule.next).to.equal(20_000)
    })
  })

  describe('if it is off', () => {
    it('never requests an action', () => {
      const schedule = new HeartbeatSchedule(OFF, 0)
      schedule.onReady(0)
      schedule.configure(OFF, 1, true)
      expect(schedule.next).to.equal(Infinity)
      expect(tick(schedule, 1e9)).to.equal('wait')
      expect(schedule.isDead(1e9)).to.equal(false)
    })
  })

  describe('#restartSilence', () => {
    it('cancels the timeout without a sign of life', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.onData(100)
      tick(schedule, 20_000)
      schedule.restartSilence(29_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(100)
    })

    it('restarts the silence', () => {
      const schedule = new HeartbeatSchedule({ style: 'silence', silence: 1_000 }, 0)
      schedule.restartSilence(900)
      expect(tick(schedule, 1_000)).to.equal('wait')
      expect(schedule.next).to.equal(1_900)
      expect(schedule.lastSeen).to.equal(0)
    })
  })

  describe('#configure', () => {
    it('measures a new interval from the last heartbeat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.configure({ ...PING, interval: 5_000 }, 1_000, true)
      expect(schedule.next).to.equal(5_000)
      expect(tick(schedule, 5_000)).to.equal('beat')
      schedule.onData(5_000)
      schedule.configure({ ...PING, interval: 2_000 }, 8_000, true)
      expect(schedule.next).to.equal(8_000)
    })

    it('does not postpone heartbeats if it is called repeatedly', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      for (let now = 1_000; now <= 4_000; now += 1_000)
        schedule.configure({ ...PING, interval: 5_000 }, now, true)
      expect(tick(schedule, 5_000)).to.equal('beat')
    })

    it('keeps a timeout that has started', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.configure({ ...PING, interval: 60_000 }, 25_000, true)
      expect(schedule.next).to.equal(30_000)
      expect(tick(schedule, 30_000)).to.equal('suspect')
    })

    it('does not start heartbeats before the connection is ready, and takes effect once it is', () => {
      const schedule = new HeartbeatSchedule(MESSAGE, 0)
      schedule.configure({ ...MESSAGE, interval: 5_000 }, 1_000, false)
      expect(schedule.next).to.equal(Infinity)
      schedule.onReady(2_000)
      expect(schedule.next).to.equal(7_000)
    })

    it('also changes a timeout that has started', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.configure({ ...PING, timeout: 2_000 }, 21_000, true)
      expect(schedule.next).to.equal(22_000)
    })

    it('turns everything off', () => {
      for (const settings of [PING, MESSAGE, SILENCE]) {
        const schedule = new HeartbeatSchedule(settings, 0)
        schedule.onReady(0)
        if (tick(schedule, 20_000) === 'beat') schedule.onHeld(20_000, 0)
        schedule.configure(OFF, 21_000, true)
        expect(schedule.next).to.equal(Infinity)
        schedule.onLeft(22_000)
        expect(schedule.next).to.equal(Infinity)
      }
    })

    it('starts another style immediately, whatever the previous style was', () => {
      for (const [before, after, next] of [
        [OFF, PING, 120_000],
        [OFF, MESSAGE, 120_000],
        [OFF, SILENCE, 130_000],
        [SILENCE, PING, 120_000],
        [SILENCE, MESSAGE, 120_000],
      ] as const) {
        const schedule = new HeartbeatSchedule(before, 0)
        schedule.configure(after, 100_000, true)
        expect(schedule.next, `${before.style} to ${after.style}`).to.equal(next)
      }
    })

    it('listens for the full silence after a change from pings, and forgets their timeout', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.configure(SILENCE, 25_000, true)
      expect(schedule.next).to.equal(55_000)
      schedule.configure(PING, 26_000, true)
      expect(schedule.next).to.equal(46_000)
    })

    it('keeps the heartbeat and the timeout when switching between pings and messages', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.configure(MESSAGE, 22_000, true)
      expect(schedule.next).to.equal(30_000)
      schedule.onData(25_000)
      expect(schedule.next).to.equal(40_000)
    })

    it('sends nothing before the connection is ready after a change to messages', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      tick(schedule, 20_000)
      schedule.configure(MESSAGE, 22_000, false)
      expect(schedule.next).to.equal(Infinity)
      schedule.onLeft(23_000)
      expect(schedule.next).to.equal(Infinity)
      schedule.onReady(24_000)
      expect(schedule.next).to.equal(44_000)
    })

    it('measures a new silence from the last frame', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onData(10_000)
      schedule.configure({ style: 'silence', silence: 5_000 }, 12_000, true)
      expect(schedule.next).to.equal(15_000)
      expect(tick(schedule, 15_000)).to.equal('suspect')
    })
  })
})
