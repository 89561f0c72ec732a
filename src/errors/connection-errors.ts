import { reasonOf } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base of the errors of a connection: it failed to open, was lost, or is not tried again. */
export abstract class ConnectionError extends HoldfastError {}

/** An attempt failed before the server answered: name not found, connection refused, TLS. */
export class ConnectFailedError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_FAILED'
  /** Origin and path; never the query or credentials. */
  readonly url: string
  /** Node's code of the cause, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly systemCode: string | undefined

  /** @param reason replaces the message of the cause */
  constructor(url: string, cause: Error, reason = reasonOf(cause)) {
    super(`Failed to connect to ${url}: ${reason}`, { cause })
    this.url = url
    this.systemCode = (cause as NodeJS.ErrnoException).code
  }
}

/** What a {@link HandshakeError} knows. */
export interface HandshakeFacts {
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  readonly body?: string | undefined
  readonly violation?: 'upgrade' | 'accept' | 'subprotocol' | 'extension' | undefined
}

/** The server answered the opening handshake, and not with an upgrade that can be used (RFC 6455, section 4.1). */
export class HandshakeError extends ConnectionError {
  readonly code = 'HOLDFAST_HANDSHAKE'
  /** Origin and path; never the query or credentials. */
  readonly url: string
  /** The HTTP status of a refusal; `undefined` when the server did upgrade but broke the rules. */
  readonly status: number | undefined
  /** The answer's headers, names in lower case. Not enumerable: cookies, and the queries of a redirect, are not for logs. */
  declare readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The beginning of the answer's body, at most 16 KiB. */
  readonly body: string
  /** What was wrong with an upgrade: the accept key, the subprotocol, an extension. */
  readonly violation: HandshakeFacts['violation']

  constructor(url: string, message: string, facts: HandshakeFacts, options?: ErrorOptions) {
    super(message, options)
    this.url = url
    this.status = facts.status
    Object.defineProperty(this, 'headers', { value: facts.headers ?? {} })
    this.body = facts.body ?? ''
    this.violation = facts.violation
  }
}

/** An attempt took longer than `connectTimeout`, url, headers and protocols functions included. */
export class ConnectTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  /**
   * @param url `undefined` while an option function is pending
   * @param remark sentences to append
   */
  constructor(url: string | undefined, timeout: number, remark = '') {
    const [where, why] =
      url === undefined ? ['', ': an option function is still pending'] : [` to ${url}`, '']
    super(`Connection attempt${where} timed out after ${timeout} ms (connectTimeout)${why}${remark}`)
    this.timeout = timeout
  }
}

/**
 * A `url`, `headers`, `protocols` or `codec` function threw or rejected, or returned a value that cannot be used. The attempt counts as
 * failed. By default the first is retried, and the second is fatal.
 */
export class ConnectOptionError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_OPTION'
  /** Which option it was. */
  readonly option: 'url' | 'headers' | 'protocols' | 'codec'
  /** True if the function returned a value that can never be used; false if it threw or rejected. */
  readonly isInvalidValue: boolean

  constructor(option: ConnectOptionError['option'], cause: unknown, isInvalidValue = false) {
    const what = isInvalidValue ? 'returned an invalid value' : 'threw'
    super(`The ${option} function ${what}: ${reasonOf(cause)}`, { cause })
    this.option = option
    this.isInvalidValue = isInvalidValue
  }
}

/** The url cannot be connected to, whatever the network does. */
export class InvalidUrlError extends ConnectionError {
  readonly code = 'HOLDFAST_INVALID_URL'
}

/** `@OnOpen` had not settled within `onOpenTimeout`. */
export class OnOpenTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_ON_OPEN_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`@OnOpen did not complete within ${timeout} ms (onOpenTimeout)`)
    this.timeout = timeout
  }
}

/** The peer gave no sign of life for the heartbeat's time: the connection was cut. */
export class HeartbeatTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_HEARTBEAT_TIMEOUT'
  /** How long the peer had been silent, in milliseconds. */
  readonly silence: number

  constructor(silence: number, what: string) {
    super(`No data received for ${Math.round(silence)} ms (${what}): connection terminated`)
    this.silence = silence
  }
}

/** The physical connection is gone, and with it what was waiting on it. `cause` says why, where there is a reason. */
export class ConnectionLostError extends ConnectionError {
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

/** A limit on what is received, and its value. */
export interface ReceiveLimit {
  readonly option: 'maxPayload' | 'maxFragments'
  readonly value: number
}

/** The peer broke the protocol or went over a limit, such as `maxPayload`; the connection was closed with `sentCode`. */
export class ProtocolViolationError extends ConnectionError {
  readonly code = 'HOLDFAST_PROTOCOL_VIOLATION'
  /** The close code for it: 1002, 1007, 1008 or 1009. The peer was told, unless this side had sent a close frame before. */
  readonly sentCode: number

  /** @param limit the option whose limit was exceeded, if it was one */
  constructor(sentCode: number, cause: Error, limit?: ReceiveLimit) {
    const message = limit
      ? `${describeExcess(limit)}: connection closed with ${sentCode}. Raise ${limit.option} if the message is expected`
      : `Peer violated the protocol: ${cause.message} (closed with ${sentCode})`
    super(message, { cause })
    this.sentCode = sentCode
  }
}

function describeExcess({ option, value }: ReceiveLimit): string {
  const unit = option === 'maxPayload' ? 'bytes' : 'fragments'
  return `Received message exceeds ${option} (${value} ${unit})`
}

/** `reconnect.maxAttempts` tries have failed; `cause` is why the last one did. */
export class RetriesExhaustedError extends ConnectionError {
  readonly code = 'HOLDFAST_RETRIES_EXHAUSTED'
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    const which = attempts === 1 ? 'The only connection attempt' : `All ${attempts} connection attempts`
    super(`${which} failed (reconnect.maxAttempts). Last error: ${reasonOf(cause)}`, { cause })
    this.attempts = attempts
  }
}
