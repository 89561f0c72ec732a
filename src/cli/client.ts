import {
  ConnectionLostError,
  OnBinary,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
} from '../index.js'
import type {
  Connection,
  Heartbeat,
  CloseInfo,
  ConnectionContext,
  ConnectionState,
  MessageContext,
  OpenInfo,
} from '../index.js'
import { describeDuration } from '../terminal/duration.js'
import { describeClose } from '../terminal/close-text.js'
import type { Notices } from '../terminal/notices.js'

/** Messages that a client sends, and the receiver of those that arrive. */
export interface ClientTask {
  /** Messages to send after every connect. */
  readonly opening: readonly (string | Uint8Array)[]
  readonly notices: Notices
  /** Prints a message. Resolves when the reader keeps up. */
  print(message: string | Uint8Array, receivedAt: number): Promise<void>
}

/** The handlers of the `holdfast` command. */
export abstract class CommandClient {
  readonly connection: Connection
  readonly heartbeat: Heartbeat
  readonly #task: ClientTask
  /** True from `@OnOpen` to `@OnClose`. */
  #isOpen = false

  constructor(connection: Connection, heartbeat: Heartbeat, task: ClientTask) {
    this.connection = connection
    this.heartbeat = heartbeat
    this.#task = task
  }

  @OnOpen()
  opened({ protocol, headers, isReconnect }: OpenInfo, { connection }: ConnectionContext): void {
    this.#isOpen = true
    const { notices, opening } = this.#task
    const chosen = protocol === '' ? '' : ` (subprotocol ${protocol})`
    notices.info(`${isReconnect ? 'Reconnected' : 'Connected'}${chosen}`)
    notices.headers(headers)
    for (const message of opening) void connection.send(message)
  }

  @OnMessage()
  text(message: string, { receivedAt }: MessageContext): Promise<void> {
    return this.#task.print(message, receivedAt)
  }

  @OnBinary()
  binary(message: Uint8Array, { receivedAt }: MessageContext): Promise<void> {
    return this.#task.print(message, receivedAt)
  }

  @OnPing()
  pinged(data: Uint8Array): void {
    this.#task.notices.detail(`Ping received${payloadText(data)}`)
  }

  @OnPong()
  ponged(data: Uint8Array): void {
    this.#task.notices.detail(`Pong received${payloadText(data)}`)
  }

  @OnStateChange()
  changed(state: ConnectionState): void {
    if (state.status === 'connecting') this.#task.notices.detail(`Connecting (attempt ${state.attempt})`)
  }

  @OnError()
  failed(error: Error): void {
    // `@OnClose` reports close frames.
    if (error instanceof ConnectionLostError && error.cause === undefined) return
    this.#task.notices.failure(error)
    if (!this.#isOpen) this.#announceAttempt()
  }

  @OnClose()
  closed(close: CloseInfo): void {
    const { notices } = this.#task
    notices.info(describeClose(close))
    if (close.unsentBytes > 0) notices.error(`Not sent: ${byteCount(close.unsentBytes)}`)
    this.#isOpen = false
    this.#announceAttempt()
  }

  /** Reports the next attempt, after the reason for it. */
  #announceAttempt(): void {
    const { state } = this.connection
    if (state.status === 'waiting')
      this.#task.notices.info(`Next attempt in ${describeDuration(state.delay)}`)
  }
}

function payloadText(data: Uint8Array): string {
  return data.length === 0 ? '' : ` (${byteCount(data.length)})`
}

function byteCount(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
