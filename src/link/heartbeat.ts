import { describeValue } from '../codecs/codec.js'

/** How liveness is checked, defaults filled in. */
export type HeartbeatSettings =
  | { readonly style: 'ping'; readonly interval: number; readonly timeout: number }
  | {
      readonly style: 'message'
      readonly interval: number
      readonly timeout: number
      readonly message: () => unknown
      readonly isReply?: (message: unknown) => boolean
    }
  | { readonly style: 'silence'; readonly silence: number }
  | { readonly style: 'off' }

export const HEARTBEAT_DEFAULTS = { interval: 20_000, timeout: 10_000 } as const

/** The share of its interval, and the milliseconds, that a beat may be early in company. */
const SLACK = 1 / 20
const MOST_SLACK = 1_000

/** The times of a heartbeat that can change while a connection is open, in milliseconds. */
export interface HeartbeatTimes {
  readonly interval?: number
  readonly timeout?: number
  readonly silence?: number
}

/** What a schedule asks for: a beat to be sent, a last look before the verdict, or nothing yet. */
export type HeartbeatAction = 'beat' | 'suspect' | 'wait'

/**
 * The pure schedule of one link's heartbeat: it is told the time, and tells what is due.
 *
 * A beat every `interval`, whatever the traffic; the verdict when nothing at all has arrived for `timeout` after one. Under
 * `silence` nothing is sent, and the verdict falls when nothing has arrived for that long. A timer that fires far too late
 * means that this process slept: then the peer is asked again before it is judged.
 */
export class HeartbeatSchedule {
  #settings: HeartbeatSettings
  #lastSeen: number
  /** From when on a silence counts: when the last frame came, or the last time that none could. */
  #quietSince: number
  #lastBeat: number
  #nextBeat = Infinity
  #verdictAt = Infinity

  /** @param now when the link opened */
  constructor(settings: HeartbeatSettings, now: number) {
    this.#settings = settings
    this.#lastSeen = this.#quietSince = this.#lastBeat = now
    if (settings.style === 'ping') this.#nextBeat = now + settings.interval
    if (settings.style === 'silence') this.#verdictAt = now + settings.silence
  }

  /** When to call `tick` next; `Infinity` for never. A frame moves it later only. */
  get next(): number {
    if (this.#settings.style === 'silence') return this.#silentAt(this.#settings.silence)
    return Math.min(this.#nextBeat, this.#verdictAt)
  }

  /** How many milliseconds before `next` it may be called where that saves a wake-up: a beat may be early, a verdict may not. */
  get slack(): number {
    if (this.#settings.style !== 'ping' && this.#settings.style !== 'message') return 0
    if (this.#verdictAt <= this.#nextBeat) return 0
    return Math.min(this.#settings.interval * SLACK, MOST_SLACK)
  }

  get lastSeen(): number {
    return this.#lastSeen
  }

  /** The beats of the API's own begin once the connection is ready for messages. */
  ready(now: number): void {
    if (this.#settings.style !== 'message') return
    this.#lastBeat = now
    this.#nextBeat = now + this.#settings.interval
  }

  /** Counts a frame as life. */
  seen(now: number): void {
    this.#lastSeen = now
    this.excuse(now)
  }

  /** Holds nothing against the peer up to now: it has not been listened to, or has been asked nothing. */
  excuse(now: number): void {
    this.#quietSince = now
    if (this.#settings.style !== 'silence') this.#verdictAt = Infinity
  }

  /** Takes new times: the next beat is one new interval after the last one. */
  configure(settings: HeartbeatSettings, now: number): void {
    const isBeating = this.#nextBeat !== Infinity
    this.#settings = settings
    if (settings.style === 'silence') this.#verdictAt = this.#quietSince + settings.silence
    else if (settings.style !== 'off' && isBeating) {
      this.#nextBeat = Math.max(now, this.#lastBeat + settings.interval)
    }
  }

  /** Says what is due; a beat that it asks for counts as sent. */
  tick(now: number): HeartbeatAction {
    if (this.#settings.style === 'off') return 'wait'
    if (this.#settings.style === 'silence') return this.#watch(this.#settings.silence, now)
    const { interval, timeout } = this.#settings
    if (now >= this.#verdictAt && now - this.#verdictAt <= timeout) return 'suspect'
    if (now < this.#verdictAt && now < this.#nextBeat) return 'wait'
    const isLate = now >= this.#verdictAt || now - this.#nextBeat > timeout
    if (isLate || this.#verdictAt === Infinity) this.#verdictAt = now + timeout
    const following = this.#nextBeat + interval
    this.#lastBeat = now
    // Beats that were slept through are left out, not sent in a burst.
    this.#nextBeat = isLate || following <= now ? now + interval : following
    return 'beat'
  }

  #watch(silence: number, now: number): HeartbeatAction {
    const due = this.#silentAt(silence)
    if (now < due) return 'wait'
    if (now - due <= silence) return 'suspect'
    this.#verdictAt = now + silence
    return 'wait'
  }

  /** When it will have been silent for too long, if nothing comes; after a sleep, when it has been listened to for that long. */
  #silentAt(silence: number): number {
    return Math.max(this.#verdictAt, this.#quietSince + silence)
  }

  /** Tells whether the peer is still unheard of, one turn after `tick` suspected it. */
  isDead(now: number): boolean {
    if (this.#settings.style === 'silence') return now - this.#quietSince >= this.#settings.silence
    return now >= this.#verdictAt
  }
}

/** What a {@link Heartbeat} reads and drives: the connection's current link. */
export interface HeartbeatSource {
  readonly latency: number | undefined
  readonly lastSeen: number | undefined
  ping(): Promise<number>
  configure(times: HeartbeatTimes): void
}

/** The heartbeat of one connection. Inject it to read the latency, to ping, or to follow an interval that the server announces. */
export class Heartbeat {
  readonly #source: HeartbeatSource

  /** @internal */
  constructor(source: HeartbeatSource) {
    this.#source = source
  }

  /** The last measured round trip, in milliseconds; `undefined` before the first, and on a new connection. */
  get latency(): number | undefined {
    return this.#source.latency
  }

  /** When the last frame of any kind arrived, in milliseconds since 1970; `undefined` before the first connection. */
  get lastSeen(): number | undefined {
    return this.#source.lastSeen
  }

  /**
   * Sends a protocol ping.
   *
   * @returns the round trip in milliseconds; it rejects with ConnectionLostError when the connection is lost first
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   */
  ping(): Promise<number> {
    return this.#source.ping()
  }

  /**
   * Changes the heartbeat's times, in milliseconds, now and for all later connections of this client.
   *
   * @throws TypeError when the heartbeat's style has no such time
   * @throws RangeError when a time is not a positive number
   */
  configure(times: HeartbeatTimes): void {
    this.#source.configure(times)
  }
}

/**
 * Returns the settings with new times.
 *
 * @throws TypeError when the style has no such time
 * @throws RangeError when a time is not a positive number
 */
export function withTimes(settings: HeartbeatSettings, times: HeartbeatTimes): HeartbeatSettings {
  for (const [name, value] of Object.entries(times) as [keyof HeartbeatTimes, unknown][]) {
    if (value === undefined) continue
    if (!(name in settings)) {
      throw new TypeError(
        `A heartbeat of style '${settings.style}' has no ${name}: set it in the heartbeat option first`,
      )
    }
    if (typeof value !== 'number' || !(value > 0) || value === Infinity) {
      const given = typeof value === 'number' ? value : describeValue(value)
      throw new RangeError(`heartbeat.${name} must be a positive number of milliseconds, and was ${given}`)
    }
  }
  const given = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined))
  return { ...settings, ...given }
}
