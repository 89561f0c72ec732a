import { expect } from 'chai'
import type { HeartbeatOption } from 'holdfast'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { changeHeartbeat, checkHeartbeat, fillInHeartbeat } from '#src/options/heartbeat-option.js'
import { MESSAGE, OFF, PING, SILENCE, TEXT } from '../support/heartbeat-settings.js'

const message = (): string => 'beat'
const isReply = (): boolean => true

describe('fillInHeartbeat', () => {
  it("returns the default style and times without an option, and for 'ping'", () => {
    for (const option of [undefined, 'ping', {}] as const) expect(fillInHeartbeat(option)).to.deep.equal(PING)
  })

  it('turns the heartbeat off for false', () => {
    expect(fillInHeartbeat(false)).to.deep.equal(OFF)
  })
})

describe('checkHeartbeat', () => {
  it("accepts 'ping', false and objects", () => {
    for (const option of ['ping', false, {}, { silence: 1 }, { message, isReply }])
      expect(checkHeartbeat(option, 'here')).to.deep.equal([])
  })

  it('reports async functions, whose promises would not be awaited', () => {
    const option = { message: async () => Promise.resolve(), isReply: async () => Promise.resolve(true) }
    expect(checkHeartbeat(option, 'here').map(({ place }) => place)).to.deep.equal([
      'here.message',
      'here.isReply',
    ])
  })
})

describe('changeHeartbeat', () => {
  const changes: [string, HeartbeatOption, HeartbeatSettings, HeartbeatSettings][] = [
    ["selects the default style for 'ping'", 'ping', { ...MESSAGE, interval: 1 }, PING],
    ['turns the heartbeat off for false', false, PING, OFF],
    ['only listens for silence', { silence: 5 }, PING, { style: 'silence', silence: 5 }],
    ['changes the silence', { silence: 5 }, SILENCE, { style: 'silence', silence: 5 }],
    [
      'sends a message as the heartbeat',
      { message },
      { ...PING, interval: 1 },
      { ...MESSAGE, message, isReply: undefined },
    ],
    [
      'starts pings with both times',
      { interval: 5, timeout: 6 },
      OFF,
      { style: 'ping', interval: 5, timeout: 6 },
    ],
    [
      'keeps a style that sends heartbeats with both times',
      { interval: 5, timeout: 6 },
      MESSAGE,
      { ...MESSAGE, interval: 5, timeout: 6 },
    ],
    ['sends a text as the heartbeat', { text: 'ping' }, MESSAGE, TEXT],
    ['keeps the text and its reply when times change', { interval: 5 }, TEXT, { ...TEXT, interval: 5 }],
    [
      'keeps everything else when the interval changes',
      { interval: 5 },
      MESSAGE,
      { ...MESSAGE, interval: 5 },
    ],
    ['keeps everything else when the timeout changes', { timeout: 5 }, PING, { ...PING, timeout: 5 }],
    ['changes nothing for an empty object', {}, OFF, OFF],
    [
      'ignores an explicit undefined (B42)',
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
      "Invalid heartbeat: expected 'ping', an object, or false, received a string. Use 'ping',",
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
