import type { Clock } from '../core/clock.js'

/** How messages are kept while they cannot be sent, defaults filled in. */
export interface OutboxSettings {
  readonly limit: number
  readonly bytes: number
  readonly overflow: 'reject' | 'drop-oldest' | 'drop-newest'
  /** In milliseconds; `Infinity` keeps a message however old it is. */
  readonly maxAge: number
  readonly conflate?: (message: unknown) => unknown
}

export const OUTBOX_DEFAULTS = {
  limit: 1_000,
  bytes: 1024 * 1024,
  overflow: 'reject',
  maxAge: Infinity,
} as const

/** One message that waits to be sent. */
export interface OutboxEntry {
  /** The frame, encoded. */
  readonly data: string | Uint8Array
  /** The message as it was given, for reports. */
  readonly message: unknown
}

interface Kept extends OutboxEntry {
  readonly keptAt: number
  /** What `conflate` said of it; `undefined` conflates with nothing. */
  readonly kind: unknown
}

/** What became of a message that was offered to an outbox. */
export interface OutboxResult {
  readonly isAccepted: boolean
  /** What had to go, this message itself included under `drop-newest`; never what a newer one of its kind has replaced. */
  readonly dropped: readonly OutboxEntry[]
}

const ACCEPTED: OutboxResult = { isAccepted: true, dropped: [] }

/** Messages that were accepted while they could not be sent, in order and bounded in number and bytes. Owns no timer. */
export class Outbox {
  readonly #settings: OutboxSettings
  readonly #clock: Pick<Clock, 'now'>
  /** In order; a Set, for taking one out of the middle costs no more than taking the first. */
  readonly #kept = new Set<Kept>()
  readonly #byKind = new Map<unknown, Kept>()
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

  /** Takes a message, or says what had to go for it, or that there is no room. What `conflate` throws is the caller's. */
  push(entry: OutboxEntry): OutboxResult {
    const kind = this.#settings.conflate?.(entry.message)
    const replaced = kind === undefined ? undefined : this.#byKind.get(kind)
    const dropped = this.#makeRoom(sizeOf(entry), replaced)
    if (!dropped) return this.#refuse(entry)
    if (replaced) this.#remove(replaced)
    const kept = { ...entry, kind, keptAt: this.#clock.now() }
    this.#kept.add(kept)
    this.#bytes += sizeOf(entry)
    if (kind !== undefined) this.#byKind.set(kind, kept)
    return dropped.length === 0 ? ACCEPTED : { isAccepted: true, dropped }
  }

  /** Takes the first one out, and tells whether it has grown older than `maxAge`. */
  takeFirst(): { readonly entry: OutboxEntry; readonly isExpired: boolean } | undefined {
    const [first] = this.#kept
    if (!first) return undefined
    this.#remove(first)
    return { entry: first, isExpired: first.keptAt < this.#clock.now() - this.#settings.maxAge }
  }

  /** Takes everything out, in order: what is still good, and what has grown older than `maxAge`. */
  takeAll(): { readonly fresh: readonly OutboxEntry[]; readonly expired: readonly OutboxEntry[] } {
    const oldest = this.#clock.now() - this.#settings.maxAge
    const all = [...this.#kept]
    this.#kept.clear()
    this.#byKind.clear()
    this.#bytes = 0
    return {
      fresh: all.filter(({ keptAt }) => keptAt >= oldest),
      expired: all.filter(({ keptAt }) => keptAt < oldest),
    }
  }

  /** Returns what has to go so that so many bytes fit, and removes it; `undefined` when the message itself cannot be kept. */
  #makeRoom(size: number, replaced: Kept | undefined): Kept[] | undefined {
    const { limit, bytes, overflow } = this.#settings
    const freed = replaced ? sizeOf(replaced) : 0
    const fits = (): boolean =>
      this.#kept.size - (replaced ? 1 : 0) < limit && this.#bytes - freed + size <= bytes
    if (fits()) return []
    if (overflow !== 'drop-oldest' || size > bytes) return undefined
    const dropped: Kept[] = []
    for (const kept of this.#kept) {
      if (fits()) break
      if (kept === replaced) continue
      this.#remove(kept)
      dropped.push(kept)
    }
    return dropped
  }

  #refuse(entry: OutboxEntry): OutboxResult {
    return { isAccepted: false, dropped: this.#settings.overflow === 'reject' ? [] : [entry] }
  }

  #remove(kept: Kept): void {
    this.#kept.delete(kept)
    this.#bytes -= sizeOf(kept)
    if (kept.kind !== undefined) this.#byKind.delete(kept.kind)
  }
}

function sizeOf({ data }: OutboxEntry): number {
  return data.length
}
