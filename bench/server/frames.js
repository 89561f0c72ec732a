// Frames of RFC 6455, written and read by a server.

export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

const RSV1 = 0x40

/** Encodes one complete frame without a mask. */
export function encodeFrame(payload, opcode = TEXT, isCompressed = false) {
  const length = payload.length
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode | (isCompressed ? RSV1 : 0)
  if (length < 126) header[1] = length
  else if (length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([header, payload])
}

/** Finds the frames in the chunks of a client. Frames must be masked; this class does not unmask them. */
export class FrameReader {
  #onFrame
  #rest

  /** @param onFrame called with the chunk's `DataView`, the opcode, the payload's place and length, and the mask as a word */
  constructor(onFrame) {
    this.#onFrame = onFrame
  }

  read(data) {
    const chunk = this.#rest ? Buffer.concat([this.#rest, data]) : data
    this.#rest = undefined
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    const at = this.#walk(view)
    if (at < chunk.length) this.#rest = chunk.subarray(at)
  }

  /** Returns the position of the first incomplete frame. */
  #walk(view) {
    let at = 0
    while (at + 6 <= view.byteLength) {
      let length = view.getUint8(at + 1) & 0x7f
      let start = at + 6
      if (length === 126) {
        length = view.getUint16(at + 2)
        start += 2
      } else if (length === 127) {
        if (at + 14 > view.byteLength) return at
        length = Number(view.getBigUint64(at + 2))
        start += 8
      }
      if (start + length > view.byteLength) return at
      if ((view.getUint8(at) & 0xf0) !== 0x80)
        throw new Error('Only whole and uncompressed frames are expected here')
      this.#onFrame(view, view.getUint8(at) & 0x0f, start, length, view.getInt32(start - 4, true))
      at = start + length
    }
    return at
  }
}

/** Copies a payload out of its chunk, unmasked. */
export function unmask(view, start, length, mask) {
  const payload = Buffer.allocUnsafe(length)
  for (let index = 0; index < length; index += 1) {
    payload[index] = view.getUint8(start + index) ^ ((mask >>> ((index & 3) * 8)) & 0xff)
  }
  return payload
}
