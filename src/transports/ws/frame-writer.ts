import type { Socket } from 'node:net'
import type { Transport } from '../transport.js'
import { Cork } from './cork.js'
import { FastSend } from './fast-send.js'

/** Writes the messages of one open socket. All messages of one turn of the event loop leave together. */
export class FrameWriter {
  readonly #ws: Pick<Transport, 'send'>
  readonly #cork: Cork
  readonly #fastSend: FastSend | undefined

  /**
   * @param ws frames the messages that are not framed here
   * @param framesTexts whether short text messages are framed here
   */
  constructor(socket: Socket, ws: Pick<Transport, 'send'>, framesTexts: boolean) {
    this.#ws = ws
    this.#fastSend = framesTexts ? new FastSend(socket) : undefined
    this.#cork = new Cork(socket, this.#fastSend)
  }

  /** Bytes that have not been passed to the socket. */
  get pending(): number {
    return this.#fastSend?.pending ?? 0
  }

  /** Bytes that the socket failed to write and has forgotten. */
  get failedBytes(): number {
    return this.#cork.failedBytes
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    this.#cork.hold()
    if (typeof data === 'string' && this.#fastSend?.send(data)) {
      if (flushed) this.#fastSend.flush(flushed)
    } else {
      this.#fastSend?.flush()
      this.#ws.send(data, flushed)
    }
    // Whoever asks for this has enough buffered already.
    if (flushed) this.#cork.release()
  }

  /** Passes to the socket what is framed here, so that `ws` can write behind it. */
  flush(): void {
    this.#fastSend?.flush()
  }

  /** Writes everything now. */
  release(): void {
    this.#cork.release()
  }
}
