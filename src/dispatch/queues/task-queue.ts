import { deferred } from '../../core/deferred.js'
import type { Deferred } from '../../core/deferred.js'
import { Fifo } from '../../core/fifo.js'

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
  readonly #items = new Fifo<T>()
  #running = 0
  #isStarted = false
  #isLooping = false
  #idle: Deferred<void> | undefined

  constructor(limit: number, runner: Runner<T>) {
    this.#limit = limit
    this.#runner = runner
  }

  /** Begins to run what is there and what comes. */
  start(): void {
    this.#isStarted = true
    this.#loop()
  }

  push(item: T): void {
    if (this.#isStarted && !this.#isLooping && this.#items.size === 0 && this.#running < this.#limit) {
      this.#runAtOnce(item)
      return
    }
    this.#items.push(item)
    if (this.#isStarted) this.#loop()
  }

  /** Runs an item that need not wait. perf: without a place in the queue, 3 % fewer instructions per received message. */
  #runAtOnce(item: T): void {
    this.#isLooping = true
    this.#runOne(item)
    this.#isLooping = false
    // What it has pushed waits.
    if (this.#items.size > 0) this.#loop()
    else this.#settleIdle()
  }

  /** Takes back what has not begun. */
  clear(): T[] {
    const left = this.#items.clear()
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
    while (this.#running < this.#limit && this.#items.size > 0) this.#runOne(this.#items.shift() as T)
    this.#isLooping = false
    this.#settleIdle()
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
    if (this.#running > 0 || this.#items.size > 0 || this.#isLooping) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
