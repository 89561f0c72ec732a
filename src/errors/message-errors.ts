import { describeIssue } from '../core/schema.js'
import type { SchemaIssue } from '../core/schema.js'
import { excerptOf, reasonOf, safeString } from '../core/error-text.js'
import { HoldfastError } from './holdfast-error.js'

/** Base of the errors of a single message. The connection continues. */
export abstract class MessageError extends HoldfastError {}

/** A frame that the codec cannot read. The message is lost, the connection is not. */
export class DecodeError extends MessageError {
  readonly code = 'HOLDFAST_DECODE'
  /** The frame as it came. */
  readonly raw: string | Uint8Array

  constructor(raw: string | Uint8Array, cause: unknown) {
    const excerpt = typeof raw === 'string' ? JSON.stringify(excerptOf(raw, 80)) : `${raw.byteLength} bytes`
    super(`Failed to decode a message (${excerpt}): ${reasonOf(cause)}`, { cause })
    this.raw = raw
  }
}

/** A value that the codec cannot write, or that a handler can only have returned by accident. */
export class EncodeError extends MessageError {
  readonly code = 'HOLDFAST_ENCODE'
}

/** No more fit into the text of an error. */
const MAX_LISTED_ISSUES = 500

/** A message that no schema of the handlers for its key accepts. The handlers have not seen it. */
export class MessageValidationError extends MessageError {
  readonly code = 'HOLDFAST_MESSAGE_VALIDATION'
  /** What is wrong with it, as the schemas tell. */
  readonly issues: readonly SchemaIssue[]
  /** What the message was routed by; `undefined` where it has no key. */
  readonly key: unknown
  /** The frame as it came: it may carry several messages. */
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

/** The connection ended, and messages were left that no handler could take within the time for it, or handlers that had not settled. */
export class UnprocessedMessagesError extends MessageError {
  readonly code = 'HOLDFAST_UNPROCESSED_MESSAGES'
  /** How many messages were left. */
  readonly count: number
  /** The handlers that had not settled, such as `TickerClient#tick`. */
  readonly handlers: readonly string[]

  /** @param mayAwaitClose true if a handler that awaits `close()` would wait for itself */
  constructor(count: number, handlers: readonly string[] = [], mayAwaitClose = false) {
    const messages =
      count === 1
        ? '1 received message discarded: the connection ended before it was handled'
        : `${count} received messages discarded: the connection ended before they were handled`
    const names = [...new Set(handlers)].join(', ')
    const hint = mayAwaitClose
      ? '. A handler that awaits close() or closed waits for itself. Call close() without await'
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
