import { reasonOf } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base class of connection errors: a connection failed to open, was lost, or ran out of attempts. */
export abstract class ConnectionError extends HoldfastError {}

/** A proxy between this process and the server. */
export interface ProxyFacts {
  /** Scheme, host, and port of the proxy, without credentials. */
  readonly name: string
  /** True if the proxy failed, false if the connection failed behind it. */
  readonly hasFailed: boolean
}

/** Reported if an attempt fails before the server responds: host not found, connection refused, TLS error. */
export class ConnectFailedError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_FAILED'
  /** Origin and path, without query or credentials. */
  readonly url: string
  /** Node's error code for the cause, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly systemCode: string | undefined
  /** Scheme, host, and port of the proxy that failed, without credentials; `undefined` if the failure was not the proxy's. */
  readonly proxy: string | undefined

  /**
   * @param reason text to use instead of the cause's message
   * @param proxy the proxy, if there is one
   */
  constructor(url: string, cause: Error, reason = reasonOf(cause), proxy?: ProxyFacts) {
    const way = proxy ? ` through the proxy ${proxy.name}` : ''
    super(`Failed to connect to ${url}${way}: ${reason}`, { cause })
    this.url = url
    this.systemCode = (cause as NodeJS.ErrnoException).code
    this.proxy = proxy?.hasFailed ? proxy.name : undefined
  }
}

/** Node and OpenSSL error codes for a rejected certificate. Node reports certificates with weak keys as `UNSPECIFIED`. */
const CERTIFICATE_ERROR =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|ERROR_IN_CERT_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_|UNSPECIFIED$)/

/** Returns true for the error code of a rejected certificate. */
export function isCertificateError(code: string): boolean {
  return CERTIFICATE_ERROR.test(code)
}

/** Details of a failed handshake. */
export interface HandshakeFacts {
  /** HTTP status of the rejection. */
  readonly status?: number | undefined
  /** Response headers, with lowercase names. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** Start of the response body, up to 16 KiB. */
  readonly body?: string | undefined
  /** Invalid part of an upgrade. */
  readonly violation?: 'upgrade' | 'accept' | 'subprotocol' | 'extension' | undefined
  /** Scheme, host, and port of the proxy that refused to connect, without credentials. */
  readonly proxy?: string | undefined
}

/**
 * Reported if the server answers the opening handshake, but not with a usable upgrade (RFC 6455, section 4.1), or if a proxy refuses to
 * connect to the server.
 */
export class HandshakeError extends ConnectionError {
  readonly code = 'HOLDFAST_HANDSHAKE'
  /** Origin and path, without query or credentials. */
  readonly url: string
  /** HTTP status of the rejection; `undefined` if the server upgraded the connection but its response was invalid. */
  readonly status: number | undefined
  /** Response headers, with lowercase names. Not enumerable, because cookies and the query of a redirect must not be logged. */
  declare readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Start of the response body, up to 16 KiB. */
  readonly body: string
  /** Invalid part of an upgrade: the upgrade itself, the accept key, the subprotocol, or an extension. */
  readonly violation: HandshakeFacts['violation']
  /** Scheme, host, and port of the proxy that refused to connect, without credentials; `undefined` if the server answered. */
  readonly proxy: string | undefined

  constructor(url: string, message: string, facts: HandshakeFacts, options?: ErrorOptions) {
    super(message, options)
    this.url = url
    this.status = facts.status
    Object.defineProperty(this, 'headers', { value: facts.headers ?? {} })
    this.body = facts.body ?? ''
    this.violation = facts.violation
    this.proxy = facts.proxy
  }
}

/**
 * Reported if an attempt takes longer than `connectTimeout`, including the time that the `url`, `headers` and `protocols` functions take.
 */
export class ConnectTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_TIMEOUT'
  /** The timeout in milliseconds. */
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
 * Reported if a `url`, `headers`, `protocols`, `tls`, `proxy`, `codec` or `cookies.get` function throws, rejects, or returns an invalid value,
 * if `createConnection` returns one, or if the proxy cannot be used. The attempt has then failed. By default, Holdfast retries after an exception or a rejection; an invalid
 * value is fatal.
 */
export class ConnectOptionError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECT_OPTION'
  /** Option whose function failed. */
  readonly option:
    'url' | 'headers' | 'protocols' | 'tls' | 'createConnection' | 'proxy' | 'codec' | 'cookies'
  /** True if the function returned an invalid value; false if it threw or rejected. */
  readonly isInvalidValue: boolean

  /** @param isFunction whether the option is a function */
  constructor(
    option: ConnectOptionError['option'],
    cause: unknown,
    isInvalidValue = false,
    isFunction = true,
  ) {
    const verb = isInvalidValue ? 'returned an invalid value' : 'threw'
    const name = option === 'cookies' ? 'cookies.get' : option
    const what = isFunction ? `function ${verb}` : 'option cannot be used'
    super(`The ${name} ${what}: ${reasonOf(cause)}`, { cause })
    this.option = option
    this.isInvalidValue = isInvalidValue
  }
}

/** Reported if the URL is invalid. No attempt could succeed. */
export class InvalidUrlError extends ConnectionError {
  readonly code = 'HOLDFAST_INVALID_URL'
}

/** Reported if `@OnOpen` does not complete within `onOpenTimeout`. */
export class OnOpenTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_ON_OPEN_TIMEOUT'
  /** The timeout in milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`@OnOpen did not complete within ${timeout} ms (onOpenTimeout)`)
    this.timeout = timeout
  }
}

/** Reported if no data arrives for longer than the heartbeat allows. The connection is terminated. */
export class HeartbeatTimeoutError extends ConnectionError {
  readonly code = 'HOLDFAST_HEARTBEAT_TIMEOUT'
  /** Duration of the silence in milliseconds. */
  readonly silence: number

  constructor(silence: number, what: string) {
    super(`No data received for ${Math.round(silence)} ms (${what}): connection terminated`)
    this.silence = silence
  }
}

/** Reported when a link is lost. Pending calls also reject with it. `cause` is the underlying error, if known. */
export class ConnectionLostError extends ConnectionError {
  readonly code = 'HOLDFAST_CONNECTION_LOST'
  /** Close code received from the server; 1006 if no close frame arrived. */
  readonly closeCode: number
  /** Reason in the server's close frame; may be empty. */
  readonly reason: string

  constructor(message: string, closeCode: number, reason: string, options?: ErrorOptions) {
    super(message, options)
    this.closeCode = closeCode
    this.reason = reason
  }
}

/** A limit on received messages and its value. */
export interface ReceiveLimit {
  /** Option that sets the limit. */
  readonly option: 'maxPayload' | 'maxFragments'
  /** Value of the option. */
  readonly value: number
}

/** Reported if the server violates the protocol or a limit such as `maxPayload`. The connection is closed with `sentCode`. */
export class ProtocolViolationError extends ConnectionError {
  readonly code = 'HOLDFAST_PROTOCOL_VIOLATION'
  /** Close code for the violation: 1002, 1007, 1008 or 1009. It is sent unless a close frame has already been sent. */
  readonly sentCode: number

  /** @param limit the limit that was exceeded, if any */
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

/** Thrown or reported when `reconnect.maxAttempts` attempts have failed. `cause` is the last error. */
export class RetriesExhaustedError extends ConnectionError {
  readonly code = 'HOLDFAST_RETRIES_EXHAUSTED'
  /** Number of attempts that failed. */
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    const which = attempts === 1 ? 'The only connection attempt' : `All ${attempts} connection attempts`
    super(`${which} failed (reconnect.maxAttempts). Last error: ${reasonOf(cause)}`, { cause })
    this.attempts = attempts
  }
}
