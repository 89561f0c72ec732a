import { excerptOf, safeString } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base of the errors of waiting for an answer: `request`, `requestMany` and `waitFor` reject with them. */
export abstract class RequestError extends HoldfastError {}

/** The peer answered a request with an error. */
export class ReplyError extends RequestError {
  readonly code = 'HOLDFAST_REPLY'
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

/** A request has had no reply in time. */
export class RequestTimeoutError extends RequestError {
  readonly code = 'HOLDFAST_REQUEST_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number
  /** The id that it was sent with, or brought along; `undefined` where it was not sent, or the API has no ids. */
  readonly id: unknown
  /** False when it has waited for a connection, or for its turn, all the time: then the peer has never seen it. */
  readonly wasSent: boolean

  constructor(timeout: number, id: unknown, isSent: boolean) {
    const what = isSent ? 'has had no reply' : 'has not been sent, waiting for a connection or its turn,'
    super(`${nameRequest(id)} ${what} within ${timeout} ms`)
    this.timeout = timeout
    this.id = id
    this.wasSent = isSent
  }
}

/** The replies to one `requestMany` came faster than they were read: it has been given up. */
export class UnreadRepliesError extends RequestError {
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

/** `waitFor` saw no matching message in time. */
export class WaitTimeoutError extends RequestError {
  readonly code = 'HOLDFAST_WAIT_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`waitFor has seen no matching message within ${timeout} ms`)
    this.timeout = timeout
  }
}

/** Far too much was pending for anything to be waited for: messages that nobody had handled or read, waits, or requests. */
export class BackpressureError extends RequestError {
  readonly code = 'HOLDFAST_BACKPRESSURE'
  /** How many messages were waiting to be handled, or how many waits or requests there were. */
  readonly pending: number

  /** @param cause what was too much */
  constructor(pending: number, cause: keyof typeof BACKPRESSURE = 'handlers') {
    super(BACKPRESSURE[cause](pending))
    this.pending = pending
  }
}

const BACKPRESSURE = {
  handlers: (pending: number) =>
    `${pending} messages wait for slow handlers, 16 times highWaterMark: reading stops until they have been ` +
    'handled, so nothing can be waited for. Make the handlers faster, or raise concurrency or highWaterMark',
  iterator: () =>
    'An iteration over messages() is behind by 16 times its highWaterMark: reading stops until it has caught up, ' +
    'so nothing can be waited for. Read it, or leave its loop',
  waits: (pending: number) =>
    `${pending} calls of waitFor are pending, and there can be no more. Give them a shorter timeout, or wait for fewer messages at once`,
  requests: (pending: number) =>
    `${pending} requests wait for a connection, the most that may. Await connection.whenOpen(), or raise requests.limit`,
} as const

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
