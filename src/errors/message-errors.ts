import { describeIssue } from '../core/schema.js'
import type { SchemaIssue } from '../core/schema.js'
import { excerptOf, reasonOf, safeString } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base class of errors that concern a single message. The connection continues. */
export abstract class MessageError extends HoldfastError {}

/** Reported if the codec cannot decode a frame. Only this frame is lost. */
export class DecodeError extends MessageError {
  readonly code = 'HOLDFAST_DECODE'
  /** The frame as received. */
  readonly raw: string | Uint8Array

  constructor(raw: string | Uint8Array, cause: unknown) {
    const excerpt = typeof raw === 'string' ? JSON.stringify(excerptOf(raw, 80)) : `${raw.byteLength} bytes`
    super(`Failed to decode a message (${excerpt}): ${reasonOf(cause)}`, { cause })
    this.raw = raw
  }
}

/** Reported or thrown if the codec cannot encode a value, or if a handler returns a value that cannot be a message. */
export class EncodeError extends MessageError {
  readonly code = 'HOLDFAST_ENCODE'
}

/** Maximum number of issues to describe. More would not fit in an error message anyway. */
const MAX_LISTED_ISSUES = 500

/** Reported if a message matches none of the schemas of the handlers for its key. The handlers are not called. */
export class MessageValidationError extends MessageError {
  readonly code = 'HOLDFAST_MESSAGE_VALIDATION'
  /** Issues that the schemas reported. */
  readonly issues: readonly SchemaIssue[]
  /** Key that the message was routed by; `undefined` if the message has no key. */
  readonly key: unknown
  /** The frame as received. It can contain several messages. */
  readonly raw: string | Uint8Array

  constructor(handler: string, key: unknown, raw: string | Uint8Array, issues: readonly SchemaIssue[]) {
    const name = key === undefined ? 'Message' : `Message ${describeKey(key)}`
    const listed = issues.slice(0, MAX_LISTED_ISSUES).map(describeIssue).join('; ')
    super(`${name} failed validation for ${handler}: ${excerptOf(listed, 500)}`)
    this.issues = issues
    this.key = key
    this.raw = raw
  }
}

function describeKey(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(excerptOf(key, 80)) : excerptOf(safeString(key), 80)
}

/** Reported if the connection ends before all messages are handled, or before all handlers complete. */
export class UnprocessedMessagesError extends MessageError {
  readonly code = 'HOLDFAST_UNPROCESSED_MESSAGES'
  /** Number of messages that were not handled. */
  readonly count: number
  /** Handlers that did not complete, such as `TickerClient#tick`. */
  readonly handlers: readonly string[]

  /** @param mayAwaitClose true if a handler may be waiting for itself by awaiting `close()` */
  constructor(count: number, handlers: readonly string[] = [], mayAwaitClose = false) {
    const messages =
      count === 1
        ? '1 received message discarded: the connection ended before it was handled'
        : `${count} received messages discarded: the connection ended before they were handled`
    const names = [...new Set(handlers)].join(', ')
    const hint = mayAwaitClose
      ? '. A handler that awaits close() or connection.closed waits for itself. Call close() without await'
      : ''
    const parts = [
      ...(count > 0 ? [messages] : []),
      ...(handlers.length > 0 ? [`${names} did not complete before the connection ended${hint}`] : []),
    ]
    super(parts.join('; '))
    this.count = count
    this.handlers = handlers
  }
}
