import type { Transport } from '../transports/transport.js'
import type { ReadCounter } from './link-port.js'
import { HEARTBEAT_DEFAULTS } from './heartbeat.js'
import type { HeartbeatSettings } from './heartbeat.js'
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

/** Who wants a link to be read, and who is behind. */
export interface ReadDemand {
  /** True while a request or a waiter needs messages, which a pause would keep from it. */
  readonly isWaiting: boolean
  /** True while an iterator is behind. */
  readonly iteratorsFull: boolean
  /** True while an iterator is so far behind that reading must stop, whoever waits. */
  readonly iteratorsOverLimit: boolean
  /** Called when far too much is pending for anybody to be waited for. */
  onReadOverflow(pending: number): void
}

/** Pauses a link's socket while too many of its messages wait to be handled. */
export class ReadFlow implements ReadCounter {
  readonly #settings: ReadFlowSettings
  readonly #clock: Clock
  readonly #transport: Pick<Transport, 'pause' | 'resume'>
  readonly #demand: ReadDemand
  #messages = 0
  #bytes = 0
  #isPaused = false
  #isReleased = false
  #isOpening = true
  #probeTimer: Timer | undefined

  constructor(
    settings: ReadFlowSettings,
    clock: Clock,
    transport: Pick<Transport, 'pause' | 'resume'>,
    demand: ReadDemand,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#transport = transport
    this.#demand = demand
  }

  /** `@OnOpen` may wait for messages; a request or a waiter does. */
  get #mustKeepReading(): boolean {
    return this.#isOpening || this.#demand.isWaiting
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

  /** Notes that a frame has come in: a probe is over with the first one, and the chunk that it came in. */
  onFrame(): void {
    if (!this.#isPaused || this.#probeTimer) return
    this.#startProbe()
    // A pause at once would hold back the rest of the chunk, and what a peer needs to hear of may be there.
    void RESOLVED.then(() => {
      if (this.#isPaused && this.#probeTimer) this.#transport.pause()
    })
  }

  /** Decides anew; to be called when somebody begins or ends to wait for a message. */
  update(): void {
    if (this.#isReleased) return
    if (this.#isOver(HARD_LIMIT_FACTOR) || this.#demand.iteratorsOverLimit) {
      if (this.#mustKeepReading) this.#demand.onReadOverflow(this.#messages)
      if (!this.#isPaused) this.#pause()
    } else if (!this.#isPaused) {
      if ((this.#isOver(1) || this.#demand.iteratorsFull) && !this.#mustKeepReading) this.#pause()
    } else if ((!this.#isOver(LOW_WATER_SHARE) && !this.#demand.iteratorsFull) || this.#mustKeepReading) {
      this.#resume()
    }
  }

  /** `@OnOpen` has settled. The next `update` goes by that. */
  onReady(): void {
    this.#isOpening = false
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
    this.#transport.pause()
    this.#startProbe()
  }

  #startProbe(): void {
    this.#probeTimer = this.#clock.setTimeout(() => {
      this.#probeTimer = undefined
      this.#transport.resume()
    }, this.#settings.probeInterval)
  }

  #resume(): void {
    this.#isPaused = false
    this.#probeTimer?.cancel()
    this.#probeTimer = undefined
    this.#transport.resume()
  }
}

/** How often a paused socket is read: as often as the heartbeat needs it. */
export function probeIntervalOf(heartbeat: HeartbeatSettings): number {
  if (heartbeat.style === 'silence') return Math.min(heartbeat.silence / 2, HEARTBEAT_DEFAULTS.interval)
  return heartbeat.style === 'off' ? HEARTBEAT_DEFAULTS.interval : heartbeat.interval
}
