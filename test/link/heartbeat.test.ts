import { expect } from 'chai'
import { Heartbeat } from 'holdfast'
import type { HeartbeatTimes } from 'holdfast'
import { withTimes } from '#src/link/heartbeat.js'
import type { HeartbeatSettings, HeartbeatSource } from '#src/link/heartbeat.js'
import { MESSAGE, OFF, PING, SILENCE } from '../support/heartbeat-settings.js'

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
