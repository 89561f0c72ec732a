const PING = 0x9
const PONG = 0xa
const LAST_DATA_OPCODE = 0x2

/** The second byte of a frame of the server's, if the length follows in two bytes, or in eight (RFC 6455, section 5.2). */
export const LENGTH_16 = 126
export const LENGTH_64 = 127

/** Follows the frames that `ws` is given, to know where each begins and ends and what `ws` has still to emit. */
export class FrameFollower {
  /** Messages, pings and pongs that `ws` was given and has not emitted. */
  #pending = 0
  /** True from the first fragment of a message to its last. */
  #isFragmented = false
  /** The bytes so far of a header that is not complete. */
  readonly #header: number[] = []
  /** Bytes of the frame that are still to come. */
  #remaining = 0
  /** True if `ws` emits something at the end of the frame. */
  #isLast = false
  #isEnding = false

  /** True when `ws` has emitted everything that it was given. */
  get isEmitted(): boolean {
    return this.#pending === 0
  }

  /** True where a message or a control frame may begin that is not between fragments. */
  get isBetweenMessages(): boolean {
    return this.#remaining === 0 && this.#header.length === 0 && !this.#isFragmented
  }

  /** True from a close frame on, or from something for which `ws` ends the connection. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Notes that a message, a ping or a pong has come out of `ws`. */
  onWsEvent(): void {
    this.#pending -= 1
  }

  /** Follows the next bytes of a chunk, and returns where they end. */
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
    // Reserved bits, a mask, a close frame, an unknown opcode: the start of the end, or a reason for `ws` to end it.
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

/** Returns the length of a header without a mask, by its second byte. */
export function headerLength(second: number): number {
  if (second < LENGTH_16) return 2
  return second === LENGTH_16 ? 4 : 10
}
