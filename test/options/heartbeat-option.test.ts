import { expect } from 'chai'
import type { HeartbeatOption } from 'holdfast'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { changeHeartbeat, checkHeartbeat, fillInHeartbeat } from '#src/options/heartbeat-option.js'
import { MESSAGE, OFF, PING, SILENCE, TEXT } from '../support/heartbeat-settings.js'

const message = (): string => 'beat'
const isReply = (): boolean => true

describe('fillInHeartbeat', () => {
  it("is the default style with the default times where nothing is given, or 'ping'", () => {
    for (const option of [undefined, 'ping', {}] as const) expect(fillInHeartbeat(option)).to.deep.equal(PING)
  })

  it('is off with false', () => {
    expect(fillInHeartbeat(false)).to.deep.equal(OFF)
  })
})

describe('checkHeartbeat', () => {
  it("takes 'ping', false and objects", () => {
    for (const option of ['ping', false, {}, { silence: 1 }, { message, isReply }])
      expect(checkHeartbeat(option, 'here')).to.deep.equal([])
  })

  it('finds functions that are async: nobody would wait for their promises', () => {
    const option = { message: async () => Promise.resolve(), isReply: async () => Promise.resolve(true) }
    expect(checkHeartbeat(option, 'here').map(({ place }) => place)).to.deep.equal([
      'here.message',
      'here.isReply',
    ])
  })
})

describe('changeHeartbeat', () => {
  const changes: [string, HeartbeatOption, HeartbeatSettings, HeartbeatSettings][] = [
    ["'ping' is the default style", 'ping', { ...MESSAGE, interval: 1 }, PING],
    ['false is off', false, PING, OFF],
    ['silence only listens', { silence: 5 }, PING, { style: 'silence', silence: 5 }],
    ['another silence', { silence: 5 }, SILENCE, { style: 'silence', silence: 5 }],
    [
      'a message is the beat',
      { message },
      { ...PING, interval: 1 },
      { ...MESSAGE, message, isReply: undefined },
    ],
    [
      'both times begin with pings',
      { interval: 5, timeout: 6 },
      OFF,
      { style: 'ping', interval: 5, timeout: 6 },
    ],
    [
      'both times of a style that beats keep it',
      { interval: 5, timeout: 6 },
      MESSAGE,
      { ...MESSAGE, interval: 5, timeout: 6 },
    ],
    ['a text is the beat', { text: 'ping' }, MESSAGE, TEXT],
    ['times keep the text and its reply', { interval: 5 }, TEXT, { ...TEXT, interval: 5 }],
    ['an interval keeps all else', { interval: 5 }, MESSAGE, { ...MESSAGE, interval: 5 }],
    ['a timeout keeps all else', { timeout: 5 }, PING, { ...PING, timeout: 5 }],
    ['nothing changes nothing', {}, OFF, OFF],
    [
      'an explicit undefined says nothing (B42)',
      { interval: 5, timeout: undefined },
      PING,
      { ...PING, interval: 5 },
    ],
  ]
  for (const [title, option, present, expected] of changes) {
    it(title, () => {
      const before = { ...present }
      expect(changeHeartbeat(option, present)).to.deep.equal(expected)
      expect(present).to.deep.equal(before)
    })
  }

  const mistakes: [unknown, HeartbeatSettings, typeof TypeError, string][] = [
    [
      { interval: 5 },
      SILENCE,
      TypeError,
      'Cannot set interval for heartbeat style "silence". Pass { interval, timeout }',
    ],
    [
      { timeout: 5 },
      OFF,
      TypeError,
      'Cannot set timeout for heartbeat style "off". Pass { interval, timeout }',
    ],
    [
      'pong',
      PING,
      TypeError,
      "Invalid heartbeat: expected 'ping', an object or false, received a string. Use 'ping',",
    ],
    [null, PING, TypeError, 'received null'],
    [
      { intervall: 5 },
      PING,
      TypeError,
      'Invalid heartbeat.intervall: unknown option. Did you mean "interval"?',
    ],
    [{ isReply }, MESSAGE, TypeError, 'Invalid heartbeat: isReply requires message. Add message: () => …'],
    [
      { silence: 5, interval: 5 },
      PING,
      TypeError,
      'Invalid heartbeat: silence cannot be combined with interval. Keep silence',
    ],
    [
      { message: 'beat' },
      PING,
      TypeError,
      'Invalid heartbeat.message: expected a function, received a string. Use message: (…) => …',
    ],
    [
      { interval: 0 },
      PING,
      RangeError,
      'Invalid heartbeat.interval: expected milliseconds from 1 to 2147483647, received 0. Use a number: 10_000',
    ],
    [
      { timeout: -1 },
      PING,
      RangeError,
      'Invalid heartbeat.timeout: expected milliseconds from 1 to 2147483647, received -1',
    ],
    [{ silence: NaN }, PING, RangeError, 'received NaN'],
    [{ interval: Infinity }, PING, RangeError, 'received Infinity'],
    [{ interval: '5' }, PING, RangeError, 'received a string'],
  ]
  for (const [option, present, kind, text] of mistakes) {
    it(`throws a ${kind.name}: ${text}`, () => {
      expect(() => changeHeartbeat(option as HeartbeatOption, present)).to.throw(kind, text)
    })
  }
})
