import { expect } from 'chai'
import { jsonCodec } from 'holdfast/codecs'
import type { ConnectionOptions } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { systemClock } from '#src/core/clock.js'
import { DEFAULTS, fillIn } from '#src/options/fill-in.js'

const URL_TEXT = 'ws://peer.test'
const RECONNECT = {
  initialDelay: 2_000,
  maxDelay: 30_000,
  minUptime: 5_000,
  maxAttempts: Infinity,
  maxRetryAfter: 3_600_000,
}
const NAMES = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]

describe('fillIn', () => {
  it('fills in every documented default', () => {
    const { requests, ...settings } = fillIn({}, URL_TEXT)
    expect(requests).to.include({ timeout: 30_000, limit: 1_000 })
    expect(settings).to.deep.equal({
      hasRequests: false,
      subscriptions: undefined,
      socket: undefined,
      proxy: undefined,
      rateLimit: undefined,
      connectLimiter: undefined,
      periodic: undefined,
      maxAge: Infinity,
      url: URL_TEXT,
      protocols: [],
      headers: {},
      origin: undefined,
      userAgent: undefined,
      followRedirects: 0,
      cookies: undefined,
      route: 'type',
      replies: true,
      codec: jsonCodec,
      unpack: undefined,
      ackOnArrival: undefined,
      skipBy: 'type',
      concurrency: 1,
      highWaterMark: 1_024,
      highWaterBytes: 16_777_216,
      sendHighWaterMark: 1_048_576,
      connectTimeout: 10_000,
      onOpenTimeout: 30_000,
      drainTimeout: 30_000,
      closeTimeout: 5_000,
      maxPayload: 33_554_432,
      maxFragments: 16_384,
      compression: false,
      heartbeat: { style: 'ping', interval: 20_000, timeout: 10_000 },
      reconnect: RECONNECT,
      outbox: { limit: 1_000, bytes: 1_048_576, overflow: 'reject', maxAge: Infinity },
      clock: systemClock,
      random: Math.random,
    })
  })

  for (const name of NAMES) {
    it(`keeps the default of ${name} if it is explicitly undefined (B42)`, () => {
      expect(fillIn({ [name]: undefined }, URL_TEXT)[name]).to.equal(DEFAULTS[name])
    })

    it(`uses ${name} if it is given`, () => {
      expect(fillIn({ [name]: 7 }, URL_TEXT)[name]).to.equal(7)
    })
  }

  it('follows 10 redirects if followRedirects is true, and none by default', () => {
    const counts = [true, 3, false, undefined].map((followRedirects) => fillIn({ followRedirects }, URL_TEXT))
    expect(counts.map(({ followRedirects }) => followRedirects)).to.deep.equal([10, 3, 0, 0])
  })

  it('accepts a concurrency with a key, and fills in its defaults', () => {
    const { concurrency } = fillIn({ concurrency: { key: 'symbol' } }, URL_TEXT)
    expect(concurrency).to.deep.equal({ key: 'symbol', limit: Infinity, conflate: false })
  })

  it('keeps every other default if it is explicitly undefined, too (B42)', () => {
    const names = [
      'protocols',
      'headers',
      'route',
      'codec',
      'unpack',
      'ackOnArrival',
      'replies',
      'heartbeat',
      'periodic',
      'reconnect',
      'outbox',
      'clock',
      'random',
    ]
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as ConnectionOptions
    const { requests, ...settings } = fillIn({ ...options, requests: undefined }, URL_TEXT)
    const { requests: defaults, ...rest } = fillIn({}, URL_TEXT)
    expect(settings).to.deep.equal(rest)
    expect(requests).to.have.all.keys(defaults)
  })

  it('uses the given values', () => {
    const given = {
      protocols: 'v1',
      headers: { authorization: 'Bearer x' },
      route: 'method',
      codec: { encode: () => '', decode: () => undefined },
      clock: new FakeClock(),
      random: () => 0.5,
      replies: false,
    }
    expect(fillIn(given, URL_TEXT)).to.include(given)
  })

  it('fills in the defaults of subscriptions, and keeps the functions', () => {
    const subscribe = (topics: readonly unknown[]): unknown => topics
    const batch = { size: Infinity, delay: 0 }
    const filled = fillIn({ subscriptions: { subscribe } }, URL_TEXT).subscriptions
    expect(filled).to.deep.equal({ subscribe, ackTimeout: 10_000, batch })
    const given = { subscribe, ackTimeout: 5, batch: { size: 7 } }
    const taken = fillIn({ subscriptions: given }, URL_TEXT).subscriptions
    expect(taken).to.deep.equal({ subscribe, ackTimeout: 5, batch: { size: 7, delay: 0 } })
  })

  it('treats false as no limit: Infinity for a time, 0 for a size', () => {
    const off = {
      connectTimeout: false,
      onOpenTimeout: false,
      maxPayload: false,
      maxFragments: false,
    } as const
    expect(fillIn(off, URL_TEXT)).to.include({
      connectTimeout: Infinity,
      onOpenTimeout: Infinity,
      maxPayload: 0,
      maxFragments: 0,
    })
  })

  it('keeps a drainTimeout of 0', () => {
    expect(fillIn({ drainTimeout: 0 }, URL_TEXT).drainTimeout).to.equal(0)
  })

  describe('heartbeat', () => {
    const message = (): unknown => ({ type: 'ping' })
    const isReply = (): boolean => true
    const rows: [string, ConnectionOptions['heartbeat'], object][] = [
      ['is off with false', false, { style: 'off' }],
      ["is 'ping' by default", 'ping', { style: 'ping', interval: 20_000, timeout: 10_000 }],
      ['only listens with silence', { silence: 5_000 }, { style: 'silence', silence: 5_000 }],
      [
        'can be a message',
        { interval: 1_000, timeout: 500, message, isReply },
        { style: 'message', interval: 1_000, timeout: 500, message, isReply },
      ],
      [
        'can be a text that bypasses the codec',
        { interval: 1_000, text: 'ping' },
        { style: 'text', interval: 1_000, timeout: 10_000, text: 'ping', reply: 'pong' },
      ],
      [
        'uses times alone for pings',
        { interval: 1_000 },
        { style: 'ping', interval: 1_000, timeout: 10_000 },
      ],
      [
        'keeps the default times if they are explicitly undefined (B42)',
        { interval: undefined, timeout: undefined },
        { style: 'ping', interval: 20_000, timeout: 10_000 },
      ],
      [
        'ignores an explicitly undefined silence (B42)',
        { silence: undefined, interval: 1_000 },
        { style: 'ping', interval: 1_000, timeout: 10_000 },
      ],
    ]
    for (const [title, heartbeat, settings] of rows) {
      it(title, () => {
        expect(fillIn({ heartbeat }, URL_TEXT).heartbeat).to.deep.equal(settings)
      })
    }
  })

  describe('reconnect', () => {
    it('is off with false', () => {
      expect(fillIn({ reconnect: false }, URL_TEXT).reconnect).to.equal(false)
    })

    it('fills in options that are absent or explicitly undefined (B42)', () => {
      const reconnect = {
        initialDelay: 100,
        maxDelay: undefined,
        minUptime: undefined,
        maxAttempts: undefined,
        delays: undefined,
      }
      expect(fillIn({ reconnect }, URL_TEXT).reconnect).to.deep.equal({
        initialDelay: 100,
        maxDelay: 30_000,
        minUptime: 5_000,
        maxRetryAfter: 3_600_000,
        maxAttempts: Infinity,
      })
    })
  })
})
