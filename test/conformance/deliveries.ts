import { lastPingOf } from './case.js'
import type { ConformanceCase, Outcome } from './case.js'
import { parts } from './wire.js'

/** What the client does meanwhile. */
type Manner =
  /** Nothing. */
  | 'reading'
  /** It pauses whenever something is delivered, until the next turn. */
  | 'halting'
  /** It begins to close as soon as it is open, and so answers nothing more. */
  | 'closing'

/** One way of bringing a case's bytes to the client: each chunk is read before the next one is written. */
export interface Delivery {
  readonly name: string
  readonly chunks: readonly Uint8Array[]
  /** Whether the first chunk travels with the answer to the handshake. */
  readonly isEarly?: boolean
  readonly manner?: Manner
  /** How many times the chunks make the case's bytes; once unless said otherwise. */
  readonly times?: number
}

/** Up to so many bytes a case is cut everywhere, and written byte by byte. */
const SHORT = 600
/**
 * Up to so many bytes it is cut around its first and last header, and near its end. What is longer comes in one more way, in which its first
 * header is cut everywhere at once, and its payload once.
 */
const MIDDLING = 70_000
/** The header of a server's frame has so many bytes, where it has less than 64 KiB. */
const SHORT_HEADER = 4
/** The longest header of a server's frame has 10 bytes. */
const AROUND_HEADER = 12

/** All ways of delivering a case; each must have the same outcome. */
export function deliveriesOf({ pieces, ending }: ConformanceCase): Delivery[] {
  const bytes = Buffer.concat(pieces)
  const all: Delivery[] = [{ name: 'whole', chunks: [bytes] }]
  if (pieces.length > 1) all.push({ name: 'piece by piece', chunks: pieces })
  if (bytes.length > MIDDLING) return [...all, { name: 'header byte by byte', chunks: inHeader(bytes) }]
  all.push(
    { name: 'with the handshake', chunks: [bytes], isEarly: true },
    { name: 'whole, while halting', chunks: [bytes], manner: 'halting' },
    { name: 'with the handshake, while halting', chunks: [bytes], isEarly: true, manner: 'halting' },
    { name: 'whole, while closing', chunks: [bytes], manner: 'closing' },
  )
  if (bytes.length <= SHORT) {
    const chunks = parts(bytes, 1)
    all.push(
      { name: 'byte by byte', chunks },
      { name: 'byte by byte, while halting', chunks, manner: 'halting' },
      { name: 'byte by byte, while closing', chunks, manner: 'closing' },
    )
  }
  return [...all, ...cuts(bytes, offsetsOf(bytes, pieces), ending)]
}

/** The bytes in two chunks, cut at each of these offsets. */
function cuts(bytes: Buffer, offsets: readonly number[], ending: ConformanceCase['ending']): Delivery[] {
  const cutAt = (offset: number): Buffer[] => [bytes.subarray(0, offset), bytes.subarray(offset)]
  // What is in the same chunk as the answer to the handshake matters in the first header only, which is short for nearly all.
  const early = offsets
    .filter((offset) => offset <= SHORT_HEADER)
    .map((offset) => ({
      name: `cut at ${offset}, the first part with the handshake`,
      chunks: cutAt(offset),
      isEarly: true,
    }))
  // What leaves the connection open is cut everywhere on one and the same: to connect takes longest.
  if (ending === 'close' && offsets.length > 0) {
    const name = `cut at ${offsets.join(', ')}, one after the other`
    return [...early, { name, chunks: offsets.flatMap(cutAt), times: offsets.length }]
  }
  return [...early, ...offsets.map((offset) => ({ name: `cut at ${offset}`, chunks: cutAt(offset) }))]
}

function inHeader(bytes: Buffer): Buffer[] {
  const middle = Math.floor(bytes.length / 2)
  return [
    ...parts(bytes.subarray(0, AROUND_HEADER), 1),
    bytes.subarray(AROUND_HEADER, middle),
    bytes.subarray(middle, -1),
    bytes.subarray(-1),
  ] as Buffer[]
}

/** Where a case is cut: everywhere if it is short, or else around its first and last header, and near its end. */
function offsetsOf(bytes: Uint8Array, pieces: readonly Uint8Array[]): number[] {
  const isEverywhere = bytes.length <= SHORT
  const last = bytes.length - (pieces.at(-1)?.length ?? 0)
  const isNear = (offset: number): boolean =>
    offset <= AROUND_HEADER || Math.abs(offset - last) <= AROUND_HEADER || offset >= bytes.length - 2
  const inside = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1)
  return isEverywhere ? inside : inside.filter(isNear)
}

/** What a case expects of a client that does what the delivery says. */
export function expectedOf({ expected }: ConformanceCase, { manner, times = 1 }: Delivery): Outcome {
  const delivered = Array.from({ length: times }, () => expected.delivered).flat()
  return manner === 'closing'
    ? { ...expected, delivered, answered: undefined, sent: '1000' }
    : { ...expected, delivered }
}

/** Makes one case of several, all but the last of which leave the connection open; `ignored` comes too late. */
export function glued(
  cases: readonly ConformanceCase[],
  ignored: readonly ConformanceCase[] = [],
): ConformanceCase {
  const last = cases.at(-1)!
  const delivered = cases.flatMap(({ expected }) => expected.delivered)
  const answered = last.ending === 'close' ? lastPingOf(delivered) : undefined
  return {
    ...last,
    id: cases.map(({ id }) => id).join(' + '),
    pieces: [...cases, ...ignored].map(({ pieces }) => Buffer.concat(pieces)),
    expected: { ...last.expected, delivered, answered },
  }
}
