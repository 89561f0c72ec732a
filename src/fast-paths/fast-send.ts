import { randomFillSync } from 'node:crypto'
import type { Socket } from 'node:net'

/** First byte of a text or binary message in one frame, without extensions (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81
const PLAIN_BINARY = 0x82

/** Second byte of a frame: the mask bit plus the length, or a marker for a length in the next two or eight bytes. */
const MASKED = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127

/** Size of a header in bytes, including the mask. */
const SHORT_HEADER = 6
const LONG_HEADER = 8
const LONGEST_HEADER = 14

/** Maximum length of a message in a slab, in characters or bytes. Longer messages get their own memory. */
const LONGEST = 4_096

/** Size of a slab, in bytes. */
const SIZE = 256 * 1024

/**
 * Writes smaller than this are copied before they are passed to the socket, so that data waiting in a slow socket does not keep a whole
 * slab in memory.
 */
const COPIED = 16 * 1024

/** Part of a socket used by the fast path. */
export type WrittenSocket = Pick<Socket, 'write'>

/** Memory for frames. Memory that was passed to a socket is never reused, because the socket may still need it. */
class Slab {
  /** Writer whose frames have not been passed to its socket yet, if any. */
  #writer: FastSend | undefined
  readonly #bytes = Buffer.allocUnsafeSlow(SIZE)
  readonly #words = new Uint32Array(this.#bytes.buffer)
  #begin = 0
  #end = 0

  /** Number of bytes not yet passed to the socket. */
  get pending(): number {
    return this.#end - this.#begin
  }

  isUsedBy(writer: FastSend): boolean {
    return this.#writer === writer
  }

  /** Assigns the remaining space to a writer, after flushing the previous writer's frames. */
  passTo(writer: FastSend | undefined): void {
    this.#writer?.flush()
    this.#writer = writer
  }

  hasRoomFor(bytes: number): boolean {
    return SIZE - this.#end >= bytes
  }

  /** Returns the bytes not yet passed to the socket, and releases the writer. */
  take(): Buffer {
    this.#writer = undefined
    const taken = this.#bytes.subarray(this.#begin, this.#end)
    if (taken.length < COPIED) {
      this.#end = this.#begin
      return Buffer.from(taken)
    }
    this.#begin = this.#end
    return taken
  }

  /** Frames a message. The slab must have enough room. */
  write(data: string | Uint8Array): void {
    const bytes = this.#bytes
    const begin = this.#end
    let start = begin + (data.length < LENGTH_16 ? SHORT_HEADER : LONG_HEADER)
    const length = writePayload(bytes, data, start)
    if (length >= LENGTH_16 && data.length < LENGTH_16) {
      bytes.copyWithin(begin + LONG_HEADER, start, start + length)
      start = begin + LONG_HEADER
    }
    bytes[begin] = opcodeOf(data)
    if (length < LENGTH_16) bytes[begin + 1] = MASKED | length
    else {
      bytes[begin + 1] = MASKED | LENGTH_16
      bytes[begin + 2] = length >> 8
      bytes[begin + 3] = length & 0xff
    }
    this.#end = start + length
    drawMask(bytes, start - 4)
    maskPayload(bytes, this.#words, start, this.#end)
  }
}

/** Frames a message of at least 126 bytes in its own memory. */
function frameLong(data: string | Uint8Array): Buffer {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
  const is64 = length >= 2 ** 16
  const header = is64 ? LONGEST_HEADER : LONG_HEADER
  // The payload starts at a multiple of four, so it can be masked in place, four bytes at a time.
  const begin = -header & 3
  const start = begin + header
  const bytes = Buffer.allocUnsafeSlow(start + length)
  bytes[begin] = opcodeOf(data)
  bytes[begin + 1] = MASKED | (is64 ? LENGTH_64 : LENGTH_16)
  if (is64) bytes.writeBigUInt64BE(BigInt(length), begin + 2)
  else bytes.writeUInt16BE(length, begin + 2)
  writePayload(bytes, data, start)
  drawMask(bytes, start - 4)
  maskPayload(bytes, new Uint32Array(bytes.buffer, 0, bytes.length >> 2), start, bytes.length)
  return bytes.subarray(begin)
}

function opcodeOf(data: string | Uint8Array): number {
  return typeof data === 'string' ? PLAIN_TEXT : PLAIN_BINARY
}

/** Returns the number of bytes written. */
function writePayload(bytes: Buffer, data: string | Uint8Array, start: number): number {
  if (typeof data === 'string') return bytes.write(data, start)
  bytes.set(data, start)
  return data.length
}

/**
 * Masks a payload with the four bytes before it (RFC 6455, section 5.3).
 *
 * perf: masks four bytes at a time if they are aligned. `ws` masks byte by byte, which takes 6 times the CPU time.
 *
 * @param words the same memory as `bytes`
 */
function maskPayload(bytes: Buffer, words: Uint32Array, start: number, end: number): void {
  const mask = start - 4
  let at = start
  for (; at < end && at % 4 !== 0; at += 1) maskByte(bytes, at, mask)
  for (let index = 0; index < 4; index += 1)
    KEY_BYTES[index] = bytes[mask + ((at + index - mask) % 4)] as number
  const key = KEY_WORD[0] as number
  for (; at + 4 <= end; at += 4) words[at >> 2] = (words[at >> 2] as number) ^ key
  for (; at < end; at += 1) maskByte(bytes, at, mask)
}

/** Four bytes of a mask, and the same memory as one number. */
const KEY_BYTES = new Uint8Array(4)
const KEY_WORD = new Uint32Array(KEY_BYTES.buffer)

function maskByte(bytes: Buffer, at: number, mask: number): void {
  bytes[at] = (bytes[at] as number) ^ (bytes[mask + ((at - mask) % 4)] as number)
}

/** Random bytes for masks, generated in bulk. Masks must be unpredictable (RFC 6455, section 10.3). */
const RANDOM = new Uint8Array(8_192)
let drawn = RANDOM.length

function drawMask(bytes: Buffer, at: number): void {
  if (drawn === RANDOM.length) {
    randomFillSync(RANDOM)
    drawn = 0
  }
  for (let index = 0; index < 4; index += 1) bytes[at + index] = RANDOM[drawn + index] as number
  drawn += 4
}

/** Current slab, shared by all sockets in the process. */
let slab = new Slab()

/**
 * Frames messages without `ws`. Short messages are encoded one after another into a slab, which is passed to the socket in a single write.
 * Passing each message separately, in its own memory, would be most of the cost of sending many messages in one turn. All other frames are
 * left to `ws`, which must not write anything before the data pending here has been flushed.
 */
export class FastSend {
  readonly #socket: WrittenSocket

  constructor(socket: WrittenSocket) {
    this.#socket = socket
  }

  /** Number of bytes not yet passed to the socket. */
  get pending(): number {
    return slab.isUsedBy(this) ? slab.pending : 0
  }

  /**
   * Frames a message. A long message is passed to the socket immediately, and so is everything pending if `flushed` is given. `flushed` is
   * called once the message has been sent or never will be.
   */
  send(data: string | Uint8Array, flushed?: () => void): void {
    if (data.length > LONGEST) {
      this.flush()
      this.#socket.write(frameLong(data), flushed)
      return
    }
    // A character that takes four bytes in UTF-8 counts as two in the length of a string.
    const most = LONG_HEADER + data.length * 3
    if (!slab.isUsedBy(this) || !slab.hasRoomFor(most)) this.#takeSlab(most)
    slab.write(data)
    if (flushed) this.flush(flushed)
  }

  /** Makes room for a frame. Any writer's pending data is passed to its socket first. */
  #takeSlab(bytes: number): void {
    slab.passTo(undefined)
    if (!slab.hasRoomFor(bytes)) slab = new Slab()
    slab.passTo(this)
  }

  /** Passes pending data to the socket. `flushed` is called once the data has been sent or never will be. */
  flush(flushed?: () => void): void {
    if (slab.isUsedBy(this)) this.#socket.write(slab.take(), flushed)
  }
}
