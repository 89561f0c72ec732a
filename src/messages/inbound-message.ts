/** One thing that arrived on a link, counted, decoded, and on its way to a handler. */
export interface InboundMessage {
  /** What it is: a decoded message, a binary frame that is no message, or a frame that could not be decoded. */
  readonly kind: 'message' | 'binary' | 'undecodable'
  /** The message, the bytes, or the error. */
  readonly value: unknown
  readonly raw: string | Uint8Array
  /** Monotonic time, in whole milliseconds. */
  readonly receivedAt: number
  /** What it counts for under back-pressure. */
  readonly size: number
}

type PooledMessage = { -readonly [K in keyof InboundMessage]: InboundMessage[K] }

/** One that is over: most are before the next one comes, which then takes its place in memory. */
let pooled: PooledMessage | undefined

/** Makes an arrival. */
export function acquireMessage(
  kind: InboundMessage['kind'],
  value: unknown,
  raw: string | Uint8Array,
  receivedAt: number,
  size: number,
): InboundMessage {
  const arrival = pooled
  if (!arrival) return { kind, value, raw, receivedAt, size }
  pooled = undefined
  arrival.kind = kind
  arrival.value = value
  arrival.raw = raw
  arrival.receivedAt = receivedAt
  arrival.size = size
  return arrival
}

/** Takes an arrival that is over, which nobody may look at any more. */
export function releaseMessage(arrival: InboundMessage): void {
  pooled = arrival
  pooled.value = undefined
  pooled.raw = ''
}
