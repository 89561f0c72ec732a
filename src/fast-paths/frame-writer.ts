import type { Socket } from 'node:net'
import { copyBytes } from '../transports/copy-bytes.js'
import type { SendOptions } from '../transports/send-options.js'
import { FastSend } from './fast-send.js'

/** Socket to write to. */
export type WriterSocket = Pick<Socket, 'cork' | 'uncork' | 'write' | 'writableLength' | 'errored'>

/** Part of `ws` that frames messages and writes them to the socket. */
export interface WsFramer {
  readonly bufferedAmount: number
  send(data: string | Uint8Array, options: WsFrameOptions, flushed?: () => void): void
}

/** Options of a frame, as `ws` names them. */
export interface WsFrameOptions {
  readonly compress: boolean
}

const PLAIN: WsFrameOptions = { compress: false }

/**
 * Writes the messages of one open socket. All messages sent in one event-loop turn are written together, because the system call is most of
 * the cost of a small message. A message sent on its own is not delayed: it is written before the event loop continues.
 */
export class FrameWriter {
  readonly #socket: WriterSocket
  readonly #ws: WsFramer
  readonly #fastSend: FastSend | undefined
  readonly #isCompressing: boolean
  readonly #release = (): void => this.release()
  /** True from the first message of a turn until all messages of that turn are written. Otherwise, there is nothing to flush. */
  isHolding = false
  #failedBytes = 0

  /**
   * @param framesMessages whether messages are framed here instead of by `ws`
   * @param isCompressing whether `ws` may compress messages, in which case it reads their bytes only later
   */
  constructor(socket: WriterSocket, ws: WsFramer, framesMessages: boolean, isCompressing = false) {
    this.#socket = socket
    this.#ws = ws
    this.#isCompressing = isCompressing
    this.#fastSend = framesMessages ? new FastSend(socket) : undefined
  }

  /**
   * Number of bytes not yet passed to the operating system. Includes bytes that failed to be sent, although the socket no longer counts
   * them.
   */
  get bufferedAmount(): number {
    return Math.max(this.#ws.bufferedAmount + (this.#fastSend?.pending ?? 0), this.#failedBytes)
  }

  /**
   * Sends a message at the end of the turn, or immediately if `flushed` is given, because the caller then already has enough data buffered.
   */
  send(data: string | Uint8Array, flushed?: () => void, options?: SendOptions): void {
    if (!this.isHolding) this.#hold()
    if (this.#fastSend) this.#fastSend.send(data, flushed)
    else if (this.#isCompressing)
      this.#ws.send(copyBytes(data), { compress: options?.compress !== false }, flushed)
    else this.#ws.send(data, PLAIN, flushed)
    if (flushed) this.release()
  }

  #hold(): void {
    this.isHolding = true
    this.#socket.cork()
    // A tick runs after all due microtasks, so the messages of a loop that awaits each send are also written together.
    process.nextTick(this.#release)
  }

  /** Passes the frames built here to the socket, so that `ws` can write after them. */
  flush(): void {
    this.#fastSend?.flush()
  }

  /** Writes everything immediately. */
  release(): void {
    if (!this.isHolding) return
    this.isHolding = false
    const held = this.#socket.writableLength + (this.#fastSend?.pending ?? 0)
    this.#fastSend?.flush()
    this.#socket.uncork()
    if (this.#socket.errored) this.#failedBytes = held
  }
}
