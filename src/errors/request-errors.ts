import { HoldfastError, excerptOf, safeString } from './errors.js'

/**
 * A subscription was refused, not acknowledged in time, or could not be said. It stays remembered, and is said again after
 * the next reconnect.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** The key that it was added under. */
  readonly key: string
  /** The server refused it; no acknowledgement came in time; or a message or function of it failed. */
  readonly reason: 'refused' | 'missing' | 'failed'
  /** The message with which the server refused it. */
  readonly details: unknown

  constructor(
    key: string,
    reason: SubscriptionError['reason'],
    what: string,
    facts: ErrorOptions & { readonly details?: unknown } = {},
  ) {
    super(`The subscription ${JSON.stringify(key)} ${what}`, facts)
    this.key = key
    this.reason = reason
    this.details = facts.details
  }
}

/** A request has had no reply in time. */
export class RequestTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_REQUEST_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  /** The id that it was sent with, or brought along; `undefined` where it was not sent, or the API has no ids. */
  readonly id: unknown
  /** False when it has waited for a connection, or for its turn, all the time: then the peer has never seen it. */
  readonly isSent: boolean

  constructor(timeout: number, id: unknown, isSent: boolean) {
    const what = isSent ? 'has had no reply' : 'has not been sent, waiting for a connection or its turn,'
    super(`${nameRequest(id)} ${what} within ${timeout} ms`)
    this.timeout = timeout
    this.id = id
    this.isSent = isSent
  }
}

/** The peer answered a request with an error. */
export class RequestError extends HoldfastError {
  readonly code = 'HOLDFAST_REQUEST'
  /** The id of the request; `undefined` where the API has no ids. */
  readonly id: unknown
  /** The error as the peer gave it. */
  readonly details: unknown

  constructor(id: unknown, details: unknown) {
    const what = describeDetails(details)
    super(`${nameRequest(id)} was answered with an error${what && `: ${what}`}`)
    this.id = id
    this.details = details
  }
}

/** The replies to one `requestMany` came faster than they were read: it has been given up. */
export class UnreadRepliesError extends HoldfastError {
  readonly code = 'HOLDFAST_UNREAD_REPLIES'
  /** The id of the request; `undefined` where the API has no ids. */
  readonly id: unknown
  /** How many replies were waiting to be read. */
  readonly unread: number

  constructor(id: unknown, unread: number) {
    super(
      `${nameRequest(id)} was given up: ${unread} replies to it wait to be read. Read faster, or raise highWaterMark`,
    )
    this.id = id
    this.unread = unread
  }
}

function nameRequest(id: unknown): string {
  return id === undefined ? 'The request' : `Request ${safeString(id)}`
}

/** Puts the peer's own code and message in one line, as far as there are any. */
function describeDetails(details: unknown): string {
  const { code, message } = Object(details) as { code?: unknown; message?: unknown }
  const parts = [code, message, details].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  )
  return excerptOf(parts.join(' '), 500)
}
