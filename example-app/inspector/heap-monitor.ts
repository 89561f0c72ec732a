import type { HeapUsage } from './inspector.messages.js'

/** One garbage collection, as reported by the sample process. */
export interface Collection {
  /** `scavenge`, `mark-sweep`, … */
  readonly kind: string
  /** In milliseconds. */
  readonly duration: number
}

/** All collections of one kind since the previous reading. */
export interface Collections extends Collection {
  readonly count: number
}

/** State of the heap, in bytes. */
export interface HeapReading {
  readonly used: number
  readonly total: number
  /** Change of `used` since the previous reading; `undefined` for the first reading of a process. */
  readonly change?: number
  readonly collections: readonly Collections[]
}

/** Combines the size of the heap with the garbage collections since the previous reading. */
export class HeapMonitor {
  readonly #collections = new Map<string, Collections>()
  #lastUsed: number | undefined

  /** Starts over with a new process. */
  reset(): void {
    this.#lastUsed = undefined
    this.#collections.clear()
  }

  collected({ kind, duration }: Collection): void {
    const before = this.#collections.get(kind)
    this.#collections.set(kind, {
      kind,
      count: (before?.count ?? 0) + 1,
      duration: (before?.duration ?? 0) + duration,
    })
  }

  read({ usedSize, totalSize }: HeapUsage): HeapReading {
    const change = this.#lastUsed === undefined ? undefined : usedSize - this.#lastUsed
    const collections = [...this.#collections.values()]
    this.#lastUsed = usedSize
    this.#collections.clear()
    return { used: usedSize, total: totalSize, change, collections }
  }
}
