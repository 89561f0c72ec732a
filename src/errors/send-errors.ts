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
      `Cannot send while ${status}: await connection.whenOpen() first, send from @OnOpen, or have an outbox`,
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
        ? `The outbox is full (${size} messages, ${bytes} bytes): await connection.whenOpen(), raise outbox.limit or outbox.bytes, ` +
            "or choose what goes with outbox.overflow: 'drop-oldest' | 'drop-newest'"
        : size > 0
          ? `Cannot send: ${size} messages that are not made yet wait for rateLimit, as many as outbox.limit allows. ` +
            'Send less often, or raise outbox.limit'
          : `Cannot send: ${bytes} bytes wait to be sent, more than 16 times sendHighWaterMark (${sendHighWaterMark}). ` +
            'Await the promise that send returns, or raise sendHighWaterMark',
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
    const count = messages.length === 1 ? '1 message was' : `${messages.length} messages were`
    super(`${count} not sent: ${DROP_REASONS[reason]}`, options)
    this.reason = reason
    this.messages = messages
  }

  get count(): number {
    return this.messages.length
  }
}

const DROP_REASONS = {
  overflow: 'the outbox was full',
  expired: 'older than outbox.maxAge when the connection was ready',
  closed: 'the connection was closed before it was ready again',
  lost: 'the connection was lost before rateLimit let them go',
  gone: 'the connection that they were for is gone',
} as const
