import { randomFillSync } from 'node:crypto'
import type { Socket } from 'node:net'

/** The first byte of a message in one frame, without extensions: of a text, and of a binary one (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81
const PLAIN_BINARY = 0x82

/** Its second byte: the mask's bit, with the length or with what says that the length follows in two bytes, or in eight. */
const MASKED = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127

/** Bytes of a header with its mask. */
const SHORT_HEADER = 6
const LONG_HEADER = 8
const LONGEST_HEADER = 14

/** Longer messages, in characters or bytes, get memory of their own. */
const LONGEST = 4_096

/** Bytes of a slab. */
const SIZE = 256 * 1024

/** Less than this is handed over as a copy: what waits in a slow socket must not keep a whole slab of memory alive. */
const COPIED = 16 * 1024

/** The part of a socket that the fast path uses. */
export type WrittenSocket = Pick<Socket, 'write'>

/** Memory for frames. None that a socket was given is ever used again, since it may not be through with it. */
class Slab {
  /** The writer of the frames that have not been handed over. */
  #writer: FastSend | undefined
  readonly #bytes = Buffer.allocUnsafeSlow(SIZE)
  readonly #words = new Uint32Array(this.#bytes.buffer)
  #begin = 0
  #end = 0

  /** Bytes that have not been handed over. */
  get pending(): number {
    return this.#end - this.#begin
  }

  isUsedBy(writer: FastSend): boolean {
    return this.#writer === writer
  }

  /** Gives the room that is left to a writer. The frames of another one are flushed first. */
  passTo(writer: FastSend | undefined): void {
    this.#writer?.flush()
    this.#writer = writer
  }

  hasRoomFor(bytes: number): boolean {
    return SIZE - this.#end >= bytes
  }

  /** Takes what has not been handed over; its writer is through. */
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

  /** Writes the frame of a message, for which there has to be room. */
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

/** Frames a message of at least 126 bytes in memory of its own. */
function frameLong(data: string | Uint8Array): Buffer {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
  const is64 = length >= 2 ** 16
  const header = is64 ? LONGEST_HEADER : LONG_HEADER
  // The payload begins at a multiple of four: it is masked in place, four bytes at a time.
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

/** Returns how many bytes it has written. */
function writePayload(bytes: Buffer, data: string | Uint8Array, start: number): number {
  if (typeof data === 'string') return bytes.write(data, start)
  bytes.set(data, start)
  return data.length
}

/**
 * Masks a payload with the four bytes before it (RFC 6455, section 5.3).
 *
 * perf: four bytes at a time where they lie so. `ws` masks byte by byte, which takes 6 times the CPU time.
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

/** Four bytes, and what they are as one number here. */
const KEY_BYTES = new Uint8Array(4)
const KEY_WORD = new Uint32Array(KEY_BYTES.buffer)

function maskByte(bytes: Buffer, at: number, mask: number): void {
  bytes[at] = (bytes[at] as number) ^ (bytes[mask + ((at - mask) % 4)] as number)
}

/** Masks have to be unpredictable (RFC 6455, section 10.3), and are drawn many at once. */
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

/** The one that is being written to: all sockets of the process share it. */
let slab = new Slab()

/**
 * Frames messages. Short ones are encoded one behind the other into one piece of memory, which is handed over to the socket at once: to hand
 * over each by itself, in pieces of its own, is most of what it costs to send many in one turn. All else is for `ws`, which must write
 * nothing before what is pending here has been flushed.
 */
export class FastSend {
  readonly #socket: WrittenSocket

  constructor(socket: WrittenSocket) {
    this.#socket = socket
  }

  /** Bytes that have not been handed over. */
  get pending(): number {
    return slab.isUsedBy(this) ? slab.pending : 0
  }

  /** Frames a message, and hands a long one over. `flushed` asks for that at once, and is called when it has left, or cannot any more. */
  send(data: string | Uint8Array, flushed?: () => void): void {
    if (data.length > LONGEST) {
      this.flush()
      this.#socket.write(frameLong(data), flushed)
      return
    }
    // What takes four bytes in UTF-8 is two in a string's length.
    const most = LONG_HEADER + data.length * 3
    if (!slab.isUsedBy(this) || !slab.hasRoomFor(most)) this.#takeSlab(most)
    slab.write(data)
    if (flushed) this.flush(flushed)
  }

  /** Makes room for a frame. What another writer, or this one, has pending is handed over. */
  #takeSlab(bytes: number): void {
    slab.passTo(undefined)
    if (!slab.hasRoomFor(bytes)) slab = new Slab()
    slab.passTo(this)
  }

  /** Hands over what is pending; `flushed` is called when that has left, or cannot any more. */
  flush(flushed?: () => void): void {
    if (slab.isUsedBy(this)) this.#socket.write(slab.take(), flushed)
  }
}
