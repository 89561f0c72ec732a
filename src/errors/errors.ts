import { describeIssue } from '../core/schema.js'
import type { SchemaIssue } from '../core/schema.js'

/** The base of every error that Holdfast makes. `code` is stable; `cause` is what lies beneath. */
export abstract class HoldfastError extends Error {
  /** A stable name for programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** One thing that is wrong with a class, a module or an option, found before anything connects. */
export interface Mistake {
  /** Where it is: `TickerClient#opened`, `AppModule`, `options.heartbeat.interval`. */
  readonly place: string
  /** What is wrong there. */
  readonly cause: string
  /** What to type instead. */
  readonly fix: string
}

/** All mistakes of a start at once. Nothing has connected when it is thrown. */
export class StartupError extends HoldfastError {
  readonly code = 'HOLDFAST_STARTUP'
  /** The name of the class that was to be started. */
  readonly target: string
  readonly mistakes: readonly Mistake[]

  constructor(target: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map(
      ({ place, cause, fix }, index) => `  ${index + 1}. ${place}: ${cause}\n     Fix: ${fix}`,
    )
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    super(`${target} cannot start: ${count}.\n${lines.join('\n')}`)
    this.target = target
    this.mistakes = mistakes
  }
}

/** An attempt failed before the server answered: name not found, connection refused, TLS. */
export class ConnectError extends HoldfastError {
  readonly code = 'HOLDFAST_CONNECT'
  /** Origin and path; never the query or credentials. */
  readonly url: string
  /** Node's code of the cause, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly systemCode: string | undefined

  constructor(url: string, cause: Error) {
    super(`Could not connect to ${url}: ${reasonOf(cause)}`, { cause })
    this.url = url
    this.systemCode = (cause as NodeJS.ErrnoException).code
  }
}

/** What a {@link HandshakeError} knows. */
export interface HandshakeFacts {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly body?: string
  readonly violation?: 'upgrade' | 'accept' | 'subprotocol' | 'extension'
}

/** The server answered the opening handshake, and not with an upgrade that can be used (RFC 6455, section 4.1). */
export class HandshakeError extends HoldfastError {
  readonly code = 'HOLDFAST_HANDSHAKE'
  /** Origin and path; never the query or credentials. */
  readonly url: string
  /** The HTTP status of a refusal; `undefined` when the server did upgrade but broke the rules. */
  readonly status: number | undefined
  /** The answer's headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The beginning of the answer's body, at most 16 KiB. */
  readonly body: string
  /** What was wrong with an upgrade: the accept key, the subprotocol, an extension. */
  readonly violation: HandshakeFacts['violation']

  constructor(url: string, message: string, facts: HandshakeFacts, options?: ErrorOptions) {
    super(`${url} ${message}`, options)
    this.url = url
    this.status = facts.status
    this.headers = facts.headers ?? {}
    this.body = facts.body ?? ''
    this.violation = facts.violation
  }
}

/** An attempt took longer than `connectTimeout`, url, headers and protocols functions included. */
export class ConnectTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_CONNECT_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(url: string | undefined, timeout: number) {
    const where = url === undefined ? 'The url, headers or protocols function' : url
    const what = url === undefined ? 'has not answered' : 'has not finished the opening handshake'
    super(`${where} ${what} within connectTimeout (${timeout} ms)`)
    this.timeout = timeout
  }
}

/** A `url`, `headers` or `protocols` function threw, rejected, or gave something unusable. The attempt counts as failed. */
export class ProviderError extends HoldfastError {
  readonly code = 'HOLDFAST_PROVIDER'
  /** Which option it was. */
  readonly option: 'url' | 'headers' | 'protocols'

  constructor(option: 'url' | 'headers' | 'protocols', cause: unknown) {
    super(`The ${option} function failed: ${reasonOf(cause)}`, { cause })
    this.option = option
  }
}

/** The url cannot be connected to, whatever the network does. */
export class InvalidUrlError extends HoldfastError {
  readonly code = 'HOLDFAST_INVALID_URL'
}

/** `@OnOpen` had not settled within `readyTimeout`. */
export class ReadyTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_READY_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`@OnOpen has not settled within readyTimeout (${timeout} ms)`)
    this.timeout = timeout
  }
}

/** The peer gave no sign of life for the heartbeat's time: the connection was cut. */
export class HeartbeatTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_HEARTBEAT_TIMEOUT'
  /** How long the peer had been silent, in milliseconds. */
  readonly silence: number

  constructor(silence: number, what: string) {
    super(`The peer has sent nothing for ${Math.round(silence)} ms (${what}): taken for dead, and cut`)
    this.silence = silence
  }
}

/** A ping of `Heartbeat.ping()` was given up: the peer has left so many later ones unanswered too. */
export class PingTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_PING_TIMEOUT'
  /** How long ago it was sent, in milliseconds. */
  readonly age: number

  constructor(age: number, pings: number) {
    super(`The peer has left ${pings} pings unanswered: the oldest, ${Math.round(age)} ms old, is given up`)
    this.age = age
  }
}

/** The physical connection is gone, and with it what was waiting on it. `cause` says why, where there is a reason. */
export class ConnectionLostError extends HoldfastError {
  readonly code = 'HOLDFAST_CONNECTION_LOST'
  /** The received close code; 1006 where there was none. */
  readonly closeCode: number
  readonly reason: string

  constructor(message: string, closeCode: number, reason: string, options?: ErrorOptions) {
    super(message, options)
    this.closeCode = closeCode
    this.reason = reason
  }
}

/** The peer broke the protocol or went over a limit, such as `maxPayload`; the connection was closed with `sentCode`. */
export class ProtocolViolationError extends HoldfastError {
  readonly code = 'HOLDFAST_PROTOCOL_VIOLATION'
  /** The close code for it: 1002, 1007, 1008 or 1009. The peer was told, unless this side had sent a close frame before. */
  readonly sentCode: number

  constructor(sentCode: number, cause: Error) {
    super(`The peer broke the protocol or a limit: ${cause.message} (close code ${sentCode})`, { cause })
    this.sentCode = sentCode
  }
}

/** It was asked of a connection that has been closed, or is closing. */
export class ConnectionClosedError extends HoldfastError {
  readonly code = 'HOLDFAST_CONNECTION_CLOSED'
}

/** A send while the connection is not open, and there is no outbox. */
export class NotConnectedError extends HoldfastError {
  readonly code = 'HOLDFAST_NOT_CONNECTED'
  /** What the connection was doing: `connecting` or `waiting`, or `open` while the peer closes. */
  readonly status: string

  constructor(status: string) {
    super(
      `Cannot send while ${status}: await connection.whenOpen() first, send from @OnOpen, or have an outbox`,
    )
    this.status = status
  }
}

/** A send while not connected, and the outbox is full: `outbox.limit` or `outbox.bytes`, with `overflow: 'reject'`. */
export class OutboxFullError extends HoldfastError {
  readonly code = 'HOLDFAST_OUTBOX_FULL'
  /** How many messages are kept. */
  readonly size: number
  /** How many bytes they have. */
  readonly bytes: number

  constructor(size: number, bytes: number) {
    super(
      `The outbox is full (${size} messages, ${bytes} bytes): await connection.whenOpen(), raise outbox.limit or outbox.bytes, ` +
        "or choose what goes with outbox.overflow: 'drop-oldest' | 'drop-newest'",
    )
    this.size = size
    this.bytes = bytes
  }
}

/** Messages that had been accepted will not be sent. */
export class MessageDroppedError extends HoldfastError {
  readonly code = 'HOLDFAST_MESSAGE_DROPPED'
  /** Why: the outbox was full; older than `outbox.maxAge`; the connection has been closed; or lost while `rateLimit` held them back. */
  readonly reason: keyof typeof DROP_REASONS
  /** The messages, as they were given to `send`, `sendJson` or `sendMessage`. */
  readonly messages: readonly unknown[]

  constructor(reason: MessageDroppedError['reason'], messages: readonly unknown[]) {
    const count = messages.length === 1 ? '1 message was' : `${messages.length} messages were`
    super(`${count} not sent: ${DROP_REASONS[reason]}`)
    this.reason = reason
    this.messages = messages
  }

  get count(): number {
    return this.messages.length
  }
}

const DROP_REASONS = {
  overflow: 'the outbox was full',
  expired: 'older than outbox.maxAge when the connection was ready',
  closed: 'the connection was closed before it was ready again',
  lost: 'the connection was lost before rateLimit let them go',
} as const

/** `reconnect.maxAttempts` tries have failed; `cause` is why the last one did. */
export class RetriesExhaustedError extends HoldfastError {
  readonly code = 'HOLDFAST_RETRIES_EXHAUSTED'
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    super(`Gave up after ${attempts} attempts (reconnect.maxAttempts): ${reasonOf(cause)}`, { cause })
    this.attempts = attempts
  }
}

/** A frame that the codec cannot read. The message is lost, the connection is not. */
export class DecodeError extends HoldfastError {
  readonly code = 'HOLDFAST_DECODE'
  /** The frame as it came. */
  readonly raw: string | Uint8Array

  constructor(raw: string | Uint8Array, cause: unknown) {
    const excerpt = typeof raw === 'string' ? JSON.stringify(excerptOf(raw, 80)) : `${raw.byteLength} bytes`
    super(`Could not decode a message (${excerpt}): ${reasonOf(cause)}`, { cause })
    this.raw = raw
  }
}

/** No more fit into the text of an error. */
const MOST_TOLD_ISSUES = 500

/** A message that no schema of the handlers for its key accepts. The handlers have not seen it. */
export class MessageValidationError extends HoldfastError {
  readonly code = 'HOLDFAST_MESSAGE_VALIDATION'
  /** What is wrong with it, as the schemas tell. */
  readonly issues: readonly SchemaIssue[]
  /** What the message was routed by; `undefined` where it has no key. */
  readonly key: unknown
  /** The frame as it came: it may carry several messages. */
  readonly raw: string | Uint8Array

  constructor(handler: string, key: unknown, raw: string | Uint8Array, issues: readonly SchemaIssue[]) {
    const name = key === undefined ? 'A message' : `A message with the key ${excerptOf(safeString(key), 80)}`
    const told = issues.slice(0, MOST_TOLD_ISSUES).map(describeIssue).join('; ')
    super(`${name} does not fit ${handler}: ${excerptOf(told, 500)}`)
    this.issues = issues
    this.key = key
    this.raw = raw
  }
}

/** A value that the codec cannot write, or that a handler can only have returned by accident. */
export class EncodeError extends HoldfastError {
  readonly code = 'HOLDFAST_ENCODE'
}

/** `waitFor` saw no matching message in time. */
export class WaitTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_WAIT_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`waitFor has seen no matching message within ${timeout} ms`)
    this.timeout = timeout
  }
}

/** So many messages were waiting for slow handlers that what waited for one further message had to give up. */
export class BackpressureError extends HoldfastError {
  readonly code = 'HOLDFAST_BACKPRESSURE'
  /** How many messages were waiting to be handled. */
  readonly pending: number

  constructor(pending: number) {
    super(
      `${pending} messages wait for slow handlers, 16 times highWaterMark: reading stops until they have been ` +
        'handled, so nothing can be waited for. Make the handlers faster, or raise concurrency or highWaterMark',
    )
    this.pending = pending
  }
}

/** The connection ended, and messages were left that no handler could take within the time for it. */
export class UnhandledMessagesError extends HoldfastError {
  readonly code = 'HOLDFAST_UNHANDLED_MESSAGES'
  /** How many messages were left. */
  readonly count: number

  constructor(count: number) {
    super(
      `${count === 1 ? '1 received message was' : `${count} received messages were`} not handled before the connection ended`,
    )
    this.count = count
  }
}

/** Cuts a text that is too long for a message. */
export function excerptOf(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** Says in one line why something failed; Node's AggregateError has an empty message of its own. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return [...new Set(thrown.errors.map(reasonOf))].join('; ')
  }
  return thrown instanceof Error ? thrown.message || thrown.name : safeString(thrown)
}

/** Returns what was thrown if it is an Error, else an Error that carries it. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`Something other than an Error was thrown: ${safeString(thrown)}`, { cause: thrown })
}

/** Shows any value, also one that cannot be shown. */
export function safeString(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
