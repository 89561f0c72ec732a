import { inspect } from 'node:util'
import { expect } from 'chai'
import { previewOf, withoutSecrets } from '#src/diagnostics/secrets.js'
import { DIAGNOSTIC_CHANNELS } from '../support/channel-names.js'
import { listenTo } from '../support/heard.js'
import { ready } from '../support/rig.js'

const S = 's3cr3t-value'

describe('withoutSecrets', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`{"op":"login","token":"${S}"}`, '{"op":"login","token":[redacted]}'],
    [`{\\"apiKey\\":\\"${S}\\",\\"n\\":1}`, '{\\"apiKey\\":[redacted],\\"n\\":1}'],
    [`{"auth":{"key":"${S}","secret":"${S}"},"n":1}`, '{"auth":[redacted],"n":1}'],
    [`{"password":"${S}`, '{"password":[redacted]'],
    [`{"access_token": ["${S}"], "n": 1}`, '{"access_token": [redacted], "n": 1}'],
    [`Authorization: Bearer ${S}`, 'Authorization: [redacted]'],
    [`closed: token=${S}, retry`, 'closed: token=[redacted], retry'],
    [`invalid token ${S}`, 'invalid token [redacted]'],
    [
      `cannot reach wss://me:${S}@a.test/x?key=${S}#f now`,
      'cannot reach wss://[redacted]@a.test/x?[redacted] now',
    ],
    [`cannot reach ws://me:a@${S}@a.test/x`, 'cannot reach ws://[redacted]@a.test/x'],
    [`{"token":"a\\"${S}","n":1}`, '{"token":[redacted],"n":1}'],
    [`{"auth":{"user":{"n":1},"key":"${S}"},"n":1}`, '{"auth":[redacted],"n":1}'],
    [`{"auth":{"a":"}","b":"${S}"},"n":1}`, '{"auth":[redacted],"n":1}'],
    [`["token",[["]"],"${S}"],1]`, '["token",[redacted],1]'],
    [`{"op":"auth","args":["${S}"],"n":1}`, '{"op":"auth","args":[redacted],"n":1}'],
    [`{"name":"password","value":"${S}"}`, '{"name":"password","value":[redacted]}'],
    [`{"secretKey":"${S}","tokens":{"a":"${S}"}}`, '{"secretKey":[redacted],"tokens":[redacted]}'],
    [`{"authPayload":"${S}","pin":1234,"n":1}`, '{"authPayload":[redacted],"pin":[redacted],"n":1}'],
    [`passcode:${S}\nhost:a`, 'passcode:[redacted]\nhost:a'],
    [`Authorization: Token ${S} b\nn: 1`, 'Authorization: [redacted]\nn: 1'],
    [`Cookie: a=b; c=${S}\nn: 1`, 'Cookie: [redacted]\nn: 1'],
    [`the api key ${S} was refused`, 'the api key [redacted] was refused'],
    [`<token>${S}</token>`, '<token>[redacted]</token>'],
    ['expired eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', 'expired [redacted]'],
    ['listen on pqia91ma19a5s61cv6a81va65sdf19v8a65a1', 'listen on [redacted]'],
  ]
  for (const [text, expected] of cases) {
    it(`redacts ${text.replaceAll(S, '…').slice(0, 40)}`, () => {
      expect(withoutSecrets(text)).to.equal(expected)
    })
  }

  const harmless = [
    '{"type":"ticker","price":"64250.10","symbol":"BTCUSDT"}',
    'Failed to connect to wss://a.test/feed: connect ECONNREFUSED 127.0.0.1:9',
    'Request 7 (method "getBook") of Ticker#1 timed out after 30000 ms: no reply received',
    'the token has expired',
    '{"design":"a","author":"b","assignment":"c","authenticated":true,"keyword":"d"}',
    `Unexpected token '}', "{"a":}" is not valid JSON`,
    'unauthorized: the session of the author is over',
    'Message "ticker" failed validation for TickerClient#tick: price: expected number',
  ]
  for (const text of harmless) {
    it(`keeps ${text.slice(0, 40)}`, () => {
      expect(withoutSecrets(text)).to.equal(text)
    })
  }

  it('reads long texts in linear time', () => {
    // In quadratic time, each of these would take hours, and the test would time out.
    const parts = [
      'a',
      'a.',
      'a-',
      'token',
      'token ',
      'token:{',
      '1a',
      '"',
      '://',
      'a=',
      '\\',
      'a://a@',
      'eyJ.',
      'token="\\',
    ]
    for (const part of parts) expect(withoutSecrets(part.repeat(100_000))).to.be.a('string')
  })
})

describe('previewOf', () => {
  it('shows the first 75 characters on one line', () => {
    expect(previewOf('a\nb')).to.equal('a\\nb')
    expect(previewOf('x '.repeat(100))).to.equal(`${'x '.repeat(37)}x…`)
  })

  it('redacts a secret whose end is missing', () => {
    expect(previewOf(`{"token":"${S.repeat(100)}"}`)).to.equal('{"token":[redacted]')
  })
})

describe('Published data', () => {
  const login = { op: 'login', token: S, args: [{ apiKey: S, passphrase: S, sign: S }] }

  /** Everything that a subscriber can print. */
  function printed(event: object): string {
    const { preview = '', error } = event as { preview?: string; error?: { stack?: string } }
    return [
      JSON.stringify(event),
      inspect(event, { depth: 9, showHidden: true }),
      preview,
      error?.stack,
    ].join('\n')
  }

  it('contains no secret from the URL, the headers, the subprotocols, a login, a close reason or an error', async () => {
    using heard = listenTo(...DIAGNOSTIC_CHANNELS.filter((name) => name !== 'holdfast:message'))
    const rig = await ready(
      {
        url: `wss://user:${S}@a.test/feed?token=${S}`,
        headers: { authorization: `Bearer ${S}`, cookie: `session=${S}` },
        protocols: ['v1', `bearer.${S}`],
        concurrency: {
          limit: 1,
          key: (message: unknown) => (message as { n: number }).n,
          conflate: true,
        } as never,
        highWaterMark: 1,
      },
      {
        open: () => login,
        message: (message) => {
          if ((message as { fails?: boolean }).fails) throw new Error(`login failed: {"token":"${S}"}`)
        },
      },
    )
    const { server, clock, witness } = rig
    const request = witness.connection.request(login, { timeout: 10 }).catch(() => undefined)
    server.peer.send({ ...login, fails: true })
    server.peer.send(`{"token":"${S}", broken`)
    for (let n = 0; n < 4; n += 1) server.peer.send(login)
    await witness.heartbeat.ping()
    await clock.advance(20)
    await request
    server.onAttempt = (peer) => peer.refuse(new Error(`403 for wss://user:${S}@a.test/feed?token=${S}`))
    server.peer.close(4_001, `invalid token ${S}`)
    await clock.advance(60_000)
    void witness.connection.send(JSON.stringify(login))
    server.onAttempt = (peer) => peer.drop(new Error(`Authorization: Bearer ${S}`))
    await clock.advance(60_000)
    await witness.connection.close(1_000, `token=${S}`)
    const seen = new Set(heard.channels)
    for (const name of [
      'attempt',
      'close',
      'delay',
      'drop',
      'error',
      'frame',
      'request',
      'round-trip',
      'state',
    ])
      expect(seen, name).to.include(`holdfast:${name}`)
    expect(heard.events.map(printed).filter((text) => text.includes(S))).to.deep.equal([])
  })

  it('of holdfast:message is the message itself', async () => {
    const { server } = await ready()
    using heard = listenTo('holdfast:message')
    server.peer.send(login)
    expect(heard.events.map(({ message }) => message)).to.deep.equal([login])
  })
})
