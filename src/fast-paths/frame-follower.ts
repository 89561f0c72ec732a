const PING = 0x9
const PONG = 0xa
const LAST_DATA_OPCODE = 0x2

/** Second byte of a server's frame if the length follows in two or eight bytes (RFC 6455, section 5.2). */
export const LENGTH_16 = 126
export const LENGTH_64 = 127

/** Tracks the frames passed to `ws`: where each starts and ends, and what `ws` has yet to emit. */
export class FrameFollower {
  /** Number of messages, pings and pongs that were passed to `ws` but not emitted yet. */
  #pending = 0
  /** True from the first fragment of a message to its last. */
  #isFragmented = false
  /** Bytes received so far of an incomplete header. */
  readonly #header: number[] = []
  /** Bytes of the current frame that have not arrived yet. */
  #remaining = 0
  /** True if `ws` emits something at the end of the frame. */
  #isLast = false
  #isEnding = false

  /** True if `ws` has emitted everything that it received. */
  get isEmitted(): boolean {
    return this.#pending === 0
  }

  /** True between messages: a new frame can start, and it is not in the middle of a fragmented message. */
  get isBetweenMessages(): boolean {
    return this.#remaining === 0 && this.#header.length === 0 && !this.#isFragmented
  }

  /** True after a close frame, or after a violation for which `ws` ends the connection. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Records that `ws` has emitted a message, a ping or a pong. */
  onWsEvent(): void {
    this.#pending -= 1
  }

  /** Tracks the next bytes of a chunk. Returns the position after them. */
  follow(chunk: Buffer, at: number): number {
    if (this.#remaining === 0) {
      this.#readHeader(chunk[at] as number)
      return at + 1
    }
    const taken = Math.min(this.#remaining, chunk.length - at)
    this.#remaining -= taken
    if (this.#remaining === 0) this.#onFrameEnd()
    return at + taken
  }

  #readHeader(byte: number): void {
    const header = this.#header
    header.push(byte)
    const [first = 0, second] = header
    if (second === undefined) return
    const opcode = first & 0x0f
    const isControl = opcode === PING || opcode === PONG
    // Reserved bits, a mask, a close frame or an unknown opcode: closing has started, or `ws` will end the connection.
    if ((first & 0x70) !== 0 || second > LENGTH_64 || (opcode > LAST_DATA_OPCODE && !isControl))
      this.#isEnding = true
    if (header.length < headerLength(second)) return
    this.#remaining = second < LENGTH_16 ? second : header.slice(2).reduce((sum, each) => sum * 256 + each, 0)
    header.length = 0
    const isFinal = (first & 0x80) !== 0
    if (!isControl) this.#isFragmented = !isFinal
    this.#isLast = isFinal || isControl
    if (this.#remaining === 0) this.#onFrameEnd()
  }

  #onFrameEnd(): void {
    if (this.#isLast) this.#pending += 1
  }
}

/** Returns the length of an unmasked header, given its second byte. */
export function headerLength(second: number): number {
  if (second < LENGTH_16) return 2
  return second === LENGTH_16 ? 4 : 10
}
