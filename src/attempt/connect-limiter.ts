import { LONGEST_DELAY } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { Fifo } from '../core/fifo.js'

/** Limit on how often connections may start an attempt. */
export interface ConnectLimit {
  /** Maximum number of attempts that start in any window of `per` milliseconds. */
  readonly attempts: number
  /** Length of the window, in milliseconds. */
  readonly per: number
}

/** Attempt that waits for its turn. */
interface Waiting {
  /** Clock of its connection. */
  readonly clock: Clock
  start(): void
}

/** Place of an attempt in the queue of a limiter. */
export interface LimiterPlace {
  /** Latest time at which the attempt starts, on the clock of its connection. It starts earlier if an attempt ahead leaves the queue. */
  readonly dueAt: number
  /** Leaves the queue without starting. */
  leave(): void
}

/** Start of an attempt, on the clock of its connection. */
interface Start {
  readonly clock: Clock
  readonly at: number
}

/**
 * Limits the attempts of all clients that share it, in every window and not only on average. Attempts start in the order in which they
 * entered the queue. Created by {@link createConnectLimiter}.
 */
export class ConnectLimiter {
  readonly #limit: ConnectLimit
  /** Starts in the window, oldest first. Never more than `attempts`. */
  readonly #starts: Start[] = []
  readonly #waiting = new Fifo<Waiting>()
  /** Timer of the first attempt in the queue, on the clock of its connection. */
  #timer: Timer | undefined

  /** @internal */
  constructor(limit: ConnectLimit) {
    this.#limit = limit
  }

  /**
   * Starts an attempt immediately if the limit allows it. Otherwise, starts it after those that are already waiting, and returns its place.
   *
   * @internal
   */
  enter(clock: Clock, start: () => void): LimiterPlace | undefined {
    const attempt: Waiting = { clock, start }
    if (this.#waiting.size === 0 && this.#hasRoom()) {
      this.#start(attempt)
      return undefined
    }
    const dueAt = clock.now() + this.#delayOf(this.#waiting.size)
    const place = this.#waiting.push(attempt)
    if (this.#waiting.size === 1) this.#arm()
    return {
      dueAt,
      leave: () => {
        const isFirst = this.#waiting.first === attempt
        this.#waiting.delete(place)
        if (isFirst) this.#arm()
      },
    }
  }

  /** Returns the time until the attempt with this position in the queue starts, if all attempts ahead of it start as well. */
  #delayOf(position: number): number {
    const { attempts, per } = this.#limit
    const oldest = this.#starts[position % attempts]
    return (oldest ? this.#remaining(oldest) : 0) + Math.floor(position / attempts) * per
  }

  /** Returns the time until a start leaves the window, in milliseconds. */
  #remaining({ clock, at }: Start): number {
    return Math.max(0, at + this.#limit.per - clock.now())
  }

  #hasRoom(): boolean {
    for (;;) {
      const [oldest] = this.#starts
      if (!oldest || this.#remaining(oldest) > 0) break
      this.#starts.shift()
    }
    return this.#starts.length < this.#limit.attempts
  }

  #start(attempt: Waiting): void {
    const { clock } = attempt
    this.#starts.push({ clock, at: clock.now() })
    attempt.start()
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { first } = this.#waiting
    if (!first) return
    // Timers count whole milliseconds: rounding down would fire too early, again and again.
    const delay = Math.max(1, Math.ceil(this.#delayOf(0)))
    this.#timer = first.clock.setTimeout(() => this.#flush(), delay)
  }

  #flush(): void {
    try {
      while (this.#waiting.size > 0 && this.#hasRoom()) this.#start(this.#waiting.shift() as Waiting)
    } finally {
      this.#arm()
    }
  }
}

/**
 * Creates a limiter for the `connectLimiter` option. All clients with the same limiter share its limit, for example that of an account or
 * an IP address.
 *
 * @throws TypeError if the argument is not an object
 * @throws RangeError if `attempts` is not a positive integer, or `per` is not a number of milliseconds
 */
export function createConnectLimiter(limit: ConnectLimit): ConnectLimiter {
  if (typeof (limit as unknown) !== 'object' || (limit as unknown) === null) {
    const received = describeValue(limit)
    throw new TypeError(`createConnectLimiter() expects { attempts, per }, received ${received}`)
  }
  const { attempts, per } = limit
  if (!Number.isSafeInteger(attempts) || attempts < 1)
    throw new RangeError(`attempts must be a positive integer, received ${shown(attempts)}`)
  if (!(typeof per === 'number' && per >= 1 && per <= LONGEST_DELAY)) {
    throw new RangeError(`per must be milliseconds from 1 to ${LONGEST_DELAY}, received ${shown(per)}`)
  }
  return new ConnectLimiter({ attempts, per })
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : describeValue(value)
}
