import { queueChannel } from '../diagnostics/channels.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import type { Transport } from '../transports/transport.js'
import type { ReadCounter } from './link-port.js'
import { HEARTBEAT_DEFAULTS } from './heartbeat.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import { BackpressureError } from '../errors/request-errors.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import type { Backlog } from '../core/water-marks.js'

// --- demand for reading -----------------------------------------------------------------------------------------------

/** Decides whether to read a link. */
export interface ReadDemandListener {
  /** Called when the decision may change. */
  onDemandChange(): void
}

/** perf: an empty list shared by all that have no listeners saves 16 B per connection. */
const NOBODY: readonly ReadDemandListener[] = []

/**
 * Counts the callers that wait for a message, and the iterators that have fallen behind, across all links of a connection. Links use these
 * counts to decide whether to read, and are notified when that decision may change.
 */
export class ReadDemand {
  #waiting = 0
  #behind = 0
  #overLimit = 0
  #listeners: readonly ReadDemandListener[] = NOBODY

  /** True while a request, a waiter or an acknowledgment is pending: pausing would withhold its message. */
  get isWaiting(): boolean {
    return this.#waiting > 0
  }

  /** True while an iterator has fallen behind. */
  get isBehind(): boolean {
    return this.#behind > 0
  }

  /** True while an iterator is so far behind that reading must stop, even if a caller waits for a message. */
  get isOverLimit(): boolean {
    return this.#overLimit > 0
  }

  /** Counts callers that start to wait for a message. A link that cannot be read rejects them during this call. */
  add(count = 1): void {
    this.#waiting += count
    this.#notify()
  }

  /** Counts callers that no longer wait. */
  remove(count = 1): void {
    this.#waiting -= count
    if (this.#waiting === 0) this.#notify()
  }

  /** Records a change in the backlog of an iterator. Every iterator starts and ends as `low`. */
  onBacklog(before: Backlog, after: Backlog): void {
    this.#behind += Number(after !== 'low') - Number(before !== 'low')
    this.#overLimit += Number(after === 'overfull') - Number(before === 'overfull')
    this.#notify()
  }

  subscribe(listener: ReadDemandListener): void {
    this.#listeners = [...this.#listeners, listener]
  }

  unsubscribe(listener: ReadDemandListener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener)
  }

  #notify(): void {
    for (const listener of this.#listeners) listener.onDemandChange()
  }
}

// --- whether a link is read -------------------------------------------------------------------------------------------

/** Limits at which reading pauses and resumes, in messages and bytes that wait to be handled. */
export interface ReadFlowSettings {
  readonly highWaterMark: number
  readonly highWaterBytes: number
  /** Interval at which a paused socket is read for one chunk, so that pings and a close frame get through, in milliseconds. */
  readonly probeInterval: number
}

/** Notified when a link can no longer be read. */
export interface ReadFlowPort extends DiagnosticSource {
  /** Called when the link is no longer read because far too much is pending, so that waiting for one of its messages cannot succeed. */
  onReadOverflow(error: BackpressureError): void
}

/**
 * Mode of reading a socket. `paused` reads one chunk per probe interval. `stopped` reads nothing, because even the probe reads of a paused
 * socket would eventually exhaust memory.
 */
type Mode = 'reading' | 'paused' | 'stopped'

/** Pauses a link's socket while too many of its messages wait to be handled, or an iterator is behind. */
export class ReadFlow implements ReadCounter, ReadDemandListener {
  readonly #settings: ReadFlowSettings
  readonly #clock: Clock
  readonly #transport: Pick<Transport, 'pause' | 'resume'>
  readonly #demand: ReadDemand
  readonly #port: ReadFlowPort
  #messages = 0
  #bytes = 0
  #mode: Mode = 'reading'
  #isReleased = false
  #isOpening = true
  #resumedAt = 0
  #probeTimer: Timer | undefined

  /** Keeps reading until `onReady`, because `@OnOpen` may wait for messages. Reading stops earlier only if far too much is pending. */
  constructor(
    settings: ReadFlowSettings,
    clock: Clock,
    transport: Pick<Transport, 'pause' | 'resume'>,
    demand: ReadDemand,
    port: ReadFlowPort,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#transport = transport
    this.#demand = demand
    this.#port = port
    demand.subscribe(this)
    if (demand.isOverLimit) this.#update()
  }

  /** True while the socket is not read or only probed. Silence then proves nothing. */
  get isPaused(): boolean {
    return this.#mode !== 'reading'
  }

  /** Number of messages that have not been handled yet. */
  get messages(): number {
    return this.#messages
  }

  /** True if far too much is pending while the socket is still being read because the link is ending. */
  get isFlooded(): boolean {
    return this.#isReleased && this.#isOver(HARD_LIMIT_FACTOR)
  }

  /** Monotonic time at which reading last resumed; 0 if it was never paused, `Infinity` while it is paused. */
  get readSince(): number {
    return this.isPaused ? Infinity : this.#resumedAt
  }

  /** Counts a message that is waiting to be handled. */
  add(bytes: number): void {
    this.#messages += 1
    this.#bytes += bytes
    if (this.#isOver(1)) this.#update()
  }

  /** Counts a message that has been handled. */
  remove(bytes: number): void {
    this.#messages -= 1
    this.#bytes -= bytes
    if (this.isPaused) this.#update()
  }

  /** Records the arrival of a frame. A probe ends with the first frame, after the rest of the chunk it arrived in. */
  onFrame(): void {
    if (this.#mode !== 'paused' || this.#probeTimer) return
    this.#startProbe()
    // Pausing immediately would hold back the rest of the chunk, which may contain a ping or a close frame.
    void RESOLVED.then(() => {
      if (this.#probeTimer) this.#transport.pause()
    })
  }

  /** Called when `@OnOpen` completes and no longer waits for messages. */
  onReady(): void {
    this.#isOpening = false
    this.#update()
  }

  onDemandChange(): void {
    this.#update()
  }

  /** Reads until the end, because the link is ending and its close frame is needed. Anything else that arrives is discarded. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#demand.unsubscribe(this)
    if (this.isPaused) this.#enter('reading')
  }

  /** True while `@OnOpen` may wait for messages, or while a request or a waiter does. */
  get #mustKeepReading(): boolean {
    return this.#isOpening || this.#demand.isWaiting
  }

  #update(): void {
    if (this.#isReleased) return
    const mode = this.#decide()
    if (mode !== this.#mode) this.#enter(mode)
    if (mode !== 'stopped' || !this.#mustKeepReading) return
    const cause = this.#isOver(HARD_LIMIT_FACTOR) ? 'handlers' : 'iterator'
    this.#port.onReadOverflow(new BackpressureError(this.#messages, cause))
  }

  #decide(): Mode {
    if (this.#isOver(HARD_LIMIT_FACTOR) || this.#demand.isOverLimit) return 'stopped'
    if (this.#mustKeepReading) return 'reading'
    const mark = this.isPaused ? LOW_WATER_SHARE : 1
    return this.#demand.isBehind || this.#isOver(mark) ? 'paused' : 'reading'
  }

  #isOver(factor: number): boolean {
    const { highWaterMark, highWaterBytes } = this.#settings
    return this.#messages > highWaterMark * factor || this.#bytes > highWaterBytes * factor
  }

  #enter(mode: Mode): void {
    const wasPaused = this.isPaused
    this.#mode = mode
    this.#probeTimer?.cancel()
    this.#probeTimer = undefined
    if (mode === 'reading') {
      this.#resumedAt = wholeNow(this.#clock)
      this.#transport.resume()
    } else this.#transport.pause()
    if (mode === 'paused') this.#startProbe()
    // Last, because a subscriber can close the connection, which enters another mode.
    if (queueChannel.hasSubscribers && wasPaused !== this.isPaused)
      queueChannel.publish({ ...this.#port.facts, isPaused: this.isPaused, messages: this.#messages })
  }

  #startProbe(): void {
    this.#probeTimer = this.#clock.setTimeout(() => {
      this.#probeTimer = undefined
      this.#transport.resume()
    }, this.#settings.probeInterval)
  }
}

/** Returns the interval at which a paused socket is probed, in milliseconds: as often as the heartbeat requires. */
export function probeIntervalOf(heartbeat: HeartbeatSettings): number {
  if (heartbeat.style === 'silence') return Math.min(heartbeat.silence / 2, HEARTBEAT_DEFAULTS.interval)
  return heartbeat.style === 'off' ? HEARTBEAT_DEFAULTS.interval : heartbeat.interval
}
