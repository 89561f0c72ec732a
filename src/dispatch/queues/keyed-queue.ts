import { deferred } from '../../core/deferred.js'
import type { Deferred } from '../../core/deferred.js'
import { Fifo } from '../../core/fifo.js'

/** How a keyed queue tells its items apart, and what it does with them. */
export interface KeyedQueuePort<T> {
  /** How many items run at once, all keys together. */
  readonly limit: number
  /** True where an item that waits gives its place to a newer one of its key. */
  readonly conflate: boolean
  /** What an item belongs to, compared as in a Map; of those without a key, `undefined`, none is ever skipped. */
  readonly keyOf: (item: T) => unknown
  /** Runs an item. One that returns nothing is over at once, without a promise. It must neither throw nor reject. */
  readonly run: (item: T) => void | Promise<void>
  /** Is given an item that a newer one has taken the place of. */
  readonly onConflated: (item: T) => void
}

/** Runs the items of each key in order, one at a time, and different keys at once; the keys that wait take turns. */
export class KeyedQueue<T> {
  readonly #port: KeyedQueuePort<T>
  /** Those keys of which something waits or runs. */
  readonly #lanes = new Map<unknown, Lane<T>>()
  /** Of these, the ones of which nothing runs. */
  readonly #ready = new Fifo<Lane<T>>()
  #waiting = 0
  #running = 0
  #isStarted = false
  #isLooping = false
  #idle: Deferred<void> | undefined

  constructor(parts: KeyedQueuePort<T>) {
    this.#port = parts
  }

  /** Begins to run what is there and what comes. */
  start(): void {
    this.#isStarted = true
    this.#loop()
  }

  push(item: T): void {
    const { keyOf, conflate, onConflated } = this.#port
    const key = keyOf(item)
    const lane = this.#lanes.get(key) ?? this.#enter(key)
    if (conflate && key !== undefined && lane.size > 0) {
      // It is the only one of its key: each before it has been replaced, too.
      const replaced = lane.shift() as T
      lane.push(item)
      onConflated(replaced)
      return
    }
    lane.push(item)
    this.#waiting += 1
    if (this.#isStarted) this.#loop()
  }

  /** Takes back what has not begun: key by key, those of one key in order. */
  clear(): T[] {
    const left: T[] = []
    for (const lane of this.#lanes.values()) for (const item of lane.clear()) left.push(item)
    for (const { key } of this.#ready.clear()) this.#lanes.delete(key)
    this.#waiting = 0
    this.#settleIdle()
    return left
  }

  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void> {
    this.#idle ??= deferred()
    const { promise } = this.#idle
    this.#settleIdle()
    return promise
  }

  #enter(key: unknown): Lane<T> {
    const lane = new Lane<T>(key)
    this.#lanes.set(key, lane)
    this.#ready.push(lane)
    return lane
  }

  #loop(): void {
    // An item's run may push, synchronously: the loop that is under way will come to it.
    if (this.#isLooping) return
    this.#isLooping = true
    while (this.#running < this.#port.limit) {
      const lane = this.#ready.shift()
      if (!lane) break
      this.#runNext(lane)
    }
    this.#isLooping = false
    this.#settleIdle()
  }

  #runNext(lane: Lane<T>): void {
    // A lane that is ready is never empty.
    const item = lane.shift() as T
    this.#waiting -= 1
    this.#running += 1
    const running = this.#port.run(item)
    if (running === undefined) {
      this.#over(lane)
      return
    }
    void running.then(() => {
      this.#over(lane)
      this.#loop()
    })
  }

  #over(lane: Lane<T>): void {
    this.#running -= 1
    if (lane.size === 0) this.#lanes.delete(lane.key)
    else this.#ready.push(lane)
  }

  #settleIdle(): void {
    if (this.#running > 0 || this.#waiting > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}

/** What waits of one key. */
class Lane<T> extends Fifo<T> {
  readonly key: unknown

  constructor(key: unknown) {
    super()
    this.key = key
  }
}
