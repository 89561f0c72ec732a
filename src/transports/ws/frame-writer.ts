import type { Socket } from 'node:net'
import { copyBytes } from '../copy-bytes.js'
import type { Transport } from '../transport.js'
import { FastSend } from './fast-send.js'

/** Socket to write to. */
export type WriterSocket = Pick<Socket, 'cork' | 'uncork' | 'write' | 'writableLength' | 'errored'>

/** Frames messages and writes them to the socket: `ws`. */
export type WsFramer = Pick<Transport, 'send' | 'bufferedAmount'>

/**
 * Writes the messages of one open socket. All messages of one turn of the event loop are written together, because the system call is most
 * of the cost of a small message. This does not delay a single message: the turn ends where the event loop would have continued.
 */
export class FrameWriter {
  readonly #socket: WriterSocket
  readonly #ws: WsFramer
  readonly #fastSend: FastSend | undefined
  readonly #isCompressing: boolean
  readonly #release = (): void => this.release()
  /** True from the first message of a turn until all of them are written. Otherwise, there is nothing to flush. */
  isHolding = false
  #failedBytes = 0

  /**
   * @param framesMessages whether messages are framed here instead of in `ws`
   * @param isCompressing whether `ws` may compress, which means that it reads the bytes of a message only later
   */
  constructor(socket: WriterSocket, ws: WsFramer, framesMessages: boolean, isCompressing = false) {
    this.#socket = socket
    this.#ws = ws
    this.#isCompressing = isCompressing
    this.#fastSend = framesMessages ? new FastSend(socket) : undefined
  }

  /** Bytes that have not been passed to the operating system. Bytes that failed to be sent still count, although the socket forgets them. */
  get bufferedAmount(): number {
    return Math.max(this.#ws.bufferedAmount + (this.#fastSend?.pending ?? 0), this.#failedBytes)
  }

  /** Sends a message at the end of the turn, or immediately if `flushed` is given, because the caller then has enough buffered already. */
  send(data: string | Uint8Array, flushed?: () => void): void {
    if (!this.isHolding) this.#hold()
    if (this.#fastSend) this.#fastSend.send(data, flushed)
    else this.#ws.send(this.#isCompressing ? copyBytes(data) : data, flushed)
    if (flushed) this.release()
  }

  #hold(): void {
    this.isHolding = true
    this.#socket.cork()
    // A tick runs after all due microtasks, so a loop that awaits each of its sends also takes one turn.
    process.nextTick(this.#release)
  }

  /** Passes the frames written here to the socket, so that `ws` can write after them. */
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
