import { inspect } from 'node:util'
import { expect } from 'chai'
import * as holdfast from 'holdfast'
import {
  BackpressureError,
  ConnectFailedError,
  ConnectTimeoutError,
  ConnectionClosedError,
  ConnectionLostError,
  DecodeError,
  EncodeError,
  HandshakeError,
  HeartbeatTimeoutError,
  HoldfastError,
  InvalidUrlError,
  MessageDroppedError,
  MessageValidationError,
  NotConnectedError,
  OutboxFullError,
  PingTimeoutError,
  ProtocolViolationError,
  ConnectOptionError,
  OnOpenTimeoutError,
  ReplyError,
  RequestTimeoutError,
  RetriesExhaustedError,
  StartupError,
  SubscriptionError,
  UnprocessedMessagesError,
  UnreadRepliesError,
  WaitTimeoutError,
} from 'holdfast'

const cause = new Error('beneath')
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const url = 'wss://peer.test/feed'
const mistake = { place: 'Ticker#tick', cause: 'is odd', fix: 'make it even' }

interface Row {
  readonly error: HoldfastError
  readonly code: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

const ROWS: readonly Row[] = [
  {
    error: new StartupError('Ticker', [mistake]),
    code: 'STARTUP',
    message: 'Cannot start Ticker: 1 mistake found\n  1. Ticker#tick: is odd\n     Fix: make it even',
    fields: { target: 'Ticker', mistakes: [mistake] },
  },
  {
    error: new ConnectFailedError(url, refused),
    code: 'CONNECT_FAILED',
    message: `Failed to connect to ${url}: connect ECONNREFUSED`,
    fields: { url, systemCode: 'ECONNREFUSED', cause: refused },
  },
  {
    error: new HandshakeError(
      url,
      'answered 401',
      { status: 401, headers: { a: 'b' }, body: 'no' },
      { cause },
    ),
    code: 'HANDSHAKE',
    message: 'answered 401',
    fields: { url, status: 401, headers: { a: 'b' }, body: 'no', violation: undefined, cause },
  },
  {
    error: new HandshakeError(url, 'broke the rules', { violation: 'accept' }),
    code: 'HANDSHAKE',
    message: 'broke the rules',
    fields: { status: undefined, headers: {}, body: '', violation: 'accept' },
  },
  {
    error: new ConnectTimeoutError(url, 10_000),
    code: 'CONNECT_TIMEOUT',
    message: `Connection attempt to ${url} timed out after 10000 ms (connectTimeout)`,
    fields: { timeout: 10_000 },
  },
  {
    error: new ConnectTimeoutError(undefined, 10_000),
    code: 'CONNECT_TIMEOUT',
    message:
      'Connection attempt timed out after 10000 ms (connectTimeout): an option function is still pending',
  },
  {
    error: new ConnectOptionError('headers', cause),
    code: 'CONNECT_OPTION',
    message: 'The headers function threw: beneath',
    fields: { option: 'headers', cause, isInvalidValue: false },
  },
  {
    error: new ConnectOptionError('url', cause, true),
    code: 'CONNECT_OPTION',
    message: 'The url function returned an invalid value: beneath',
    fields: { option: 'url', cause, isInvalidValue: true },
  },
  { error: new InvalidUrlError('The url is odd'), code: 'INVALID_URL', message: 'The url is odd' },
  {
    error: new OnOpenTimeoutError(30_000),
    code: 'ON_OPEN_TIMEOUT',
    message: '@OnOpen did not complete within 30000 ms (onOpenTimeout)',
    fields: { timeout: 30_000 },
  },
  {
    error: new HeartbeatTimeoutError(30_000.4, 'silence 30000 ms'),
    code: 'HEARTBEAT_TIMEOUT',
    message: 'No data received for 30000 ms (silence 30000 ms): connection terminated',
    fields: { silence: 30_000.4 },
  },
  {
    error: new ConnectionLostError('It was lost', 1006, 'gone', { cause }),
    code: 'CONNECTION_LOST',
    message: 'It was lost',
    fields: { closeCode: 1006, reason: 'gone', cause },
  },
  {
    error: new ProtocolViolationError(1009, cause),
    code: 'PROTOCOL_VIOLATION',
    message: 'Peer violated the protocol: beneath (closed with 1009)',
    fields: { sentCode: 1009, cause },
  },
  { error: new ConnectionClosedError('It is closed'), code: 'CONNECTION_CLOSED', message: 'It is closed' },
  {
    error: new NotConnectedError('waiting'),
    code: 'NOT_CONNECTED',
    message: 'Cannot send while the connection is waiting. Await connection.whenOpen(), or enable the outbox',
    fields: { status: 'waiting' },
  },
  {
    error: new PingTimeoutError(1_234.5, 16),
    code: 'PING_TIMEOUT',
    message: 'Ping timed out: no pong after 1235 ms and 15 later pings',
    fields: { age: 1_234.5 },
  },
  {
    error: new OutboxFullError(3, 99),
    code: 'OUTBOX_FULL',
    message:
      'Outbox is full (3 messages, 99 bytes). Await connection.whenOpen(), raise outbox.limit or outbox.bytes, or set outbox.overflow',
    fields: { size: 3, bytes: 99 },
  },
  {
    error: new MessageDroppedError('overflow', ['a']),
    code: 'MESSAGE_DROPPED',
    message: '1 message dropped: the outbox was full',
    fields: { reason: 'overflow', messages: ['a'], count: 1 },
  },
  {
    error: new MessageDroppedError('closed', ['a', 'b']),
    code: 'MESSAGE_DROPPED',
    message: '2 messages dropped: the connection closed before it was ready',
    fields: { reason: 'closed', count: 2 },
  },
  {
    error: new RetriesExhaustedError(3, cause),
    code: 'RETRIES_EXHAUSTED',
    message: 'All 3 connection attempts failed (reconnect.maxAttempts). Last error: beneath',
    fields: { attempts: 3, cause },
  },
  {
    error: new DecodeError('{"a', cause),
    code: 'DECODE',
    message: 'Failed to decode a message ("{\\"a"): beneath',
    fields: { raw: '{"a', cause },
  },
  {
    error: new MessageValidationError('Feed#tick', 'ticker', '{"type":"ticker"}', [
      { message: 'Required', path: ['price'] },
      { message: 'Too odd' },
    ]),
    code: 'MESSAGE_VALIDATION',
    message: 'Message "ticker" failed validation for Feed#tick: price: Required; Too odd',
    fields: { key: 'ticker', raw: '{"type":"ticker"}' },
  },
  { error: new EncodeError('It has no text'), code: 'ENCODE', message: 'It has no text' },
  {
    error: new WaitTimeoutError(30_000),
    code: 'WAIT_TIMEOUT',
    message: 'waitFor timed out after 30000 ms: no matching message received',
    fields: { timeout: 30_000 },
  },
  {
    error: new BackpressureError(16_385),
    code: 'BACKPRESSURE',
    message:
      '16385 messages are pending, 16 times highWaterMark. Reading is paused, so no reply can arrive. ' +
      'Speed up the handlers, or raise concurrency or highWaterMark',
    fields: { pending: 16_385 },
  },
  {
    error: new BackpressureError(0, 'iterator'),
    code: 'BACKPRESSURE',
    message:
      'A messages() loop has fallen behind by more than 16 times its highWaterMark. Reading is paused, so no reply can arrive. ' +
      'Read faster, or break out of the loop',
    fields: { pending: 0 },
  },
  {
    error: new BackpressureError(16_384, 'waits'),
    code: 'BACKPRESSURE',
    message:
      '16384 waitFor calls are pending, which is the limit. Use shorter timeouts, or wait for fewer messages at once',
    fields: { pending: 16_384 },
  },
  {
    error: new OutboxFullError(0, 1_601, 100),
    code: 'OUTBOX_FULL',
    message:
      'Cannot send: 1601 bytes are waiting, more than 16 times sendHighWaterMark (100). ' +
      'Await the promise that send() returns, or raise sendHighWaterMark',
    fields: { size: 0, bytes: 1_601 },
  },
  {
    error: new SubscriptionError('ticker', 'refused', 'Server rejected subscription "ticker"', {
      cause,
      details: { ok: false },
    }),
    code: 'SUBSCRIPTION',
    message: 'Server rejected subscription "ticker"',
    fields: { key: 'ticker', keys: ['ticker'], reason: 'refused', details: { ok: false }, cause },
  },
  {
    error: new RequestTimeoutError(30_000, { id: 7 }, true),
    code: 'REQUEST_TIMEOUT',
    message: 'Request 7 timed out after 30000 ms: no reply received',
    fields: { timeout: 30_000, id: 7, wasSent: true },
  },
  {
    error: new ReplyError({ id: 7 }, { code: -32_601, message: 'no such method' }),
    code: 'REPLY',
    message: 'Request 7 failed: the server replied -32601 no such method',
    fields: { id: 7, details: { code: -32_601, message: 'no such method' } },
  },
  {
    error: new UnreadRepliesError({ id: 7 }, 1),
    code: 'UNREAD_REPLIES',
    message: 'Request 7 canceled: 1 reply is unread. Read faster, or raise highWaterMark',
    fields: { id: 7, unread: 1 },
  },
  {
    error: new UnreadRepliesError({ id: 7 }, 1_024),
    code: 'UNREAD_REPLIES',
    message: 'Request 7 canceled: 1024 replies are unread. Read faster, or raise highWaterMark',
    fields: { id: 7, unread: 1_024 },
  },
  {
    error: new UnprocessedMessagesError(1),
    code: 'UNPROCESSED_MESSAGES',
    message: '1 received message discarded: the connection ended before it was handled',
    fields: { count: 1 },
  },
  {
    error: new UnprocessedMessagesError(2),
    code: 'UNPROCESSED_MESSAGES',
    message: '2 received messages discarded: the connection ended before they were handled',
  },
  {
    error: new UnprocessedMessagesError(0, ['Ticker#tick', 'Ticker#book', 'Ticker#tick']),
    code: 'UNPROCESSED_MESSAGES',
    message: 'Ticker#tick, Ticker#book did not complete before the connection ended',
    fields: { handlers: ['Ticker#tick', 'Ticker#book', 'Ticker#tick'] },
  },
]

/** Returns the name of a request with this message in an error. */
function named(message: unknown): string {
  const id: unknown = Array.isArray(message) && message[0] === 2 ? message[1] : 7
  const { message: text } = new ReplyError({ id, message, client: 'Ticker#1' }, undefined)
  return text.replace(' failed: the server replied with an error', '')
}

describe('An error of a request', () => {
  for (const [message, name] of [
    [{ method: 'getBook', params: ['secret'] }, 'Request 7 (method "getBook") of Ticker#1'],
    [{ id: 7, type: 'auth', token: 'secret' }, 'Request 7 (type "auth") of Ticker#1'],
    [[2, 'id', 'BootNotification', { secret: 1 }], 'Request id ("BootNotification") of Ticker#1'],
    [['BootNotification', { secret: 1 }], 'Request 7 ("BootNotification") of Ticker#1'],
    [{ token: 'secret' }, 'Request 7 of Ticker#1'],
    ['secret', 'Request 7 of Ticker#1'],
    [null, 'Request 7 of Ticker#1'],
    [{ op: 'x'.repeat(200) }, `Request 7 (op "${'x'.repeat(80)}…") of Ticker#1`],
  ] as const) {
    it(`names its client and its purpose, and nothing else: ${JSON.stringify(message).slice(0, 50)}`, () => {
      expect(named(message)).to.equal(name)
    })
  }
})

/** Subclasses by base class. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  ConnectionError: [
    'ConnectFailedError',
    'ConnectOptionError',
    'ConnectTimeoutError',
    'ConnectionLostError',
    'HandshakeError',
    'HeartbeatTimeoutError',
    'InvalidUrlError',
    'OnOpenTimeoutError',
    'ProtocolViolationError',
    'RetriesExhaustedError',
  ],
  MessageError: ['DecodeError', 'EncodeError', 'MessageValidationError', 'UnprocessedMessagesError'],
  SendError: ['ConnectionClosedError', 'MessageDroppedError', 'NotConnectedError', 'OutboxFullError'],
  RequestError: [
    'BackpressureError',
    'ReplyError',
    'RequestTimeoutError',
    'UnreadRepliesError',
    'WaitTimeoutError',
  ],
}

describe('errors', () => {
  for (const { error, code, message, fields = {} } of ROWS) {
    it(`include ${error.name}: ${message.split('\n')[0]}`, () => {
      expect(error).to.be.instanceOf(HoldfastError).and.instanceOf(Error)
      expect(error.name).to.equal(error.constructor.name)
      expect(error.code).to.equal(`HOLDFAST_${code}`)
      expect(error.message).to.equal(message)
      for (const [name, value] of Object.entries(fields)) {
        expect(error, name).to.have.property(name).that.deep.equals(value)
      }
    })
  }

  it('have a row above for each exported class', () => {
    const exported = Object.entries(holdfast).filter(([name]) => name.endsWith('Error') && name !== 'OnError')
    const untested = exported.filter(
      ([name, value]) =>
        name !== 'HoldfastError' &&
        !(name in FAMILIES) &&
        !ROWS.some(({ error }) => error.constructor === (value as unknown)),
    )
    expect(untested.map(([name]) => name)).to.deep.equal([])
  })

  it('belong to the documented family, or to none', () => {
    const exported = Object.entries(holdfast).filter(([name]) => name.endsWith('Error') && name !== 'OnError')
    const byFamily = Object.keys(FAMILIES).map((family) => {
      const { prototype } = holdfast[family as keyof typeof holdfast] as { prototype: object }
      const members = exported.filter(([, value]) => {
        const own = (value as { prototype: object }).prototype
        return own !== prototype && Object.prototype.isPrototypeOf.call(prototype, own)
      })
      return [family, members.map(([name]) => name).sort()]
    })
    expect(Object.fromEntries(byFamily)).to.deep.equal(FAMILIES)
  })

  it('have the name of their class', () => {
    class OddUrlError extends InvalidUrlError {}
    expect(new OddUrlError('odd').name).to.equal('OddUrlError')
  })
})

describe('HoldfastError', () => {
  it('escapes text from the server, so that the message stays one line without terminal codes', () => {
    const { message } = new ReplyError({ id: 'a\nb' }, { message: 'no\r\n\u001b[2Jdone\u202e' })
    expect(message).to.equal('Request a\\nb failed: the server replied no\\r\\n\\u001b[2Jdone\\u202e')
  })

  it('escapes the lines of a message one by one', () => {
    const { message } = new StartupError('Ticker', [{ ...mistake, cause: 'has the name "a\nb"' }])
    expect(message.split('\n')).to.have.length(3)
    expect(message).to.contain('has the name "a\\nb"')
  })
})

describe('StartupError', () => {
  it('numbers all mistakes, each with its place and its fix', () => {
    const { message } = new StartupError('Ticker', [
      mistake,
      { place: 'options.url', cause: 'is gone', fix: 'go' },
    ])
    expect(message.split('\n')).to.deep.equal([
      'Cannot start Ticker: 2 mistakes found',
      '  1. Ticker#tick: is odd',
      '     Fix: make it even',
      '  2. options.url: is gone',
      '     Fix: go',
    ])
  })

  it('prints each mistake once', () => {
    const error = new StartupError('Ticker', [mistake], { cause })
    const count = (text: string): number => text.split(mistake.fix).length - 1
    expect(count(inspect(error, { depth: 5 }))).to.equal(1)
    // As Node prints it if it is not caught.
    expect(count(inspect(error, { depth: 5, customInspect: false }))).to.equal(1)
    expect(count(error.stack ?? '')).to.equal(1)
    expect(JSON.stringify(error)).not.to.contain(mistake.fix)
  })
})

describe('HandshakeError', () => {
  it('prints no headers, because they can contain cookies and the query of a redirect', () => {
    const headers = { 'set-cookie': ['id=secret'], location: 'https://peer.test/?token=secret' }
    const error = new HandshakeError(url, 'HTTP 302', { status: 302, headers })
    expect(`${inspect(error)} ${JSON.stringify(error)}`).not.to.contain('secret')
    expect(error.headers).to.equal(headers)
  })
})

describe('DecodeError', () => {
  it('shows at most the first 80 characters of a text', () => {
    const { message, raw } = new DecodeError('x'.repeat(81), cause)
    expect(message).to.equal(`Failed to decode a message ("${'x'.repeat(80)}…"): beneath`)
    expect(raw).to.have.length(81)
    expect(new DecodeError('x'.repeat(80), cause).message).to.contain(`("${'x'.repeat(80)}")`)
  })

  it('shows the number of bytes of a binary frame', () => {
    expect(new DecodeError(new Uint8Array(3), cause).message).to.equal(
      'Failed to decode a message (3 bytes): beneath',
    )
  })

  it('can be created whatever a codec throws', () => {
    expect(new DecodeError('x', Object.create(null)).message).to.equal(
      'Failed to decode a message ("x"): object',
    )
  })
})
