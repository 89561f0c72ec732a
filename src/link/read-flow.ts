import type { Clock, Timer } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'

/** When reading stops and goes on, in messages and bytes that wait to be handled. */
export interface ReadFlowSettings {
  readonly highWaterMark: number
  readonly highWaterBytes: number
  /** How often a paused socket is read for one chunk, so that pings and a close frame get through; in milliseconds. */
  readonly probeInterval: number
}

/** What the back-pressure of a link acts upon and asks. */
export interface ReadFlowPort {
  pause(): void
  resume(): void
  /** True while somebody waits for a message that a pause would keep from them. */
  mustKeepReading(): boolean
  /** True while somebody who iterates over the messages is behind. */
  iteratorsFull(): boolean
  /** True while somebody is so far behind that reading must stop, whoever waits. */
  iteratorsOverLimit(): boolean
  /** Called when far too much is pending for anybody to be waited for. */
  onReadOverflow(pending: number): void
}

/** Pauses a link's socket while too many of its messages wait to be handled. */
export class ReadFlow {
  readonly #settings: ReadFlowSettings
  readonly #clock: Clock
  readonly #port: ReadFlowPort
  #messages = 0
  #bytes = 0
  #isPaused = false
  #isReleased = false
  #probeTimer: Timer | undefined

  constructor(settings: ReadFlowSettings, clock: Clock, port: ReadFlowPort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Counts a message that now waits to be handled. */
  add(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
    if (this.#isOver(1)) this.update()
  }

  /** Counts a message that has been handled. */
  remove(bytes: number): void {
    this.#messages -= 1
    this.#bytes -= bytes
    if (this.#isPaused) this.update()
  }

  /** Notes that a frame has come in: a breath is over with the first one, and the chunk that it came in. */
  onFrame(): void {
    if (!this.#isPaused || this.#probeTimer) return
    this.#startProbe()
    // A pause at once would hold back the rest of the chunk, and what a peer needs to hear of may be there.
    void RESOLVED.then(() => {
      if (this.#isPaused && this.#probeTimer) this.#port.pause()
    })
  }

  /** Decides anew; to be called when somebody begins or ends to wait for a message. */
  update(): void {
    if (this.#isReleased) return
    if (this.#isOver(HARD_LIMIT_FACTOR) || this.#port.iteratorsOverLimit()) {
      if (this.#port.mustKeepReading()) this.#port.onReadOverflow(this.#messages)
      if (!this.#isPaused) this.#pause()
    } else if (!this.#isPaused) {
      if ((this.#isOver(1) || this.#port.iteratorsFull()) && !this.#port.mustKeepReading()) this.#pause()
    } else if (
      (!this.#isOver(LOW_WATER_SHARE) && !this.#port.iteratorsFull()) ||
      this.#port.mustKeepReading()
    ) {
      this.#resume()
    }
  }

  /** Reads on for good: the link is ending, and its close frame is wanted. */
  release(): void {
    this.#isReleased = true
    if (this.#isPaused) this.#resume()
  }

  #isOver(factor: number): boolean {
    const { highWaterMark, highWaterBytes } = this.#settings
    return this.#messages > highWaterMark * factor || this.#bytes > highWaterBytes * factor
  }

  #pause(): void {
    this.#isPaused = true
    this.#port.pause()
    this.#startProbe()
  }

  #startProbe(): void {
    this.#probeTimer = this.#clock.setTimeout(() => {
      this.#probeTimer = undefined
      this.#port.resume()
    }, this.#settings.probeInterval)
  }

  #resume(): void {
    this.#isPaused = false
    this.#probeTimer?.cancel()
    this.#probeTimer = undefined
    this.#port.resume()
  }
}
