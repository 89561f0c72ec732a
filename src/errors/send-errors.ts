import { HoldfastError } from './holdfast-error.js'

/** Base class of send errors. The message never reached the socket. */
export abstract class SendError extends HoldfastError {}

/** Thrown by calls on a closing or closed connection. */
export class ConnectionClosedError extends SendError {
  readonly code = 'HOLDFAST_CONNECTION_CLOSED'
}

/** Thrown by sends while the connection is not open and the outbox is disabled, and by calls that require an open link. */
export class NotConnectedError extends SendError {
  readonly code = 'HOLDFAST_NOT_CONNECTED'
  /** Status of the connection: `connecting`, `opening` or `waiting`, or `open` while the server is closing the link. */
  readonly status: string

  constructor(status: string) {
    super(
      status === 'open'
        ? 'Cannot send: the server is closing the connection. Send again after the reconnect'
        : `Cannot send while the connection is ${status}. Await connection.whenOpen(), or enable the outbox`,
    )
    this.status = status
  }
}

/**
 * Thrown if too much data is waiting to be sent. While not connected, the limits are `outbox.limit` and `outbox.bytes`, with `overflow:
 * 'reject'`. While connected, they are 16 times `sendHighWaterMark` for bytes, and `outbox.limit` for message functions and iterables that wait for `rateLimit`
 * or for the end of another iterable.
 */
export class OutboxFullError extends SendError {
  readonly code = 'HOLDFAST_OUTBOX_FULL'
  /**
   * Number of messages in the outbox. While connected, the number of message functions and iterables that wait, or 0 if too many bytes are
   * waiting.
   */
  readonly size: number
  /** Number of bytes waiting to be sent. */
  readonly bytes: number

  /** @param sendHighWaterMark the option's value if the connection is open; `undefined` if the outbox is full */
  constructor(size: number, bytes: number, sendHighWaterMark?: number) {
    super(
      sendHighWaterMark === undefined
        ? `Outbox is full (${size} messages, ${bytes} bytes). Await connection.whenOpen(), raise outbox.limit or outbox.bytes, ` +
            'or set outbox.overflow'
        : size > 0
          ? `Cannot send: ${size} message functions or iterables are waiting (outbox.limit). ` +
            'Send less often, or raise outbox.limit'
          : `Cannot send: ${bytes} bytes are waiting, more than 16 times sendHighWaterMark (${sendHighWaterMark}). ` +
            'Await the promise that send() returns, or raise sendHighWaterMark',
    )
    this.size = size
    this.bytes = bytes
  }
}

/** Reported if messages that were accepted will never be sent. */
export class MessageDroppedError extends SendError {
  readonly code = 'HOLDFAST_MESSAGE_DROPPED'
  /**
   * Reason for dropping the messages: `overflow` (the outbox was full), `expired` (older than `outbox.maxAge`), `closed` (the connection
   * was closed first), `lost` or `gone`.
   *
   * `lost` means that the link was lost while the messages waited for `rateLimit` or were sent in fragments.
   *
   * `gone` means that the messages were intended for a link that has been lost: they were sent on `context.connection`, returned by a
   * handler, or passed to `end()`.
   */
  readonly reason: keyof typeof DROP_REASONS
  /** The messages as passed to `send`, `sendJson` or `sendMessage`. If you passed a function, the array contains that function. */
  readonly messages: readonly unknown[]

  constructor(reason: MessageDroppedError['reason'], messages: readonly unknown[], options?: ErrorOptions) {
    const count = messages.length === 1 ? '1 message' : `${messages.length} messages`
    super(`${count} dropped: ${DROP_REASONS[reason]}`, options)
    this.reason = reason
    this.messages = messages
  }

  /** Number of messages that were dropped. */
  get count(): number {
    return this.messages.length
  }
}

const DROP_REASONS = {
  overflow: 'the outbox was full',
  expired: 'older than outbox.maxAge',
  closed: 'the connection closed before it was ready',
  lost: 'not sent completely when the connection was lost',
  gone: 'intended for a link that was lost',
} as const
