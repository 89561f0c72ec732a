import { expect } from 'chai'
import fc from 'fast-check'
import { HeartbeatSchedule } from '#src/link/heartbeat-schedule.js'
import { MESSAGE, OFF, PING, SILENCE } from '../support/heartbeat-settings.js'

describe('HeartbeatSchedule', () => {
  describe('by ping', () => {
    it('sends the first beat after one interval, once (B7)', () => {
      const schedule = new HeartbeatSchedule(PING, 1_000)
      expect(schedule.next).to.equal(21_000)
      expect(schedule.tick(20_999)).to.equal('wait')
      expect(schedule.tick(21_000)).to.equal('beat')
      expect(schedule.tick(21_000)).to.equal('wait')
    })

    it('sends a beat every interval, whatever the traffic', () => {
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

    it('suspects the peer when nothing arrives for timeout after a beat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.next).to.equal(30_000)
      expect(schedule.tick(29_999)).to.equal('wait')
      expect(schedule.tick(30_000)).to.equal('suspect')
      expect(schedule.isDead(30_000)).to.equal(true)
    })

    it('counts any frame as a sign of life, even in the last moment before the timeout', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.tick(30_000)).to.equal('suspect')
      schedule.onData(30_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(30_000)
      expect(schedule.next).to.equal(40_000)
    })

    it('counts the timeout from the first unanswered beat if beats are more frequent', () => {
      const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 2_500 }, 0)
      expect(schedule.tick(1_000)).to.equal('beat')
      expect(schedule.tick(2_000)).to.equal('beat')
      expect(schedule.tick(3_000)).to.equal('beat')
      expect(schedule.next).to.equal(3_500)
      expect(schedule.tick(3_500)).to.equal('suspect')
      expect(schedule.isDead(3_500)).to.equal(true)
    })

    it('considers a peer dead within interval + timeout of its last frame, whenever that arrived', () => {
      const time = fc.integer({ min: 1, max: 1_000 })
      const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 })
      fc.assert(
        fc.property(time, time, gaps, (interval, timeout, frames) => {
          const schedule = new HeartbeatSchedule({ style: 'ping', interval, timeout }, 0)
          let now = 0
          // Runs all timers up to a time, on the dot; the peer is alive meanwhile, so it answers every beat.
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
      it('sends another beat first when the timeout fires late by more than timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        schedule.tick(20_000)
        expect(schedule.tick(600_000)).to.equal('beat')
        expect(schedule.isDead(600_000)).to.equal(false)
        expect(schedule.next).to.equal(610_000)
        expect(schedule.tick(610_000)).to.equal('suspect')
        expect(schedule.isDead(610_000)).to.equal(true)
      })

      it('sends one beat, not one per missed interval', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        expect(schedule.tick(600_000)).to.equal('beat')
        expect(schedule.tick(600_000)).to.equal('wait')
        schedule.onData(600_000)
        expect(schedule.next).to.equal(620_000)
      })

      it('sends no burst if the timeout is long and the interval short', () => {
        const schedule = new HeartbeatSchedule({ style: 'ping', interval: 1_000, timeout: 10_000 }, 0)
        expect(schedule.tick(9_500)).to.equal('beat')
        expect(schedule.tick(9_500)).to.equal('wait')
        expect(schedule.next).to.equal(10_500)
      })

      it('suspects the peer at once when the timeout is late by no more than timeout', () => {
        const schedule = new HeartbeatSchedule(PING, 0)
        schedule.tick(20_000)
        expect(schedule.tick(40_000)).to.equal('suspect')
      })
    })
  })

  describe('by message', () => {
    it('sends the first beat one interval after the connection is ready', () => {
      const schedule = new HeartbeatSchedule(MESSAGE, 0)
      expect(schedule.next).to.equal(Infinity)
      expect(schedule.tick(100_000)).to.equal('wait')
      schedule.onReady(5_000)
      expect(schedule.next).to.equal(25_000)
      expect(schedule.tick(25_000)).to.equal('beat')
      expect(schedule.tick(35_000)).to.equal('suspect')
    })
  })

  describe('#tolerance', () => {
    it('is a twentieth of the interval for a beat, and at most a second', () => {
      expect(new HeartbeatSchedule({ ...PING, interval: 4_000 }, 0).tolerance).to.equal(200)
      expect(new HeartbeatSchedule({ ...PING, interval: 60_000 }, 0).tolerance).to.equal(1_000)
      const byMessage = new HeartbeatSchedule(MESSAGE, 0)
      byMessage.onReady(0)
      expect(byMessage.tolerance).to.equal(1_000)
    })

    it('is 0 for a timeout', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      expect(schedule.tolerance).to.equal(0)
      expect(new HeartbeatSchedule(SILENCE, 0).tolerance).to.equal(0)
      expect(new HeartbeatSchedule(OFF, 0).tolerance).to.equal(0)
    })
  })

  describe('by silence', () => {
    it('counts from the opening, without a first message (B8)', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 1_000)
      expect(schedule.next).to.equal(31_000)
      expect(schedule.tick(30_999)).to.equal('wait')
      expect(schedule.tick(31_000)).to.equal('suspect')
      expect(schedule.isDead(31_000)).to.equal(true)
    })

    it('starts again with each frame, without a new timer', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onData(10_000)
      expect(schedule.next).to.equal(40_000)
      expect(schedule.tick(30_000)).to.equal('wait')
      expect(schedule.next).to.equal(40_000)
      expect(schedule.tick(40_000)).to.equal('suspect')
    })

    it('counts a frame in the last moment as a sign of life', () => {
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

    it('never sends a beat, even when ready', () => {
      const schedule = new HeartbeatSchedule(SILENCE, 0)
      schedule.onReady(1_000)
      expect(schedule.next).to.equal(30_000)
    })
  })

  describe('off', () => {
    it('never asks for anything', () => {
      const schedule = new HeartbeatSchedule(OFF, 0)
      schedule.onReady(0)
      schedule.configure(OFF, 1)
      expect(schedule.next).to.equal(Infinity)
      expect(schedule.tick(1e9)).to.equal('wait')
      expect(schedule.isDead(1e9)).to.equal(false)
    })
  })

  describe('#restartSilence', () => {
    it('cancels the timeout without a sign of life', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.onData(100)
      schedule.tick(20_000)
      schedule.restartSilence(29_000)
      expect(schedule.isDead(30_000)).to.equal(false)
      expect(schedule.lastSeen).to.equal(100)
    })

    it('restarts the silence', () => {
      const schedule = new HeartbeatSchedule({ style: 'silence', silence: 1_000 }, 0)
      schedule.restartSilence(900)
      expect(schedule.tick(1_000)).to.equal('wait')
      expect(schedule.next).to.equal(1_900)
      expect(schedule.lastSeen).to.equal(0)
    })
  })

  describe('#configure', () => {
    it('counts a new interval from the last beat', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.configure({ ...PING, interval: 5_000 }, 1_000)
      expect(schedule.next).to.equal(5_000)
      expect(schedule.tick(5_000)).to.equal('beat')
      schedule.onData(5_000)
      schedule.configure({ ...PING, interval: 2_000 }, 8_000)
      expect(schedule.next).to.equal(8_000)
    })

    it('does not postpone the beats when called repeatedly', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      for (let now = 1_000; now <= 4_000; now += 1_000) schedule.configure({ ...PING, interval: 5_000 }, now)
      expect(schedule.tick(5_000)).to.equal('beat')
    })

    it('keeps a timeout that has started', () => {
      const schedule = new HeartbeatSchedule(PING, 0)
      schedule.tick(20_000)
      schedule.configure({ ...PING, interval: 60_000 }, 25_000)
      expect(schedule.next).to.equal(30_000)
      expect(schedule.tick(30_000)).to.equal('suspect')
    })

    it('does not start the beats before the connection is ready, and applies once it is', () => {
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
