import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload } from '../support/raw-server.js'

/** One frame, with everything that can be wrong about it (RFC 6455, section 5.2). */
export interface FrameFacts {
  readonly opcode: number
  readonly payload?: Uint8Array | string
  /** True by default. */
  readonly isFinal?: boolean
  /** RSV1 to RSV3 as a number: RSV1 is 4. */
  readonly rsv?: number
  /** Masks the payload, which a server must not do. */
  readonly mask?: readonly [number, number, number, number]
  /** Number of bits that encode the length; by default the fewest that are enough. */
  readonly lengthBits?: 7 | 16 | 64
  /** Length in the header, if it differs from that of the payload. */
  readonly length?: bigint
}

/** Returns the bytes of one frame. */
export function frameOf(facts: FrameFacts): Buffer {
  const { opcode, isFinal = true, rsv = 0, mask } = facts
  const payload = Buffer.from((facts.payload ?? '') as string)
  const [short, extended] = lengthOf(facts.length ?? BigInt(payload.length), facts.lengthBits)
  const start = Buffer.from([(isFinal ? 0x80 : 0) | (rsv << 4) | opcode, (mask ? 0x80 : 0) | short])
  if (!mask) return Buffer.concat([start, extended, payload])
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!)
  return Buffer.concat([start, extended, Buffer.from(mask), masked])
}

function lengthOf(length: bigint, bits = length < 126n ? 7 : length < 0x10000n ? 16 : 64): [number, Buffer] {
  if (bits === 7) return [Number(length), Buffer.alloc(0)]
  if (bits === 16) return [126, Buffer.from([Number(length >> 8n), Number(length & 0xffn)])]
  const extended = Buffer.alloc(8)
  extended.writeBigUInt64BE(length)
  return [127, extended]
}

/** Contents of a message. */
export type Payload = Uint8Array | string

export const text = (payload: Payload, isFinal = true): Buffer => frameOf({ opcode: TEXT, payload, isFinal })
export const binary = (payload: Payload, isFinal = true): Buffer =>
  frameOf({ opcode: BINARY, payload, isFinal })
export const continuation = (payload: Payload, isFinal = true): Buffer =>
  frameOf({ opcode: CONTINUATION, payload, isFinal })
export const ping = (payload: Payload = ''): Buffer => frameOf({ opcode: PING, payload })
export const pong = (payload: Payload = ''): Buffer => frameOf({ opcode: PONG, payload })
export const close = (code: number, reason = ''): Buffer =>
  frameOf({ opcode: CLOSE, payload: closePayload(code, reason) })

/** Splits bytes into parts of `size` bytes. */
export function parts(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}

/** Returns one message in fragments of `size` bytes. */
export function fragmented(opcode: number, payload: Uint8Array, size: number): Buffer[] {
  const all = parts(payload, size)
  return all.map((part, index) =>
    frameOf({
      opcode: index === 0 ? opcode : CONTINUATION,
      payload: part,
      isFinal: index === all.length - 1,
    }),
  )
}

/** Reads `'ce ba'` as bytes. */
export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}
