import type { HeartbeatSettings } from './heartbeat.js'

/** The share of its interval, and the milliseconds, that a beat may be early in company. */
export const TOLERANCE = 1 / 20
export const MAX_TOLERANCE = 1_000

/** What a schedule asks for: a beat to be sent, a last look before the verdict, or nothing yet. */
export type HeartbeatAction = 'beat' | 'suspect' | 'wait'

/** A beat that has not left our process yet. */
interface HeldBeat {
  /** When something last came in, or our upload was last seen to move. */
  stalledSince: number
  /** The bytes that had been written by the last look; `-Infinity` where nothing waited then. */
  written: number
}

/**
 * The pure schedule of one link's heartbeat: it is told the time, and tells what is due.
 *
 * A beat every `interval`, whatever the traffic; the verdict when nothing at all has arrived for `timeout` after one. A beat counts
 * from the moment in which it has left our process. While one is held back, by a rate limit or behind our own upload, no other is sent,
 * and the verdict falls when nothing has come in and the upload has not moved for `interval + timeout`.
 *
 * Under `silence` nothing is sent, and the verdict falls when nothing has arrived for that long. A timer that fires far too late
 * means that this process slept: then the peer is asked again before it is judged.
 */
export class HeartbeatSchedule {
  #settings: HeartbeatSettings
  #lastSeen: number
  /**
   * From when on a silence counts: when an unanswered beat left; under `silence`, when something last could come.
   *
   * perf: `undefined` while none counts, not `Infinity`: saves 16 B per idle connection, as a number that is none is an object.
   */
  #silentSince: number | undefined
  /** When the next beat is due; `undefined` while none is, for the same reason. */
  #nextSend: number | undefined
  #held: HeldBeat | undefined

  /** @param now when the link opened */
  constructor(settings: HeartbeatSettings, now: number) {
    this.#settings = settings
    this.#lastSeen = now
    if (settings.style === 'ping') this.#nextSend = now + settings.interval
    if (settings.style === 'silence') this.#silentSince = now
  }

  /** When to call `tick` next; `Infinity` for never. What comes in moves it later only. */
  get next(): number {
    return Math.min(this.#nextSend ?? Infinity, this.#deadAt)
  }

  /** How many milliseconds before `next` it may be called where that saves a wake-up: a beat may be early, a verdict may not. */
  get tolerance(): number {
    if (!isBeating(this.#settings) || this.#nextSend === undefined || this.#deadAt <= this.#nextSend) return 0
    return Math.min(this.#settings.interval * TOLERANCE, MAX_TOLERANCE)
  }

  get settings(): HeartbeatSettings {
    return this.#settings
  }

  get lastSeen(): number {
    return this.#lastSeen
  }

  /** True while a beat has not left our process. */
  get isHeld(): boolean {
    return this.#held !== undefined
  }

  get #deadAt(): number {
    const settings = this.#settings
    if (settings.style === 'off') return Infinity
    const silentSince = this.#silentSince ?? Infinity
    if (settings.style === 'silence') return silentSince + settings.silence
    const { interval, timeout } = settings
    const unanswered = silentSince + timeout
    return this.#held ? Math.min(unanswered, this.#held.stalledSince + interval + timeout) : unanswered
  }

  /** The beats of the API's own begin once the connection is ready for messages. */
  onReady(now: number): void {
    const settings = this.#settings
    if (isBeating(settings) && settings.style !== 'ping') this.#nextSend = now + settings.interval
  }

  /** Counts a frame as life. */
  onData(now: number): void {
    this.#lastSeen = now
    this.restartSilence(now)
  }

  /** Holds nothing against the peer up to now: bytes have come in, it has not been listened to, or has been asked nothing. */
  restartSilence(now: number): void {
    this.#silentSince = this.#settings.style === 'silence' ? now : undefined
    if (this.#held) this.#held.stalledSince = now
  }

  /** Gives the peer its full time from when reading went on. */
  onResumed(at: number): void {
    if (this.#silentSince !== undefined && this.#silentSince < at) this.#silentSince = at
    if (this.#held && this.#held.stalledSince < at) this.#held.stalledSince = at
  }

  /** The beat that `tick` asked for does not leave at once; `written` as in `onUpload`. */
  onHeld(now: number, written: number): void {
    this.#held = { stalledSince: now, written }
  }

  /**
   * Takes a look at our own upload while a beat is held.
   *
   * @param written the bytes that have been written, or another number that grows with them; `-Infinity` while nothing waits to be
   * written, for then it is not the peer that holds the beat back
   */
  onUpload(now: number, written: number): void {
    if (!this.#held) return
    if (written === -Infinity || written > this.#held.written) this.#held.stalledSince = now
    this.#held.written = written
  }

  /** A beat has left our process: its answer is due from here. */
  onLeft(now: number): void {
    this.#held = undefined
    if (this.#nextSend !== undefined) this.#silentSince ??= now
  }

  /** A beat that was held has left, and something has come in meanwhile. */
  onAnswered(now: number): void {
    this.#held = undefined
    this.restartSilence(now)
  }

  /**
   * Takes new settings. A style that goes on keeps its beat, and what it holds against the peer; the next beat is one new interval after
   * the last one. Another style begins now.
   *
   * @param isReady whether the connection is ready for messages
   */
  configure(settings: HeartbeatSettings, now: number, isReady: boolean): void {
    const before = this.#settings
    this.#settings = settings
    const lastSent =
      isBeating(before) && this.#nextSend !== undefined ? this.#nextSend - before.interval : undefined
    const mayBeat = isBeating(settings) && (settings.style === 'ping' || isReady)
    this.#nextSend = mayBeat ? Math.max(now, (lastSent ?? now) + settings.interval) : undefined
    const goesOn = mayBeat
      ? lastSent !== undefined
      : settings.style === 'silence' && before.style === 'silence'
    if (goesOn) return
    this.#held = undefined
    this.restartSilence(now)
  }

  /** Returns the action that is due. For a beat, the caller then calls `onLeft` when the beat has left, and `onHeld` if that is not at once. */
  tick(now: number): HeartbeatAction {
    const settings = this.#settings
    const lateBy = now - this.#deadAt
    if (settings.style === 'off') return 'wait'
    if (lateBy >= 0 && lateBy <= (settings.style === 'silence' ? settings.silence : settings.timeout)) {
      return 'suspect'
    }
    if (settings.style === 'silence') {
      if (lateBy >= 0) this.restartSilence(now)
      return 'wait'
    }
    const due = this.#nextSend ?? Infinity
    return lateBy < 0 && now < due ? 'wait' : this.#beat(now, due, settings)
  }

  #beat(now: number, due: number, { interval, timeout }: BeatTimes): HeartbeatAction {
    const isLate = now >= this.#deadAt || now - due > timeout
    const following = due + interval
    // Beats that were slept through are left out, not sent in a burst.
    this.#nextSend = isLate || following <= now ? now + interval : following
    if (isLate) this.restartSilence(now)
    // One that is held will do: more of them would pile up behind a rate limit.
    return this.#held ? 'wait' : 'beat'
  }

  /** Tells whether the peer is still unheard of, one turn after `tick` suspected it. */
  isDead(now: number): boolean {
    return now >= this.#deadAt
  }
}

interface BeatTimes {
  readonly interval: number
  readonly timeout: number
}

/** Tells whether a style sends anything. */
function isBeating(settings: HeartbeatSettings): settings is HeartbeatSettings & BeatTimes {
  return settings.style !== 'silence' && settings.style !== 'off'
}
