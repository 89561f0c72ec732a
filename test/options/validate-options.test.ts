import { expect } from 'chai'
import { createConnectLimiter } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { homeAssistant, jsonRpc, ocpp } from 'holdfast/requests'
import { FakeClock } from 'holdfast/testing'
import { validateOptions } from '#src/options/validate-options.js'
import { describeValue } from '#src/core/describe-value.js'
import { DEFAULTS } from '#src/options/fill-in.js'

/** Checks options without types, as in JavaScript. The URL is valid by default. */
function check(options: Readonly<Record<string, unknown>>, others: readonly string[] = []) {
  return validateOptions({ url: 'wss://peer.test', ...options }, 'Ticker', others)
}

/** Shows a value as mistakes do, without the contents of strings and objects, which might be secret. */
function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describeValue(value)
}

/** Expects exactly one mistake, with its place and parts of its cause and fix. */
function expectMistake(
  options: Readonly<Record<string, unknown>>,
  place: string,
  cause: string,
  fix: string,
): void {
  const mistakes = check(options)
  expect(mistakes, JSON.stringify(mistakes)).to.have.length(1)
  expect(mistakes[0]?.place).to.equal(place)
  expect(mistakes[0]?.cause).to.contain(cause)
  expect(mistakes[0]?.fix).to.contain(fix)
}

describe('validateOptions', () => {
  it('accepts every option at its default, or explicitly undefined', () => {
    expect(check(DEFAULTS)).to.deep.equal([])
    const names = [...Object.keys(DEFAULTS), 'protocols', 'headers', 'name', 'route', 'codec', 'heartbeat']
    names.push(
      'periodic',
      'unpack',
      'ackOnArrival',
      'replies',
      'parseUnwanted',
      'compression',
      'reconnect',
      'logger',
      'clock',
      'random',
      'transport',
    )
    expect(check(Object.fromEntries(names.map((name) => [name, undefined])))).to.deep.equal([])
  })

  it('reports all mistakes at once', () => {
    const mistakes = check({ url: 'http://peer.test', heartbeat: { interval: 0 }, maxPayload: -1, bogus: 1 })
    expect(mistakes.map(({ place }) => place)).to.have.members([
      'options.url',
      'options.heartbeat.interval',
      'options.maxPayload',
      'options.bogus',
    ])
  })

  describe('names', () => {
    it('suggests the option that was probably meant', () => {
      expectMistake(
        { conectTimeout: 1 },
        'options.conectTimeout',
        'unknown option',
        'did you mean "connectTimeout"?',
      )
      expectMistake({ maxpayload: 1 }, 'options.maxpayload', 'unknown option', 'did you mean "maxPayload"?')
      const place = 'options.reconnect.maxAttempt'
      expectMistake({ reconnect: { maxAttempt: 1 } }, place, 'unknown option', 'did you mean "maxAttempts"?')
      const typo = { heartbeat: { intervall: 1 } }
      expectMistake(typo, 'options.heartbeat.intervall', 'unknown option', 'did you mean "interval"?')
    })

    it('translates names from other libraries, and does not suggest a similar but wrong one', () => {
      const translated = {
        openTimeout: 'use connectTimeout',
        pingInterval: 'use heartbeat: { interval, timeout }',
        maxQueue: 'use highWaterMark',
        onError: 'decorate a method of the class with @OnError()',
        waitForOpen: "move it to the client's entry in a module",
      }
      for (const [name, fix] of Object.entries(translated))
        expectMistake({ [name]: 1 }, `options.${name}`, 'unknown option', fix)
    })

    it('lists the options if none is similar', () => {
      expectMistake(
        { pingPongSettings: 1 },
        'options.pingPongSettings',
        'unknown option',
        'remove it. Valid options: ',
      )
    })

    it('accepts the names that the caller adds', () => {
      expect(check({ inject: [] }, ['inject'])).to.deep.equal([])
    })
  })

  it('reports a missing URL, with the class as the place', () => {
    const fix = "pass one: bootstrap(Ticker, 'wss://…'), or @WebSocketClient({ url: 'wss://…' })"
    expectMistake({ url: undefined }, 'Ticker', 'no URL given', fix)
  })

  it('checks URL, protocols, headers and reconnect', () => {
    const wrong = { url: 5, protocols: ['a b'], headers: { 'x-a': 'a\nb' }, reconnect: { maxAttempts: 0 } }
    expect(check(wrong).map(({ place }) => place)).to.deep.equal([
      'options.url',
      'options.protocols[0]',
      'options.headers["x-a"]',
      'options.reconnect.maxAttempts',
    ])
  })

  describe('numbers', () => {
    const sizes = [
      'concurrency',
      'highWaterMark',
      'highWaterBytes',
      'sendHighWaterMark',
      'maxPayload',
      'maxFragments',
    ]
    for (const name of sizes) {
      it(`${name} must be a positive integer`, () => {
        for (const value of [0, -1, 1.5, NaN, '5', null, true]) {
          expectMistake({ [name]: value }, `options.${name}`, `received ${shown(value)}`, 'use 1 or more')
        }
        expect(check({ [name]: 1 })).to.deep.equal([])
      })
    }

    it('only concurrency can be Infinity or an object', () => {
      expect(check({ concurrency: Infinity })).to.deep.equal([])
      expect(check({ concurrency: { key: 'symbol', conflate: true } })).to.deep.equal([])
      expectMistake(
        { concurrency: { key: 'symbol', limit: 0 } },
        'options.concurrency.limit',
        'received 0',
        'use 1 or more',
      )
      expectMistake(
        { highWaterMark: Infinity },
        'options.highWaterMark',
        'received Infinity',
        'use 1 or more',
      )
    })

    for (const name of ['connectTimeout', 'onOpenTimeout', 'closeTimeout']) {
      it(`${name} must be a time that Node's timers support`, () => {
        const cause = 'expected milliseconds from 1 to 2147483647, received'
        for (const value of [0, -1, NaN, Infinity, 2 ** 31, '5', null]) {
          expectMistake(
            { [name]: value },
            `options.${name}`,
            `${cause} ${shown(value)}`,
            'use a number: 10_000',
          )
        }
        expect(check({ [name]: 2 ** 31 - 1 })).to.deep.equal([])
      })
    }

    it('drainTimeout can be 0', () => {
      expect(check({ drainTimeout: 0 })).to.deep.equal([])
      expectMistake(
        { drainTimeout: -1 },
        'options.drainTimeout',
        'from 0 to 2147483647, received -1',
        'use a number',
      )
    })

    it('only some can be false', () => {
      const off = { connectTimeout: false, onOpenTimeout: false, maxPayload: false, maxFragments: false }
      expect(check(off)).to.deep.equal([])
      expect(check({ maxPayload: 0 })[0]?.fix).to.contain('or false for no limit')
      const on = ['concurrency', 'highWaterMark', 'highWaterBytes', 'sendHighWaterMark']
      for (const name of [...on, 'drainTimeout', 'closeTimeout']) {
        expectMistake({ [name]: false }, `options.${name}`, 'received false', 'use ')
      }
    })
  })

  describe('shapes', () => {
    const rows: [string, readonly unknown[], readonly unknown[], string][] = [
      ['name', ['lobby'], [5, null], 'use a name'],
      ['codec', [jsonCodec, () => jsonCodec], [{}, 'json', null], 'use an object with encode and decode'],
      ['replies', [true, false], ['no', {}, 1, null], 'use true or false'],
      ['ackOnArrival', [() => undefined], [{}, true, null, 'id'], 'use ackOnArrival: (message) => …'],
      ['parseUnwanted', [true, false], ['no', {}, 1, null], 'use true or false'],
      [
        'unpack',
        [(decoded: unknown) => [decoded]],
        [[], 'M', null, true],
        'use unpack: (decoded) => [decoded]',
      ],
      [
        'logger',
        [console, false, { log() {}, warn() {}, error() {} }],
        [true, () => {}, { debug() {} }],
        'use console, another logger, or false',
      ],
      ['clock', [new FakeClock()], [Date, {}], 'use new FakeClock()'],
      ['random', [Math.random], [0.5], 'use a function such as Math.random'],
      ['transport', [() => {}], [{}], 'use a function that opens a socket'],
    ]
    for (const [name, right, wrong, fix] of rows) {
      it(`${name} is checked`, () => {
        for (const value of right) expect(check({ [name]: value })).to.deep.equal([])
        for (const value of wrong)
          expectMistake({ [name]: value }, `options.${name}`, `received ${shown(value)}`, fix)
      })
    }

    it('checks the route', () => {
      expect(check({ route: ['e', 'data.e'] })).to.deep.equal([])
      expectMistake(
        { route: 'a..b' },
        'options.route',
        'path "a..b" has an empty segment',
        'remove the extra dot',
      )
    })

    it('codec, unpack, ackOnArrival and routes cannot be async', () => {
      const later = async (): Promise<string> => Promise.resolve('key')
      async function* messages(): AsyncGenerator {
        yield await Promise.resolve(1)
      }
      const { encode, decode } = jsonCodec
      const rows: [Readonly<Record<string, unknown>>, string][] = [
        [{ codec: later }, 'options.codec'],
        [{ codec: { encode: later, decode } }, 'options.codec.encode'],
        [{ codec: { encode, decode: later } }, 'options.codec.decode'],
        [{ unpack: later }, 'options.unpack'],
        [{ unpack: messages }, 'options.unpack'],
        [{ ackOnArrival: later }, 'options.ackOnArrival'],
        [{ route: later }, 'options.route'],
        [{ route: ['type', later] }, 'options.route'],
        [{ concurrency: { key: later } }, 'options.concurrency.key'],
      ]
      for (const [options, place] of rows)
        expectMistake(options, place, 'must be synchronous', 'return the value')
    })
  })

  describe('heartbeat', () => {
    const place = 'options.heartbeat'

    it('can send heartbeats, listen, or be off', () => {
      const message = (): string => 'beat'
      const right = [
        false,
        'ping',
        {},
        { interval: 1, timeout: 1 },
        { silence: 1 },
        { message, isReply: () => true },
        { text: 'ping' },
        { interval: 1, timeout: 1, text: 'Ping', reply: '' },
      ]
      for (const heartbeat of [
        ...right,
        { silence: undefined, interval: 1 },
        { silence: 1, interval: undefined },
      ]) {
        expect(check({ heartbeat })).to.deep.equal([])
      }
    })

    it('must be an object or false', () => {
      for (const heartbeat of [true, 5, 'on', null]) {
        expectMistake({ heartbeat }, place, `received ${shown(heartbeat)}`, '{ silence }, or false')
      }
    })

    it('must have times from 1', () => {
      for (const name of ['interval', 'timeout', 'silence']) {
        expectMistake(
          { heartbeat: { [name]: 0 } },
          `${place}.${name}`,
          'from 1 to 2147483647, received 0',
          'use a number',
        )
      }
    })

    it('cannot both listen only and send', () => {
      const heartbeat = { silence: 1, interval: 1, message: () => 'beat' }
      expectMistake({ heartbeat }, place, 'silence cannot be combined with interval, message', 'keep silence')
    })

    it('cannot have isReply without a message', () => {
      expectMistake(
        { heartbeat: { isReply: () => true } },
        place,
        'isReply requires message',
        'add message: () => …',
      )
    })

    it('must have strings for the text and its reply', () => {
      for (const name of ['text', 'reply']) {
        const heartbeat = { text: 'ping', reply: 'pong', [name]: /x/ }
        const cause = 'expected a string, received an instance of RegExp'
        expectMistake({ heartbeat }, `${place}.${name}`, cause, `use ${name}: '…'`)
      }
    })

    it('cannot have a reply without a text, nor a text with a message', () => {
      expectMistake({ heartbeat: { reply: 'pong' } }, place, '"reply" requires "text"', "add text: '…'")
      const heartbeat = { text: 'ping', message: () => 'beat' }
      expectMistake({ heartbeat }, place, '"text" cannot be combined with "message"', 'plain text')
    })

    it('must have functions for the message and isReply', () => {
      expectMistake(
        { heartbeat: { message: 'beat' } },
        `${place}.message`,
        'expected a function, received a string',
        'use message: (…) => …',
      )
      const heartbeat = { message: () => 'beat', isReply: 'pong' }
      expectMistake(
        { heartbeat },
        `${place}.isReply`,
        'expected a function, received a string',
        'use isReply: (…) => …',
      )
    })
  })

  describe('periodic', () => {
    it('is checked in its place', () => {
      expectMistake({ periodic: { interval: 1 } }, 'options.periodic', '"message" is missing', 'add message')
    })
  })

  describe('outbox', () => {
    const place = 'options.outbox'

    it('accepts all valid combinations', () => {
      const right = [
        false,
        {},
        { limit: 1, bytes: 1, overflow: 'drop-oldest', maxAge: 0 },
        { maxAge: Infinity },
      ]
      for (const outbox of right) expect(check({ outbox })).to.deep.equal([])
    })

    it('must be an object or false', () => {
      for (const outbox of [true, null])
        expectMistake({ outbox }, place, `received ${shown(outbox)}`, 'or false')
    })

    it('must have limits from 1, an age from 0, a valid policy and a function for conflate', () => {
      expectMistake({ outbox: { limit: 0 } }, `${place}.limit`, 'received 0', 'use 1 or more')
      expectMistake({ outbox: { bytes: 1.5 } }, `${place}.bytes`, 'received 1.5', 'use 1 or more')
      expectMistake(
        { outbox: { maxAge: -1 } },
        `${place}.maxAge`,
        'from 0 to 2147483647, received -1',
        'use a number',
      )
      expectMistake(
        { outbox: { overflow: 'drop' } },
        `${place}.overflow`,
        'unknown overflow policy',
        "'drop-oldest'",
      )
      expectMistake(
        { outbox: { conflate: 1 } },
        `${place}.conflate`,
        'expected a function',
        'conflate: (…) => …',
      )
      expectMistake({ outbox: { limt: 1 } }, `${place}.limt`, 'unknown option', 'did you mean "limit"?')
    })
  })

  describe('requests', () => {
    const place = 'options.requests'

    it('accepts presets, and all valid combinations', () => {
      const place = { read: () => 1, write: () => 1 }
      const right = [
        jsonRpc(),
        ocpp(),
        homeAssistant(),
        {},
        { id: 'rid' },
        { id: false },
        { id: place, timeout: false },
      ]
      for (const requests of right) expect(check({ requests })).to.deep.equal([])
    })

    it('must be an object', () => {
      for (const requests of [true, null])
        expectMistake({ requests }, place, `received ${shown(requests)}`, 'jsonRpc()')
    })

    it('must have a valid ID, functions, limit and timeout', () => {
      for (const id of [5, {}, { read: 1, write: 2 }])
        expectMistake({ requests: { id } }, `${place}.id`, `received ${shown(id)}`, '{ read, write }')
      const cancel = async (): Promise<unknown> => 1
      expectMistake({ requests: { cancel } }, `${place}.cancel`, 'must be synchronous', 'return the value')
      expectMistake({ requests: { cancel: 1 } }, `${place}.cancel`, 'expected a function', 'cancel: (…) => …')
      expectMistake({ requests: { nextId: 1 } }, `${place}.nextId`, 'expected a function', 'nextId: (…) => …')
      expectMistake(
        { requests: { duringOpen: true } },
        `${place}.duringOpen`,
        'expected a function',
        'duringOpen: (…) => …',
      )
      expectMistake({ requests: { limit: 0 } }, `${place}.limit`, 'received 0', 'use 1 or more')
      expectMistake({ requests: { heartbeatIds: 1 } }, `${place}.heartbeatIds`, 'received 1', 'true or false')
      expectMistake(
        { requests: { timeout: 0 } },
        `${place}.timeout`,
        'from 1 to 2147483647, received 0',
        'use a number',
      )
      expectMistake(
        { requests: { timout: 1 } },
        `${place}.timout`,
        'unknown option',
        'did you mean "timeout"?',
      )
    })
  })

  it('accepts only a connectLimiter from createConnectLimiter', () => {
    expect(check({ connectLimiter: createConnectLimiter({ attempts: 1, per: 1 }) })).to.deep.equal([])
    const fix = 'use createConnectLimiter({ attempts, per })'
    const received = 'expected a limiter, received a plain object'
    expectMistake({ connectLimiter: { attempts: 1, per: 1 } }, 'options.connectLimiter', received, fix)
  })

  describe('rateLimit', () => {
    const place = 'options.rateLimit'
    const right = { messages: 5, per: 1_000 }

    it('accepts a number of messages per time, and a lower reserve', () => {
      for (const reserve of [undefined, 0, 4])
        expect(check({ rateLimit: { ...right, reserve } })).to.deep.equal([])
      expectMistake({ rateLimit: 5 }, place, 'received 5', '{ messages, per, reserve }')
      expectMistake({ rateLimit: { per: 1 } }, place, '"messages" is missing', 'add messages: 10')
      expectMistake({ rateLimit: { messages: 1 } }, place, '"per" is missing', 'add per: 1_000')
      expectMistake(
        { rateLimit: { ...right, reserve: 5 } },
        `${place}.reserve`,
        'received 5',
        'from 0 to messages - 1',
      )
    })
  })

  describe('maxAge', () => {
    it('is a time or Infinity', () => {
      for (const maxAge of [undefined, Infinity, 1]) expect(check({ maxAge })).to.deep.equal([])
      expectMistake({ maxAge: 0 }, 'options.maxAge', 'received 0', 'use a number')
    })
  })
})
