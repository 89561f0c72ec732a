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
  /** What the connection was doing: `connecting` or `waiting`, or `open` while the peer closes. */
  readonly status: string

  constructor(status: string) {
    super(
      `Cannot send while ${status}: await connection.whenOpen() first, send from @OnOpen, or have an outbox`,
    )
    this.status = status
  }
}

/** A send while not connected, and the outbox is full: `outbox.limit` or `outbox.bytes`, with `overflow: 'reject'`. */
export class OutboxFullError extends SendError {
  readonly code = 'HOLDFAST_OUTBOX_FULL'
  /** How many messages are kept. */
  readonly size: number
  /** How many bytes they have. */
  readonly bytes: number

  constructor(size: number, bytes: number) {
    super(
      `The outbox is full (${size} messages, ${bytes} bytes): await connection.whenOpen(), raise outbox.limit or outbox.bytes, ` +
        "or choose what goes with outbox.overflow: 'drop-oldest' | 'drop-newest'",
    )
    this.size = size
    this.bytes = bytes
  }
}

/** Messages that had been accepted will not be sent. */
export class MessageDroppedError extends SendError {
  readonly code = 'HOLDFAST_MESSAGE_DROPPED'
  /** Why: the outbox was full; older than `outbox.maxAge`; the connection has been closed; or lost while `rateLimit` held them back. */
  readonly reason: keyof typeof DROP_REASONS
  /** The messages, as they were given to `send`, `sendJson` or `sendMessage`. */
  readonly messages: readonly unknown[]

  constructor(reason: MessageDroppedError['reason'], messages: readonly unknown[]) {
    const count = messages.length === 1 ? '1 message was' : `${messages.length} messages were`
    super(`${count} not sent: ${DROP_REASONS[reason]}`)
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
} as const
