/** The end that pushes the frames. */
interface FrameSender {
  /** How many frames make a chunk: so many are still read once the client has paused. */
  readonly chunk: number
}

/** The frames on their way to one client. None is read before the handshake, and none while the client has paused. */
export class FrameLine<Frame> {
  readonly #sender: FrameSender
  readonly #read: (frame: Frame) => void
  readonly #frames: Frame[] = []
  #isOpen = false
  #isPaused = false
  #isPumping = false

  /** @param read called with each frame, in chunks of the sender's size */
  constructor(sender: FrameSender, read: (frame: Frame) => void) {
    this.#sender = sender
    this.#read = read
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** @param announce reports the opening; frames that are pushed meanwhile are read right afterwards */
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
