import { HoldfastError } from './holdfast-error.js'

/** Base class of send errors. Nothing reached the socket. */
export abstract class SendError extends HoldfastError {}

/** Thrown by calls on a closing or closed connection. */
export class ConnectionClosedError extends SendError {
  readonly code = 'HOLDFAST_CONNECTION_CLOSED'
}

/** Thrown by a send while the connection is not open and there is no outbox. */
export class NotConnectedError extends SendError {
  readonly code = 'HOLDFAST_NOT_CONNECTED'
  /** Status of the connection: `connecting`, `opening` or `waiting`, or `open` while the server closes it. */
  readonly status: string

  constructor(status: string) {
    super(
      status === 'open'
        ? 'Cannot send: the server is closing the connection'
        : `Cannot send while the connection is ${status}. Await connection.whenOpen(), or enable the outbox`,
    )
    this.status = status
  }
}

/**
 * Thrown if too much is waiting to be sent. While not connected, the limit is `outbox.limit` or `outbox.bytes`, with `overflow: 'reject'`.
 * While connected, it is 16 times `sendHighWaterMark`, or `outbox.limit` message functions that wait for `rateLimit`.
 */
export class OutboxFullError extends SendError {
  readonly code = 'HOLDFAST_OUTBOX_FULL'
  /**
   * Number of messages in the outbox. While connected: number of message functions that wait for `rateLimit`, or 0 if there are too many
   * bytes.
   */
  readonly size: number
  /** Number of bytes that wait to be sent. */
  readonly bytes: number

  /** @param sendHighWaterMark the mark that was exceeded, while connected */
  constructor(size: number, bytes: number, sendHighWaterMark?: number) {
    super(
      sendHighWaterMark === undefined
        ? `Outbox is full (${size} messages, ${bytes} bytes). Await connection.whenOpen(), raise outbox.limit or outbox.bytes, ` +
            'or set outbox.overflow'
        : size > 0
          ? `Cannot send: ${size} message functions are waiting for rateLimit (outbox.limit). ` +
            'Send less often, or raise outbox.limit'
          : `Cannot send: ${bytes} bytes are waiting, more than 16 times sendHighWaterMark (${sendHighWaterMark}). ` +
            'Await the promise that send() returns, or raise sendHighWaterMark',
    )
    this.size = size
    this.bytes = bytes
  }
}

/** Reported if accepted messages will not be sent. */
export class MessageDroppedError extends SendError {
  readonly code = 'HOLDFAST_MESSAGE_DROPPED'
  /**
   * Reason for dropping the messages: `overflow` (the outbox was full), `expired` (older than `outbox.maxAge`), `closed` (the connection
   * was closed first), `lost` (the link was lost while `rateLimit` delayed them) or `gone`.
   *
   * With `gone`, the messages were intended for one link, which was lost. They were sent on `context.connection`, returned by a handler, or
   * passed to `end()`.
   */
  readonly reason: keyof typeof DROP_REASONS
  /** The messages as passed to `send`, `sendJson` or `sendMessage`. If you passed a function, the list contains that function. */
  readonly messages: readonly unknown[]

  constructor(reason: MessageDroppedError['reason'], messages: readonly unknown[], options?: ErrorOptions) {
    const count = messages.length === 1 ? '1 message' : `${messages.length} messages`
    super(`${count} dropped: ${DROP_REASONS[reason]}`, options)
    this.reason = reason
    this.messages = messages
  }

  get count(): number {
    return this.messages.length
  }
}

const DROP_REASONS = {
  overflow: 'the outbox was full',
  expired: 'older than outbox.maxAge',
  closed: 'the connection closed before it was ready',
  lost: 'still waiting for rateLimit when the connection was lost',
  gone: 'intended for a link that was lost',
} as const
