import { excerptOf, safeString } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base of the errors of waiting for an answer: `request`, `requestMany` and `waitFor` reject with them. */
export abstract class RequestError extends HoldfastError {}

/** Facts that name a request in an error. Of its message, only the purpose is shown. */
export interface RequestFacts {
  /** ID that it was sent with; `undefined` if it was not sent, or the API has no IDs. */
  readonly id: unknown
  readonly message?: unknown
  /** ID of the connection, such as `TickerClient#1`. */
  readonly client?: string | undefined
}

/** The peer answered a request with an error. */
export class ReplyError extends RequestError {
  readonly code = 'HOLDFAST_REPLY'
  /** The id of the request; `undefined` where the API has no ids. */
  readonly id: unknown
  /** The error as the peer gave it. */
  readonly details: unknown

  constructor(request: RequestFacts, details: unknown) {
    const what = describeDetails(details)
    super(`${nameRequest(request)} failed: the server replied ${what || 'with an error'}`)
    this.id = request.id
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

  constructor(timeout: number, request: RequestFacts, isSent: boolean) {
    const what = isSent ? ': no reply received' : ', before it was sent'
    super(`${nameRequest(request)} timed out after ${timeout} ms${what}`)
    this.timeout = timeout
    this.id = request.id
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

  constructor(request: RequestFacts, unread: number) {
    super(
      `${nameRequest(request)} canceled: ${unread} replies are unread. Read faster, or raise highWaterMark`,
    )
    this.id = request.id
    this.unread = unread
  }
}

/** `waitFor` saw no matching message in time. */
export class WaitTimeoutError extends RequestError {
  readonly code = 'HOLDFAST_WAIT_TIMEOUT'
  /** In milliseconds. */
  readonly timeout: number

  constructor(timeout: number) {
    super(`waitFor timed out after ${timeout} ms: no matching message received`)
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
    `${pending} messages are pending, 16 times highWaterMark. Reading is paused, so no reply can arrive. ` +
    'Speed up the handlers, or raise concurrency or highWaterMark',
  iterator: () =>
    'A messages() loop is behind by 16 times its highWaterMark. Reading is paused, so no reply can arrive. ' +
    'Read faster, or leave the loop',
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

/** Properties that APIs name the purpose of a message by. */
const PURPOSES = ['method', 'action', 'type', 'op', 'event', 'cmd', 'command', 'channel']

/** No more of an ID or of a purpose is shown. */
const MOST_OF_A_NAME = 80

/** Returns the purpose of a message. The rest may be secret. */
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

/** Puts the peer's own code and message in one line, as far as there are any. */
export function describeDetails(details: unknown): string {
  const { code, message } = Object(details) as { code?: unknown; message?: unknown }
  const parts = [code, message, details].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  )
  return excerptOf(parts.join(' '), 500)
}
