import { deferred } from '../../core/deferred.js'
import type { Deferred } from '../../core/deferred.js'

/** Past this many finished items the array is cut, so that taking the next one stays cheap. */
const CUT = 1_024

/** What runs the items of a queue. It neither throws nor rejects, and returns nothing where there is nothing to wait for. */
export interface Runner<T> {
  run(item: T): void | Promise<void>
}

/**
 * Runs items in order, at most `limit` at once. An item whose run returns nothing is over at once, without a promise.
 */
export class TaskQueue<T> {
  readonly #limit: number
  readonly #runner: Runner<T>
  #items: T[] = []
  #head = 0
  #running = 0
  #isStarted = false
  #isLooping = false
  #idle: Deferred<void> | undefined

  constructor(limit: number, runner: Runner<T>) {
    this.#limit = limit
    this.#runner = runner
  }

  /** How many items wait; those that run do not count. */
  get waiting(): number {
    return this.#items.length - this.#head
  }

  /** Begins to run what is there and what comes. */
  start(): void {
    this.#isStarted = true
    this.#loop()
  }

  push(item: T): void {
    if (this.#isStarted && !this.#isLooping && this.#items.length === 0 && this.#running < this.#limit) {
      this.#runAtOnce(item)
      return
    }
    this.#items.push(item)
    if (this.#isStarted) this.#loop()
  }

  /** Runs an item that need not wait, without a place in the queue. */
  #runAtOnce(item: T): void {
    this.#isLooping = true
    this.#runOne(item)
    this.#isLooping = false
    // What it has pushed waits.
    if (this.#items.length > 0) this.#loop()
    else this.#settleIdle()
  }

  /** Takes back what has not begun. */
  clear(): T[] {
    const left = this.#items.slice(this.#head)
    this.#items = []
    this.#head = 0
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

  #loop(): void {
    // An item's run may push, synchronously: the loop that is under way will come to it.
    if (this.#isLooping) return
    this.#isLooping = true
    while (this.#running < this.#limit && this.#head < this.#items.length) this.#runNext()
    this.#isLooping = false
    this.#settleIdle()
  }

  #runNext(): void {
    const item = this.#items[this.#head] as T
    this.#head += 1
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= CUT) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    this.#runOne(item)
  }

  #runOne(item: T): void {
    this.#running += 1
    const running = this.#runner.run(item)
    if (running === undefined) {
      this.#running -= 1
      return
    }
    void running.then(() => {
      this.#running -= 1
      this.#loop()
    })
  }

  #settleIdle(): void {
    if (this.#running > 0 || this.waiting > 0 || this.#isLooping) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
