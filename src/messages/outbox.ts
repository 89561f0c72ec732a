import { ChunkedMessage } from '../codecs/chunked-message.js'
import { LateMessage } from '../codecs/late-message.js'
import type { Clock } from '../core/clock.js'
import { syncAnswer } from '../core/thenable.js'
import type { SendOptions } from '../transports/transport.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { Fifo } from '../core/fifo.js'
import type { Place } from '../core/fifo.js'

/** The `outbox` option with its defaults filled in. */
export interface OutboxSettings {
  readonly limit: number
  readonly bytes: number
  readonly overflow: 'reject' | 'drop-oldest' | 'drop-newest'
  /** In milliseconds; `Infinity` means no limit. */
  readonly maxAge: number
  readonly conflate?: ((message: unknown) => unknown) | undefined
}

export const OUTBOX_DEFAULTS = {
  limit: 1_000,
  bytes: 1024 * 1024,
  overflow: 'reject',
  maxAge: Infinity,
} as const

/** A frame, or a message that is encoded or iterated when it is passed to the socket. */
export type OutboxData = string | Uint8Array | LateMessage | ChunkedMessage

/** A message that waits to be sent. */
export interface OutboxEntry<Data = OutboxData> {
  readonly data: Data
  /** The original message, for reports. */
  readonly message: unknown
  readonly options?: SendOptions | undefined
}

interface Kept extends OutboxEntry {
  readonly keptAt: number
  /** Key that `conflate` returned; `undefined` if the message is not conflated. */
  readonly kind: unknown
}

/** Result of adding a message to an outbox. */
export interface OutboxResult {
  readonly isAccepted: boolean
  /** Messages that were dropped. With `drop-newest`, this can be the added message. Conflated messages are not included. */
  readonly dropped: readonly OutboxEntry[]
}

const ACCEPTED: OutboxResult = { isAccepted: true, dropped: [] }

/** Keeps messages in order until they can be sent. Limits their number and their total size. Has no timer. */
export class Outbox {
  readonly #settings: OutboxSettings
  readonly #clock: Pick<Clock, 'now'>
  readonly #kept = new Fifo<Kept>()
  readonly #byKind = new Map<unknown, Place<Kept>>()
  #bytes = 0

  constructor(settings: OutboxSettings, clock: Pick<Clock, 'now'>) {
    this.#settings = settings
    this.#clock = clock
  }

  get size(): number {
    return this.#kept.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Adds a message if there is room, or if dropping older messages makes room. Bytes are copied so that the caller can reuse its buffer.
   *
   * @throws whatever `conflate` throws
   */
  push(entry: OutboxEntry): OutboxResult {
    const { overflow, bytes } = this.#settings
    const size = sizeOf(entry)
    const { conflate } = this.#settings
    const message = conflatedBy(entry)
    const kind = syncAnswer(conflate?.(message), 'outbox.conflate')
    const replaced = kind === undefined ? undefined : this.#byKind.get(kind)
    if (!this.#fits(size, replaced?.item) && (overflow !== 'drop-oldest' || size > bytes))
      return this.#refuse(entry)
    if (replaced) this.#replace(replaced)
    const dropped: Kept[] = []
    while (!this.#fits(size)) dropped.push(this.#shift() as Kept)
    const place = this.#kept.push(this.#keep(entry, kind))
    this.#bytes += size
    if (kind !== undefined) this.#byKind.set(kind, place)
    return dropped.length === 0 ? ACCEPTED : { isAccepted: true, dropped }
  }

  /** Removes and returns the first message. `isExpired` is true if it is older than `maxAge`. */
  takeFirst(): { readonly entry: OutboxEntry; readonly isExpired: boolean } | undefined {
    const first = this.#shift()
    if (!first) return undefined
    return { entry: first, isExpired: first.keptAt < this.#clock.now() - this.#settings.maxAge }
  }

  /** Removes and returns all messages, in order. `expired` contains those older than `maxAge`. */
  takeAll(): { readonly fresh: readonly OutboxEntry[]; readonly expired: readonly OutboxEntry[] } {
    const oldest = this.#clock.now() - this.#settings.maxAge
    const all = this.#kept.clear()
    this.#byKind.clear()
    this.#bytes = 0
    return {
      fresh: all.filter(({ keptAt }) => keptAt >= oldest),
      expired: all.filter(({ keptAt }) => keptAt < oldest),
    }
  }

  /**
   * Creates an entry. Copies bytes, even if they are the message itself.
   *
   * perf: with object spread, adding a 120 B message takes 2.2 µs, of which the spread takes 2 µs.
   */
  #keep({ data, message, options }: OutboxEntry, kind: unknown): Kept {
    const copy = isLate(data) ? data : copyBytes(data)
    const keptAt = this.#clock.now()
    return { data: copy, message: message === data ? copy : message, options, kind, keptAt }
  }

  /** Returns whether `size` bytes fit once the replaced message is removed. */
  #fits(size: number, replaced?: Kept): boolean {
    const { limit, bytes } = this.#settings
    const left = this.#kept.size - (replaced ? 1 : 0)
    return left < limit && this.#bytes - (replaced ? sizeOf(replaced) : 0) + size <= bytes
  }

  #refuse(entry: OutboxEntry): OutboxResult {
    return { isAccepted: false, dropped: this.#settings.overflow === 'reject' ? [] : [entry] }
  }

  #shift(): Kept | undefined {
    const first = this.#kept.shift()
    if (first) this.#forget(first)
    return first
  }

  #replace(place: Place<Kept>): void {
    this.#kept.delete(place)
    this.#forget(place.item)
    if (place.item.data instanceof ChunkedMessage) place.item.data.end()
  }

  #forget(kept: Kept): void {
    this.#bytes -= sizeOf(kept)
    if (kept.kind !== undefined) this.#byKind.delete(kept.kind)
  }
}

/** Returns true for a message without a size, because its data does not exist yet. */
export function isLate(data: OutboxData): data is LateMessage | ChunkedMessage {
  return data instanceof LateMessage || data instanceof ChunkedMessage
}

/** Returns the argument for `conflate`: `undefined` for a message that does not exist yet. */
function conflatedBy({ data, message }: OutboxEntry): unknown {
  if (data instanceof ChunkedMessage) return undefined
  return data instanceof LateMessage ? data.message : message
}

function sizeOf({ data }: OutboxEntry): number {
  return data.length
}
