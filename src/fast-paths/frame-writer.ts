import type { Socket } from 'node:net'
import { copyBytes } from '../transports/copy-bytes.js'
import type { FrameOptions } from '../transports/transport.js'
import { FastSend } from './fast-send.js'

/** Socket to write to. */
export type WriterSocket = Pick<Socket, 'cork' | 'uncork' | 'write' | 'writableLength' | 'errored'>

/** Part of `ws` that frames messages and writes them to the socket. */
export interface WsFramer {
  readonly bufferedAmount: number
  send(data: string | Uint8Array, options: WsFrameOptions, flushed?: () => void): void
}

/** Options of a frame, as `ws` names them. */
interface WsFrameOptions {
  readonly compress: boolean
  readonly binary: boolean
  readonly fin: boolean
}

/**
 * Writes the messages of one open socket. All messages sent in one event-loop turn are written together, because the system call is most of
 * the cost of a small message. A message sent on its own is not delayed: it is written before the event loop continues.
 */
export class FrameWriter {
  readonly #socket: WriterSocket
  readonly #ws: WsFramer
  readonly #fastSend: FastSend | undefined
  /** Number of bytes below which messages are not compressed; `undefined` if nothing is compressed. */
  readonly #threshold: number | undefined
  readonly #release = (): void => this.release()
  /** True from the first message of a turn until all messages of that turn are written. Otherwise, there is nothing to flush. */
  isHolding = false
  #failedBytes = 0

  /**
   * @param framesMessages whether messages are framed here instead of by `ws`
   * @param threshold number of bytes from which `ws` may compress messages, in which case it reads their bytes only later; `undefined` if it
   * never does
   */
  constructor(socket: WriterSocket, ws: WsFramer, framesMessages: boolean, threshold?: number) {
    this.#socket = socket
    this.#ws = ws
    this.#threshold = threshold
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
  send(data: string | Uint8Array, flushed?: () => void, options?: FrameOptions): void {
    if (!this.isHolding) this.#hold()
    if (this.#fastSend && !options?.fragment) this.#fastSend.send(data, flushed)
    else this.#sendByWs(data, flushed, options)
    if (flushed) this.release()
  }

  #sendByWs(
    data: string | Uint8Array,
    flushed: (() => void) | undefined,
    options: FrameOptions | undefined,
  ): void {
    this.flush()
    const fragment = options?.fragment
    const threshold = this.#threshold
    // The size of a message in fragments is not known in advance.
    const isLongEnough = threshold !== undefined && (fragment !== undefined || hasBytes(data, threshold))
    const wsOptions = {
      compress: isLongEnough && options?.compress !== false,
      binary: fragment?.isBinary ?? typeof data !== 'string',
      fin: fragment?.isLast ?? true,
    }
    this.#ws.send(threshold === undefined ? data : copyBytes(data), wsOptions, flushed)
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

/** Returns whether a message has at least this many bytes. */
function hasBytes(data: string | Uint8Array, least: number): boolean {
  return data.length >= least || (typeof data === 'string' && Buffer.byteLength(data) >= least)
}
