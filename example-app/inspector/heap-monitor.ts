import type { HeapUsage } from './inspector.messages.js'

/** One garbage collection, as the workload reports it. */
export interface Collection {
  /** `scavenge`, `mark-sweep`, … */
  readonly kind: string
  /** In milliseconds. */
  readonly duration: number
}

/** All collections of one kind since the reading before. */
export interface Collections extends Collection {
  readonly count: number
}

/** The heap at one moment, in bytes. */
export interface HeapReading {
  readonly used: number
  readonly total: number
  /** Since the reading before; `undefined` for the first of a process. */
  readonly change?: number
  readonly collections: readonly Collections[]
}

/** Puts the heap's size and the collections since the last look together. */
export class HeapMonitor {
  readonly #collections = new Map<string, Collections>()
  #lastUsed: number | undefined

  /** Forgets the process before. */
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
