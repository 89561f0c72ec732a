import type { Socket } from 'node:net'
import { copyBytes } from '../copy-bytes.js'
import type { Transport } from '../transport.js'
import { FastSend } from './fast-send.js'

/** The socket that is written to. */
export type WriterSocket = Pick<Socket, 'cork' | 'uncork' | 'write' | 'writableLength' | 'errored'>

/** Frames messages and writes them to the socket by itself: `ws`. */
export type WsFramer = Pick<Transport, 'send' | 'bufferedAmount'>

/**
 * Writes the messages of one open socket. All messages of one turn of the event loop leave together: the system call is most of the
 * cost of a small message. A lone message leaves no later, since the turn ends where the event loop would have gone on.
 */
export class FrameWriter {
  readonly #socket: WriterSocket
  readonly #ws: WsFramer
  readonly #fastSend: FastSend | undefined
  readonly #isCompressing: boolean
  readonly #release = (): void => this.release()
  /** True from the first message of a turn until all of them are written: at other times there is nothing to flush. */
  isHolding = false
  #failedBytes = 0

  /**
   * @param framesMessages whether messages are framed here instead of in `ws`
   * @param isCompressing whether `ws` may compress: then it reads the bytes of a message later than it is sent
   */
  constructor(socket: WriterSocket, ws: WsFramer, framesMessages: boolean, isCompressing = false) {
    this.#socket = socket
    this.#ws = ws
    this.#isCompressing = isCompressing
    this.#fastSend = framesMessages ? new FastSend(socket) : undefined
  }

  /** Bytes that have not been passed to the operating system. Those that failed stay counted, though the socket forgets them. */
  get bufferedAmount(): number {
    return Math.max(this.#ws.bufferedAmount + (this.#fastSend?.pending ?? 0), this.#failedBytes)
  }

  /** Sends a message at the end of the turn, or at once if `flushed` is given: the caller has enough buffered already. */
  send(data: string | Uint8Array, flushed?: () => void): void {
    if (!this.isHolding) this.#hold()
    if (this.#fastSend) this.#fastSend.send(data, flushed)
    else this.#ws.send(this.#isCompressing ? copyBytes(data) : data, flushed)
    if (flushed) this.release()
  }

  #hold(): void {
    this.isHolding = true
    this.#socket.cork()
    // A tick is after the microtasks that are due: a loop that awaits each of its sends is one turn, too.
    process.nextTick(this.#release)
  }

  /** Passes to the socket what is framed here, so that `ws` can write behind it. */
  flush(): void {
    this.#fastSend?.flush()
  }

  /** Writes everything now. */
  release(): void {
    if (!this.isHolding) return
    this.isHolding = false
    const held = this.#socket.writableLength + (this.#fastSend?.pending ?? 0)
    this.#fastSend?.flush()
    this.#socket.uncork()
    if (this.#socket.errored) this.#failedBytes = held
  }
}
