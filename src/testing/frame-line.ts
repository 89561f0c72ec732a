/** Side that sends the frames. */
interface FrameSender {
  /** Number of frames per chunk. If the client pauses, it still reads the rest of the current chunk. */
  readonly chunk: number
}

/** Frames in flight to one client. The client reads none of them before the handshake or while it is paused. */
export class FrameLine<Frame> {
  readonly #sender: FrameSender
  readonly #read: (frame: Frame) => void
  readonly #frames: Frame[] = []
  #isOpen = false
  #isPaused = false
  #isPumping = false

  /** @param read called with each frame; frames are read in chunks of `sender.chunk` */
  constructor(sender: FrameSender, read: (frame: Frame) => void) {
    this.#sender = sender
    this.#read = read
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** @param announce reports that the connection is open; frames pushed during this call are read right after it */
  open(announce: () => void): void {
    this.#isOpen = true
    this.#isPumping = true
    announce()
    this.#isPumping = false
    this.#pump()
  }

  push(frame: Frame): void {
    this.#frames.push(frame)
    this.#pump()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    queueMicrotask(() => this.#pump())
  }

  #pump(): void {
    if (this.#isPumping || !this.#isOpen) return
    this.#isPumping = true
    while (!this.#isPaused && this.#frames.length > 0) {
      for (const frame of this.#frames.splice(0, this.#sender.chunk)) this.#read(frame)
    }
    this.#isPumping = false
  }
}
