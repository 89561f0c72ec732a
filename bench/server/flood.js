import { constants, createDeflateRaw } from 'node:zlib'
import { blockOf } from '../payloads.js'
import { BINARY, TEXT, encodeFrame } from './frames.js'

/** Size in bytes, and number, of the writes in flight, so that the client never waits. */
const WRITES = 4
const WRITE_BYTES = 256 * 1024

const cache = new Map()

/** Sends `count` messages as fast as the client reads them, from frames that were encoded in advance. */
export async function flood(socket, { count, frames }) {
  const repeats = Math.max(1, Math.round(WRITE_BYTES / frames.bytes.length))
  const big = Buffer.concat(Array.from({ length: repeats }, () => frames.bytes))
  const block = frames.ends.length
  const chunks = []
  let left = count
  for (; left >= block * repeats; left -= block * repeats) chunks.push(big)
  for (; left >= block; left -= block) chunks.push(frames.bytes)
  if (left > 0) chunks.push(frames.bytes.subarray(0, frames.ends[left - 1]))
  let next = 0
  const write = () => {
    if (next < chunks.length && !socket.destroyed) socket.write(chunks[next++], write)
  }
  for (let started = 0; started < WRITES; started += 1) write()
}

/** Encodes the messages of one size, each text in the envelope of the dialect. */
export async function framesOf({ size, types, isNested, isBinary }, dialect, isCompressed) {
  const key = JSON.stringify([size, types, isNested, isBinary, dialect.name, isCompressed])
  if (cache.has(key)) return cache.get(key)
  const messages = blockOf(size, types, isNested)
  const payloads = messages.map((message) => Buffer.from(dialect.wrap(JSON.stringify(message))))
  const bodies = isCompressed ? await deflateAll(payloads) : payloads
  const encoded = bodies.map((body) => encodeFrame(body, isBinary ? BINARY : TEXT, isCompressed))
  let end = 0
  const frames = { bytes: Buffer.concat(encoded), ends: encoded.map(({ length }) => (end += length)) }
  cache.set(key, frames)
  return frames
}

/**
 * Compresses messages one after another in one window (RFC 7692 with context takeover). Repeating the block is valid, because each
 * message refers only to earlier messages of the block.
 */
async function deflateAll(payloads) {
  const deflate = createDeflateRaw()
  const parts = []
  deflate.on('data', (part) => parts.push(part))
  const bodies = []
  for (const payload of payloads) {
    deflate.write(payload)
    await new Promise((resolve) => {
      deflate.flush(constants.Z_SYNC_FLUSH, resolve)
    })
    // Leaves out the empty block at the end of a sync flush (section 7.2.1).
    bodies.push(Buffer.concat(parts.splice(0)).subarray(0, -4))
  }
  deflate.close()
  return bodies
}
