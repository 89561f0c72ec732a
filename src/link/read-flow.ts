import type { Clock, Timer } from '../core/clock.js'
import { SETTLED } from '../core/deferred.js'

/** When reading stops and goes on, in messages and bytes that wait to be handled. */
export interface BackPressureSettings {
  readonly highWaterMark: number
  readonly highWaterBytes: number
  /** How often a paused socket is read for one chunk, so that pings and a close frame get through; in milliseconds. */
  readonly breath: number
}

/** What the back-pressure of a link acts upon and asks. */
export interface BackPressurePort {
  pause(): void
  resume(): void
  /** True while somebody waits for a message that a pause would keep from them. */
  isNeeded(): boolean
  /** True while somebody who iterates over the messages is behind. */
  isTapFull(): boolean
  /** True while somebody is so far behind that reading must stop, whoever waits. */
  isTapOverfull(): boolean
  /** Called when far too much is pending for anybody to be waited for. */
  overflowed(pending: number): void
}

/** Past this many times the high mark reading stops, whoever waits. */
const LIMIT = 16

/** The low mark's share of the high one. */
const LOW = 1 / 4

/** Pauses a link's socket while too many of its messages wait to be handled. */
export class BackPressure {
  readonly #settings: BackPressureSettings
  readonly #clock: Clock
  readonly #port: BackPressurePort
  #messages = 0
  #bytes = 0
  #isPaused = false
  #isReleased = false
  #breath: Timer | undefined

  constructor(settings: BackPressureSettings, clock: Clock, port: BackPressurePort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Counts a message that now waits to be handled. */
  taken(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
    if (this.#isOver(1)) this.reconsider()
  }

  /** Counts a message that has been handled. */
  handled(bytes: number): void {
    this.#messages -= 1
    this.#bytes -= bytes
    if (this.#isPaused) this.reconsider()
  }

  /** Notes that a frame has come in: a breath is over with the first one, and the chunk that it came in. */
  breathed(): void {
    if (!this.#isPaused || this.#breath) return
    this.#startBreath()
    // A pause at once would hold back the rest of the chunk, and what a peer needs to hear of may be there.
    void SETTLED.then(() => {
      if (this.#isPaused && this.#breath) this.#port.pause()
    })
  }

  /** Decides anew; to be called when somebody begins or ends to wait for a message. */
  reconsider(): void {
    if (this.#isReleased) return
    if (this.#isOver(LIMIT) || this.#port.isTapOverfull()) {
      if (this.#port.isNeeded()) this.#port.overflowed(this.#messages)
      if (!this.#isPaused) this.#pause()
    } else if (!this.#isPaused) {
      if ((this.#isOver(1) || this.#port.isTapFull()) && !this.#port.isNeeded()) this.#pause()
    } else if ((!this.#isOver(LOW) && !this.#port.isTapFull()) || this.#port.isNeeded()) {
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
    this.#startBreath()
  }

  #startBreath(): void {
    this.#breath = this.#clock.setTimeout(() => {
      this.#breath = undefined
      this.#port.resume()
    }, this.#settings.breath)
  }

  #resume(): void {
    this.#isPaused = false
    this.#breath?.cancel()
    this.#breath = undefined
    this.#port.resume()
  }
}
