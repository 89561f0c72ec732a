import type { Socket } from 'node:net'

/** What a {@link Cork} knows of its socket. */
export type CorkedSocket = Pick<Socket, 'cork' | 'uncork' | 'writableLength' | 'errored'>

/** What a {@link Cork} knows of who keeps bytes for its socket. */
export interface FrameBuffer {
  /** Bytes that are kept. */
  readonly pending: number
  /** Hands them over to the socket. */
  flush(): void
}

/**
 * Lets what is written to a socket within one turn leave together: the system call is most of what a small message costs. A lone
 * message leaves no later for it, since the turn ends where the event loop would have gone on.
 */
export class Cork {
  readonly #socket: CorkedSocket
  readonly #release = (): void => this.release()
  readonly #frames: FrameBuffer | undefined
  #isHolding = false
  #failedBytes = 0

  /** @param keeper who hands over what the socket is still to get, before it is let go */
  constructor(socket: CorkedSocket, keeper?: FrameBuffer) {
    this.#socket = socket
    this.#frames = keeper
  }

  /** Bytes that were let go and could not even be begun to be written, and which the socket therefore has forgotten. */
  get failedBytes(): number {
    return this.#failedBytes
  }

  /** Keeps what is written from now on until the turn ends. */
  hold(): void {
    if (this.#isHolding) return
    this.#isHolding = true
    this.#socket.cork()
    // A tick is after the microtasks that are due: a loop that awaits each of its sends is one turn, too.
    process.nextTick(this.#release)
  }

  /** Lets go what has been kept, now. */
  release(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    const held = this.#socket.writableLength + (this.#frames?.pending ?? 0)
    this.#frames?.flush()
    this.#socket.uncork()
    if (this.#socket.errored) this.#failedBytes = held
  }
}
