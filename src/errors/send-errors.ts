import { HoldfastError } from './holdfast-error.js'

/** Base of the errors of sending: nothing reached the socket. */
export abstract class SendError extends HoldfastError {}

/** It was asked of a connection that has been closed, or is closing. */
export class ConnectionClosedError extends SendError {
  readonly code = 'HOLDFAST_CONNECTION_CLOSED'
}

/** A send while the connection is not open, and there is no outbox. */
export class NotConnectedError extends SendError {
  readonly code = 'HOLDFAST_NOT_CONNECTED'
  /** Status of the connection: `connecting`, `opening` or `waiting`, or `open` while the server closes. */
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
 * Too much waits to be sent. While not connected: `outbox.limit` or `outbox.bytes`, with `overflow: 'reject'`. While connected:
 * more than 16 times `sendHighWaterMark`, or `outbox.limit` functions whose messages `rateLimit` holds back.
 */
export class OutboxFullError extends SendError {
  readonly code = 'HOLDFAST_OUTBOX_FULL'
  /** How many messages the outbox keeps. While connected: how many functions wait for `rateLimit`, or 0 if bytes are too many. */
  readonly size: number
  /** How many bytes wait to be sent. */
  readonly bytes: number

  /** @param sendHighWaterMark the mark that is passed by so much, while connected */
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

/** Messages that had been accepted will not be sent. */
export class MessageDroppedError extends SendError {
  readonly code = 'HOLDFAST_MESSAGE_DROPPED'
  /**
   * `overflow`: the outbox was full. `expired`: older than `outbox.maxAge`. `closed`: the connection was closed. `lost`: the link was lost while
   * `rateLimit` held them back. `gone`: meant for one link, and that was lost before: sent on `context.connection`, returned by a
   * handler, or the message of `end()`.
   */
  readonly reason: keyof typeof DROP_REASONS
  /** The messages, as they were given to `send`, `sendJson` or `sendMessage`: the function, if one was to make the message. */
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
  lost: 'the connection was lost during the wait for rateLimit',
  gone: 'intended for a link that was lost',
} as const
