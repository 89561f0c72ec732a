import type { HeartbeatSettings } from './heartbeat.js'

/** The share of its interval, and the milliseconds, that a beat may be early in company. */
const TOLERANCE = 1 / 20
const MAX_TOLERANCE = 1_000

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
  #silentSince: number
  #lastSent: number
  #nextSend = Infinity
  #deadAt = Infinity

  /** @param now when the link opened */
  constructor(settings: HeartbeatSettings, now: number) {
    this.#settings = settings
    this.#lastSeen = this.#silentSince = this.#lastSent = now
    if (settings.style === 'ping') this.#nextSend = now + settings.interval
    if (settings.style === 'silence') this.#deadAt = now + settings.silence
  }

  /** When to call `tick` next; `Infinity` for never. A frame moves it later only. */
  get next(): number {
    if (this.#settings.style === 'silence') return this.#silentAt(this.#settings.silence)
    return Math.min(this.#nextSend, this.#deadAt)
  }

  /** How many milliseconds before `next` it may be called where that saves a wake-up: a beat may be early, a verdict may not. */
  get tolerance(): number {
    if (this.#settings.style !== 'ping' && this.#settings.style !== 'message') return 0
    if (this.#deadAt <= this.#nextSend) return 0
    return Math.min(this.#settings.interval * TOLERANCE, MAX_TOLERANCE)
  }

  get settings(): HeartbeatSettings {
    return this.#settings
  }

  get lastSeen(): number {
    return this.#lastSeen
  }

  /** The beats of the API's own begin once the connection is ready for messages. */
  onReady(now: number): void {
    if (this.#settings.style !== 'message') return
    this.#lastSent = now
    this.#nextSend = now + this.#settings.interval
  }

  /** Counts a frame as life. */
  onData(now: number): void {
    this.#lastSeen = now
    this.restartSilence(now)
  }

  /** Holds nothing against the peer up to now: it has not been listened to, or has been asked nothing. */
  restartSilence(now: number): void {
    this.#silentSince = now
    if (this.#settings.style !== 'silence') this.#deadAt = Infinity
  }

  /** Takes new times: the next beat is one new interval after the last one. */
  configure(settings: HeartbeatSettings, now: number): void {
    const isBeating = this.#nextSend !== Infinity
    this.#settings = settings
    if (settings.style === 'silence') this.#deadAt = this.#silentSince + settings.silence
    else if (settings.style !== 'off' && isBeating) {
      this.#nextSend = Math.max(now, this.#lastSent + settings.interval)
    }
  }

  /** Says what is due; a beat that it asks for counts as sent. */
  tick(now: number): HeartbeatAction {
    if (this.#settings.style === 'off') return 'wait'
    if (this.#settings.style === 'silence') return this.#watch(this.#settings.silence, now)
    const { interval, timeout } = this.#settings
    if (now >= this.#deadAt && now - this.#deadAt <= timeout) return 'suspect'
    if (now < this.#deadAt && now < this.#nextSend) return 'wait'
    const isLate = now >= this.#deadAt || now - this.#nextSend > timeout
    if (isLate || this.#deadAt === Infinity) this.#deadAt = now + timeout
    const following = this.#nextSend + interval
    this.#lastSent = now
    // Beats that were slept through are left out, not sent in a burst.
    this.#nextSend = isLate || following <= now ? now + interval : following
    return 'beat'
  }

  #watch(silence: number, now: number): HeartbeatAction {
    const due = this.#silentAt(silence)
    if (now < due) return 'wait'
    if (now - due <= silence) return 'suspect'
    this.#deadAt = now + silence
    return 'wait'
  }

  /** When it will have been silent for too long, if nothing comes; after a sleep, when it has been listened to for that long. */
  #silentAt(silence: number): number {
    return Math.max(this.#deadAt, this.#silentSince + silence)
  }

  /** Tells whether the peer is still unheard of, one turn after `tick` suspected it. */
  isDead(now: number): boolean {
    if (this.#settings.style === 'silence') return now - this.#silentSince >= this.#settings.silence
    return now >= this.#deadAt
  }
}
