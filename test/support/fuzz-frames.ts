import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { encode } from '@msgpack/msgpack'
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload, frame } from './raw-server.js'
import type { SeededRandom } from './seeded-random.js'

export type Frame = string | Uint8Array

/** Encodes the text of a message into a frame. */
export type Wrap = (text: string) => Frame

/** Messages as exchanges send them, including batches and IDs that do not fit into a double. */
const MESSAGES = [
  '{"type":"ticker","product_id":"BTC-USD","price":"43010.21","sequence":17843232920108168701,"time":"2026-01-01T00:00:00Z"}',
  '{"type":"trade","p":43010.21,"q":1.5e-8,"T":1767225600000,"m":true,"side":null}',
  '[10,[["43010.1","0.5","1767225600.123456"],["43009.9","1.25","1767225600.2"]],"book-1000","XBT/USD"]',
  '{"type":"status","text":"Grüße, 世界 \\ud83d\\ude80 \\"quoted\\" \\u0000","list":[[],{},[{}],""]}',
  '[{"jsonrpc":"2.0","id":1,"result":[1,2,3]},{"jsonrpc":"2.0","method":"heads","params":{"block":"0x1b4"}}]',
]

/** Messages that try to change prototypes. */
const POLLUTION = [
  '{"type":"trade","__proto__":{"polluted":true}}',
  '{"__proto__":{"type":"trade","polluted":true}}',
  '{"type":"trade","constructor":{"prototype":{"polluted":true}}}',
  '{"type":"__proto__","polluted":true}',
  '{"type":"constructor"}',
  '{"type":"toString","toString":1,"valueOf":null,"hasOwnProperty":"x","toJSON":{}}',
  '{"type":{"toString":{},"__proto__":null}}',
  '[{"__proto__":[]},{"length":4294967296},["__proto__"]]',
  '{"id":17843232920108168701,"__proto__":{"polluted":true},"__proto__":{"polluted":1}}',
]

const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\u',
  '1e',
  '-',
  '00',
  '\0',
  '\ufeff',
  '__proto__',
  'NaN',
  '9'.repeat(20),
]

function hugeNumber(random: SeededRandom): string {
  const digits = '9'.repeat(random.pick([16, 40, 400, 4_300, 4_301, 20_000]))
  const number = random.pick([
    digits,
    `-${digits}`,
    `1e${digits.slice(0, 5)}`,
    `${digits}.${digits}e-9`,
    `0.${digits}`,
  ])
  return `{"type":"trade","n":[${number}]}`
}

function deepText(random: SeededRandom): string {
  const depth = random.pick([100, 2_000, 20_000])
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"__proto__":', '}]'],
  ] as const)
  const core = random.pick(['1', '17843232920108168701', '""'])
  return open.repeat(depth) + core + (random.chance(0.8) ? close.repeat(depth) : '')
}

function mutatedText(random: SeededRandom): string {
  let text = random.pick(MESSAGES)
  for (let edits = random.between(1, 3); edits > 0; edits -= 1) {
    const at = random.between(0, text.length)
    const piece = random.pick([random.pick(PIECES), '', text.slice(at, at + random.between(0, 20))])
    text = text.slice(0, at) + piece + text.slice(at + random.between(0, 4))
  }
  return text
}

/** Returns the text of a message, which can be valid, damaged, or malicious. */
function fuzzText(random: SeededRandom): string {
  const draw = random.next()
  if (draw < 0.25) return random.pick(MESSAGES)
  if (draw < 0.7) return mutatedText(random)
  if (draw < 0.9) return random.pick(POLLUTION)
  if (draw < 0.96) return hugeNumber(random)
  if (draw < 0.97) return deepText(random)
  return random.pick(['', ' ', 'null', '0', '"ping"', '\ufeff{}', '{}', '[]', '"\\ud800"'])
}

/** Damages bytes: truncates, repeats or overwrites some of them. */
function damaged(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const at = random.between(0, Math.max(0, bytes.length - 1))
  const kind = random.between(0, 4)
  if (kind === 0) return bytes.subarray(0, at)
  if (kind === 1) return bytes.subarray(at)
  if (kind === 2) return Buffer.concat([bytes, bytes.subarray(at)])
  const copy = Buffer.from(bytes)
  for (let flips = random.between(1, 4); flips > 0 && copy.length > 0; flips -= 1)
    copy[random.between(0, copy.length - 1)] = random.between(0, 255)
  return copy
}

function randomBytes(random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length: random.between(0, 64) }, () => random.between(0, 255))
}

/** Encoders by name. MessagePack encodes text that is not valid JSON as a string. */
export const WRAPS = {
  text: (text) => text,
  utf8: (text) => Buffer.from(text),
  gzip: (text) => gzipSync(text, { level: 1 }),
  deflate: (text) => deflateSync(text, { level: 1 }),
  msgpack: (text) => encode(parsed(text), { maxDepth: Infinity }),
  'msgpack in deflate-raw': (text) =>
    deflateRawSync(encode(parsed(text), { maxDepth: Infinity }), { level: 1 }),
} satisfies Readonly<Record<string, Wrap>>

function parsed(text: string): unknown {
  if (text.length > 10_000) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Frames that claim or expand to far more than their size. */
const BOMBS: readonly Uint8Array[] = [
  // Ten members in a row amount to 400 MiB.
  Buffer.concat(Array<Buffer>(10).fill(gzipSync(Buffer.alloc(40 * 2 ** 20, '[')))),
  deflateSync(Buffer.alloc(40 * 2 ** 20, '1')),
  deflateRawSync(Buffer.alloc(40 * 2 ** 20, 0x91)),
  new Uint8Array([0xdd, 0x01, 0xff, 0xff, 0xff]),
  new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]),
  Buffer.concat(Array<Buffer>(3_000).fill(Buffer.from([0xdc, 0x75, 0x30]))),
  new Uint8Array(100_000).fill(0x91),
  new Uint8Array(100_000).fill(0x81),
]

/** Returns one frame, mostly in the given encoding, whole or damaged, and sometimes something else entirely. */
export function fuzzFrame(random: SeededRandom, wrap: Wrap): Frame {
  const draw = random.next()
  if (draw < 0.002) return random.pick(BOMBS)
  if (draw < 0.03) return randomBytes(random)
  if (draw < 0.06) return fuzzText(random)
  const frame = wrap(fuzzText(random))
  return typeof frame !== 'string' && random.chance(0.4) ? damaged(random, frame) : frame
}

/** Returns one message as bytes on the wire, in one or more frames, and sometimes a control frame. */
function wireFrames(random: SeededRandom): Buffer {
  if (random.chance(0.05)) return frame(random.pick([PING, PONG]), fuzzText(random).slice(0, 20))
  if (random.chance(0.01)) return frame(CLOSE, closePayload(random.pick([1000, 1001, 1005, 4000, 99]), 'bye'))
  const fuzz = fuzzFrame(random, random.pick([WRAPS.text, WRAPS.utf8, WRAPS.gzip]))
  const opcode = typeof fuzz === 'string' ? TEXT : random.pick([TEXT, BINARY, BINARY, BINARY])
  const payload = Buffer.from(fuzz as string)
  if (random.chance(0.8)) return frame(opcode, payload)
  const cut = random.between(0, payload.length)
  const between = random.chance(0.3) ? frame(PING, 'between') : Buffer.alloc(0)
  const last = frame(random.chance(0.95) ? CONTINUATION : TEXT, payload.subarray(cut))
  return Buffer.concat([frame(opcode, payload.subarray(0, cut), false), between, last])
}

/** Returns the bytes that a peer sends on one connection. Some frames and headers are damaged, and chunks end anywhere. */
export function fuzzWire(random: SeededRandom): Buffer[] {
  const frames = Array.from({ length: random.between(1, 60) }, () => {
    const bytes = wireFrames(random)
    return random.chance(0.02) ? Buffer.from(damaged(random, bytes)) : bytes
  })
  const bytes = Buffer.concat(frames)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = random.pick([1, 7, 100, 1_000, 65_536])
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks.slice(0, 2_000)
}
