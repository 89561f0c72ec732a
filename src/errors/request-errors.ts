import { excerptOf, safeString } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base class of the errors that `request`, `requestMany` and `waitFor` reject with. */
export abstract class RequestError extends HoldfastError {}

/** Identifies a request in an error. Of its message, only the purpose is shown. */
export interface RequestFacts {
  /** ID that the request was sent with; `undefined` if the request was not sent, or if the API has no IDs. */
  readonly id: unknown
  /** The message of the request. */
  readonly message?: unknown
  /** ID of the connection, such as `TickerClient#1`. */
  readonly client?: string | undefined
}

/** Thrown if the server's reply to a request is an error. */
export class ReplyError extends RequestError {
  readonly code = 'HOLDFAST_REPLY'
  /** ID of the request; `undefined` if the API has no IDs. */
  readonly id: unknown
  /** The error as received. */
  readonly details: unknown

  constructor(request: RequestFacts, details: unknown) {
    const what = describeDetails(details)
    super(`${nameRequest(request)} failed: the server replied ${what || 'with an error'}`)
    this.id = request.id
    this.details = details
  }
}

/** Thrown if no reply arrives in time. */
export class RequestTimeoutError extends RequestError {
  readonly code = 'HOLDFAST_REQUEST_TIMEOUT'
  /** The timeout in milliseconds. */
  readonly timeout: number
  /** ID of the request; `undefined` if it does not have one yet, or if the API has no IDs. */
  readonly id: unknown
  /** False if the request was never sent because it was still waiting for a connection or for its turn. */
  readonly wasSent: boolean

  constructor(timeout: number, request: RequestFacts, isSent: boolean) {
    const what = isSent ? ': no reply received' : ', before it was sent'
    super(`${nameRequest(request)} timed out after ${timeout} ms${what}`)
    this.timeout = timeout
    this.id = request.id
    this.wasSent = isSent
  }
}

/** Thrown by `requestMany` if replies arrive faster than they are read. The request is canceled. */
export class UnreadRepliesError extends RequestError {
  readonly code = 'HOLDFAST_UNREAD_REPLIES'
  /** ID of the request; `undefined` if the API has no IDs. */
  readonly id: unknown
  /** Number of replies that were waiting to be read. */
  readonly unread: number

  constructor(request: RequestFacts, unread: number) {
    const replies = unread === 1 ? '1 reply is' : `${unread} replies are`
    super(`${nameRequest(request)} canceled: ${replies} unread. Read faster, or raise highWaterMark`)
    this.id = request.id
    this.unread = unread
  }
}

/** Thrown by `waitFor` if no matching message arrives in time. */
export class WaitTimeoutError extends RequestError {
  readonly code = 'HOLDFAST_WAIT_TIMEOUT'
  /** The timeout in milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`waitFor timed out after ${timeout} ms: no matching message received`)
    this.timeout = timeout
  }
}

/** Thrown if too many messages, `waitFor` calls or requests are pending, so that waiting for another message could not succeed. */
export class BackpressureError extends RequestError {
  readonly code = 'HOLDFAST_BACKPRESSURE'
  /** Number of pending messages, `waitFor` calls or requests. */
  readonly pending: number

  /** @param cause kind of the pending items */
  constructor(pending: number, cause: keyof typeof BACKPRESSURE = 'handlers') {
    super(BACKPRESSURE[cause](pending))
    this.pending = pending
  }
}

const BACKPRESSURE = {
  handlers: (pending: number) =>
    `${pending} messages are pending, 16 times highWaterMark. Reading is paused, so no reply can arrive. ` +
    'Speed up the handlers, or raise concurrency or highWaterMark',
  iterator: () =>
    'A messages() loop has fallen behind by more than 16 times its highWaterMark. Reading is paused, so no reply can arrive. ' +
    'Read faster, or break out of the loop',
  waits: (pending: number) =>
    `${pending} waitFor calls are pending, which is the limit. Use shorter timeouts, or wait for fewer messages at once`,
  requests: (pending: number) =>
    `${pending} requests are waiting for a connection, which is the limit. Await connection.whenOpen(), or raise requests.limit`,
} as const

function nameRequest({ id, message, client }: RequestFacts): string {
  const name = id === undefined ? 'Request' : `Request ${excerptOf(safeString(id), MOST_OF_A_NAME)}`
  const purpose = purposeOf(message, id)
  return `${name}${purpose && ` (${purpose})`}${client === undefined ? '' : ` of ${client}`}`
}

/** Properties in which APIs commonly state the purpose of a message. */
const PURPOSES = ['method', 'action', 'type', 'op', 'event', 'cmd', 'command', 'channel']

/** Maximum number of characters of an ID or purpose shown in an error message. */
const MOST_OF_A_NAME = 80

/** Returns the purpose of a message. Everything else in the message could be secret. */
function purposeOf(message: unknown, id: unknown): string {
  if (Array.isArray(message)) {
    const name: unknown = message.find((part) => typeof part === 'string' && part !== '' && part !== id)
    return typeof name === 'string' ? shownName(name) : ''
  }
  if (typeof message !== 'object' || message === null) return ''
  const found = PURPOSES.find((name) => typeof (message as Record<string, unknown>)[name] === 'string')
  return found ? `${found} ${shownName((message as Record<string, unknown>)[found] as string)}` : ''
}

function shownName(text: string): string {
  return JSON.stringify(excerptOf(text, MOST_OF_A_NAME))
}

/** Returns the server's error code and message, if any, on one line. */
export function describeDetails(details: unknown): string {
  const { code, message } = Object(details) as { code?: unknown; message?: unknown }
  const parts = [code, message, details].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  )
  return excerptOf(parts.join(' '), 500)
}
