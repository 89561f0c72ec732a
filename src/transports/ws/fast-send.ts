import { randomFillSync } from 'node:crypto'
import type { Socket } from 'node:net'

/** The first byte of a text message in one frame, without extensions (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81

/** Its second byte: the mask's bit, with the length or with what says that the length follows in two bytes. */
const MASKED = 0x80
const LENGTH_16 = 126

/** Bytes of a header with its mask. */
const SHORT_HEADER = 6
const LONG_HEADER = 8

/** Longer texts are for `ws`: beside what it costs to copy and mask them, little can be saved. */
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

  /** Writes the frame of a text message, for which there has to be room. */
  write(text: string): void {
    const bytes = this.#bytes
    const begin = this.#end
    let start = begin + (text.length < LENGTH_16 ? SHORT_HEADER : LONG_HEADER)
    const length = bytes.write(text, start)
    if (length >= LENGTH_16 && text.length < LENGTH_16) {
      bytes.copyWithin(begin + LONG_HEADER, start, start + length)
      start = begin + LONG_HEADER
    }
    bytes[begin] = PLAIN_TEXT
    if (length < LENGTH_16) bytes[begin + 1] = MASKED | length
    else {
      bytes[begin + 1] = MASKED | LENGTH_16
      bytes[begin + 2] = length >> 8
      bytes[begin + 3] = length & 0xff
    }
    this.#end = start + length
    drawMask(bytes, start - 4)
    this.#mask(start, this.#end)
  }

  /** Masks a payload with the four bytes before it (RFC 6455, section 5.3), four bytes at a time where they lie so. */
  #mask(start: number, end: number): void {
    const bytes = this.#bytes
    const words = this.#words
    const mask = start - 4
    let at = start
    for (; at < end && at % 4 !== 0; at += 1) maskByte(bytes, at, mask)
    for (let index = 0; index < 4; index += 1)
      KEY_BYTES[index] = bytes[mask + ((at + index - mask) % 4)] as number
    const key = KEY_WORD[0] as number
    for (; at + 4 <= end; at += 4) words[at >> 2] = (words[at >> 2] as number) ^ key
    for (; at < end; at += 1) maskByte(bytes, at, mask)
  }
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
 * Encodes short text messages, one behind the other, into one piece of memory, and hands that over to the socket: to hand over each by
 * itself, in pieces of its own, is most of what it costs to send many in one turn. All else is for `ws`, which must write nothing before
 * what is pending here has been flushed.
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

  /** Encodes a text message, and returns true; what is long is for `ws`. */
  send(text: string): boolean {
    if (text.length > LONGEST) return false
    // What takes four bytes in UTF-8 is two in a string's length.
    const most = LONG_HEADER + text.length * 3
    if (!slab.isUsedBy(this) || !slab.hasRoomFor(most)) this.#takeSlab(most)
    slab.write(text)
    return true
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
