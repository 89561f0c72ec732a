import { lastPingOf } from './case.js'
import type { ConformanceCase, Outcome } from './case.js'
import { parts } from './wire.js'

/** Behavior of the client during a delivery. */
type Manner =
  /** It only reads. */
  | 'reading'
  /** It pauses on every delivery until the next turn. */
  | 'halting'
  /** It starts to close as soon as it is open, and therefore answers nothing more. */
  | 'closing'

/** One way of bringing a case's bytes to the client. Each chunk is read before the next one is written. */
export interface Delivery {
  readonly name: string
  readonly chunks: readonly Uint8Array[]
  /** Whether the first chunk travels with the response to the handshake. */
  readonly isEarly?: boolean
  readonly manner?: Manner
  /** Number of times that the chunks contain the case's bytes; 1 by default. */
  readonly times?: number
}

/** Maximum size in bytes of a case that is split at every offset, and also written byte by byte. */
const SHORT = 600
/**
 * Maximum size in bytes of a case that is split around its first and last header, and near its end. A longer case is delivered in one more
 * way, with its first header split at every offset at once, and its payload once.
 */
const MIDDLING = 70_000
/** Size in bytes of a header of the server for less than 64 KiB. */
const SHORT_HEADER = 4
/** The longest header of a server's frame has 10 bytes. */
const AROUND_HEADER = 12

/** Returns all ways of delivering a case. Each must have the same outcome. */
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

/** Returns the bytes in two chunks, split at each of these offsets. */
function cuts(bytes: Buffer, offsets: readonly number[], ending: ConformanceCase['ending']): Delivery[] {
  const cutAt = (offset: number): Buffer[] => [bytes.subarray(0, offset), bytes.subarray(offset)]
  // A chunk shared with the response to the handshake only makes a difference in the first header, which is usually short.
  const early = offsets
    .filter((offset) => offset <= SHORT_HEADER)
    .map((offset) => ({
      name: `split at ${offset}, the first part with the handshake`,
      chunks: cutAt(offset),
      isEarly: true,
    }))
  // A case that leaves the connection open is split at every offset on a single connection, because connecting takes longest.
  if (ending === 'close' && offsets.length > 0) {
    const name = `split at ${offsets.join(', ')}, one after the other`
    return [...early, { name, chunks: offsets.flatMap(cutAt), times: offsets.length }]
  }
  return [...early, ...offsets.map((offset) => ({ name: `split at ${offset}`, chunks: cutAt(offset) }))]
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

/** Returns where to split a case: everywhere if it is short, otherwise around its first and last header, and near its end. */
function offsetsOf(bytes: Uint8Array, pieces: readonly Uint8Array[]): number[] {
  const isEverywhere = bytes.length <= SHORT
  const last = bytes.length - (pieces.at(-1)?.length ?? 0)
  const isNear = (offset: number): boolean =>
    offset <= AROUND_HEADER || Math.abs(offset - last) <= AROUND_HEADER || offset >= bytes.length - 2
  const inside = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1)
  return isEverywhere ? inside : inside.filter(isNear)
}

/** Returns what a case expects of a client in this delivery. */
export function expectedOf({ expected }: ConformanceCase, { manner, times = 1 }: Delivery): Outcome {
  const delivered = Array.from({ length: times }, () => expected.delivered).flat()
  return manner === 'closing'
    ? { ...expected, delivered, answered: undefined, sent: '1000' }
    : { ...expected, delivered }
}

/** Joins several cases into one. All but the last leave the connection open. `ignored` arrives too late to count. */
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
