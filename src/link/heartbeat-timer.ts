import type { Clock, Timer } from '../core/clock.js'

/** Something that is due at a time that it knows itself: one link's heartbeat, or its periodic messages. */
export interface ScheduledItem {
  /**
   * When it is due; `Infinity` for never. It may move later at any time without a word: a frame that puts off a verdict must cost
   * nothing. Any other change must be followed by `SharedHeartbeatTimer.update`.
   */
  readonly dueAt: number
  /** How many milliseconds too early it may run where another runs anyway. */
  readonly tolerance: number
  /** Called when it is due, and then asked anew when it is due next. */
  run(): void
  /** Where the timer keeps it; -1 while it does not. Nobody else's to touch. */
  heapIndex: number
}

/** Shared: all links on a clock use one timer. perf: saves a third of heartbeat CPU, and 420 B per idle connection. */
const timers = new WeakMap<Clock, SharedHeartbeatTimer>()

/**
 * All heartbeats of a process on one timer of the clock: thousands of links wake it up a few times per interval, not each of them
 * twice. A binary heap, by times that may be too early, for what is due moves later without a word; the first of them is always
 * looked at before it is believed.
 */
export class SharedHeartbeatTimer {
  readonly #clock: Clock
  /** The children of the one at `n` are at `2n + 1` and `2n + 2`, and none of them has an earlier time. */
  readonly #heap: ScheduledItem[] = []
  readonly #times: number[] = []
  #timer: Timer | undefined
  #armedFor = Infinity

  private constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns the one timer on a clock. */
  static on(clock: Clock): SharedHeartbeatTimer {
    let timer = timers.get(clock)
    if (!timer) {
      timer = new SharedHeartbeatTimer(clock)
      timers.set(clock, timer)
    }
    return timer
  }

  /** Asks anew when something is due: from when it begins, and whenever it may be earlier than before, or never again. */
  update(due: ScheduledItem): void {
    this.#keep(due)
    this.#arm()
  }

  #keep(due: ScheduledItem): void {
    const at = due.dueAt
    if (at === Infinity) this.#remove(due)
    else if (due.heapIndex === -1) this.#moveUp(this.#heap.length, due, at)
    else this.#move(due.heapIndex, due, at)
  }

  /** Has the clock wake it up for the first; it is woken up in vain rather than asking the clock for less. */
  #arm(): void {
    const first = this.#first()
    if (first >= this.#armedFor && first !== Infinity) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = first
    if (first === Infinity) return
    // The system's timers know whole milliseconds only: rounded down, it would be woken up too early, again and again.
    const delay = Math.max(0, Math.ceil(first - this.#clock.now()))
    this.#timer = this.#clock.setTimeout(() => this.#wakeUp(), delay)
  }

  #wakeUp(): void {
    this.#timer = undefined
    this.#armedFor = Infinity
    try {
      this.#runDue()
    } finally {
      // Also after one that throws: it must not cost the others their beats.
      this.#arm()
    }
  }

  /** Runs what is due, and what may run early in its company. */
  #runDue(): void {
    const now = this.#clock.now()
    let hasRun = false
    for (let at = this.#first(); at !== Infinity; at = this.#first()) {
      const due = this.#heap[0] as ScheduledItem
      if (at > now && !(hasRun && at - due.tolerance <= now)) return
      hasRun = true
      try {
        due.run()
      } finally {
        this.#keep(due)
      }
    }
  }

  /** Returns when the first is due, having seen to it that it is true. */
  #first(): number {
    for (;;) {
      const due = this.#heap[0]
      if (!due) return Infinity
      const at = due.dueAt
      if (at === this.#times[0]) return at
      this.#keep(due)
    }
  }

  #remove(due: ScheduledItem): void {
    const { heapIndex: place } = due
    if (place === -1) return
    due.heapIndex = -1
    const last = this.#heap.pop() as ScheduledItem
    const at = this.#times.pop() as number
    if (last !== due) this.#move(place, last, at)
  }

  #move(place: number, due: ScheduledItem, at: number): void {
    if (place > 0 && at < (this.#times[(place - 1) >> 1] as number)) this.#moveUp(place, due, at)
    else this.#moveDown(place, due, at)
  }

  #moveUp(from: number, due: ScheduledItem, at: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      const time = this.#times[parent] as number
      if (time <= at) break
      this.#put(place, this.#heap[parent] as ScheduledItem, time)
      place = parent
    }
    this.#put(place, due, at)
  }

  #moveDown(from: number, due: ScheduledItem, at: number): void {
    let place = from
    for (;;) {
      const left = 2 * place + 1
      const right = left + 1
      const child = (this.#times[right] ?? Infinity) < (this.#times[left] ?? Infinity) ? right : left
      const time = this.#times[child]
      if (time === undefined || time >= at) break
      this.#put(place, this.#heap[child] as ScheduledItem, time)
      place = child
    }
    this.#put(place, due, at)
  }

  #put(place: number, due: ScheduledItem, at: number): void {
    due.heapIndex = place
    this.#heap[place] = due
    this.#times[place] = at
  }
}
