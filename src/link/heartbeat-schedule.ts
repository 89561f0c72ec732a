import type { HeartbeatSettings } from './heartbeat.js'

/** Maximum time by which a heartbeat can be early to run together with others: as a share of its interval, and in milliseconds. */
export const TOLERANCE = 1 / 20
export const MAX_TOLERANCE = 1_000

/** Action that is due: send a heartbeat, check one last time before the peer times out, or wait. */
export type HeartbeatAction = 'beat' | 'suspect' | 'wait'

/** Heartbeat that is being held back. */
interface HeldBeat {
  /** Time at which data last arrived or our upload last progressed. */
  stalledSince: number
  /** Bytes written at the last check; `-Infinity` if nothing was waiting to be written. */
  written: number
}

/**
 * Schedule of one link's heartbeat, as pure logic: it receives the time and returns the action that is due.
 *
 * A heartbeat is sent every `interval`, regardless of traffic. The peer times out if nothing at all arrives within `timeout` after a
 * heartbeat is sent, that is, leaves the process. While a rate limit or our own upload holds a heartbeat back, no other heartbeat is sent.
 * The peer then times out if nothing arrives and the upload makes no progress for `interval + timeout`.
 *
 * With `silence`, nothing is sent, and the peer times out if nothing arrives for that many milliseconds. If a timer fires far too late,
 * this process was asleep, so the peer gets another chance to reply.
 */
export class HeartbeatSchedule {
  #settings: HeartbeatSettings
  #lastSeen: number
  /**
   * Start of the current silence: when an unanswered heartbeat was sent or, with `silence`, when data could last have arrived.
   *
   * perf: using `undefined` instead of `Infinity` if there is no silence saves 16 B per idle connection, because `Infinity` is a heap
   * object.
   */
  #silentSince: number | undefined
  /** Time of the next heartbeat; `undefined` instead of `Infinity` if none is due, for the same reason. */
  #nextSend: number | undefined
  #held: HeldBeat | undefined

  /** @param now the time at which the link opened */
  constructor(settings: HeartbeatSettings, now: number) {
    this.#settings = settings
    this.#lastSeen = now
    if (settings.style === 'ping') this.#nextSend = now + settings.interval
    if (settings.style === 'silence') this.#silentSince = now
  }

  /** Time at which to call `tick` next, or `Infinity` for never. Received data can only move it later. */
  get next(): number {
    return Math.min(this.#nextSend ?? Infinity, this.#deadAt)
  }

  /** Milliseconds by which `tick` can be called early to save a wake-up. Heartbeats can be early, timeouts cannot. */
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

  /** True while a heartbeat is being held back. */
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

  /** Starts message and text heartbeats, because the connection is now ready for messages. */
  onReady(now: number): void {
    const settings = this.#settings
    if (isBeating(settings) && settings.style !== 'ping') this.#nextSend = now + settings.interval
  }

  /** Records a frame as a sign of life. */
  onData(now: number): void {
    this.#lastSeen = now
    this.restartSilence(now)
  }

  /** Restarts the silence now, because bytes arrived, the link was not read, or the peer had nothing to reply to. */
  restartSilence(now: number): void {
    this.#silentSince = this.#settings.style === 'silence' ? now : undefined
    if (this.#held) this.#held.stalledSince = now
  }

  /** Gives the peer the full timeout from the moment reading resumed. */
  onResumed(at: number): void {
    if (this.#silentSince !== undefined && this.#silentSince < at) this.#silentSince = at
    if (this.#held && this.#held.stalledSince < at) this.#held.stalledSince = at
  }

  /** Records that the heartbeat requested by `tick` is being held back. For `written`, see `onUpload`. */
  onHeld(now: number, written: number): void {
    this.#held = { stalledSince: now, written }
  }

  /**
   * Checks the progress of our upload while a heartbeat is held back.
   *
   * @param written the bytes written so far, or another number that grows with them; `-Infinity` if nothing is waiting to be written,
   * because the peer then does not cause the delay
   */
  onUpload(now: number, written: number): void {
    if (!this.#held) return
    if (written === -Infinity || written > this.#held.written) this.#held.stalledSince = now
    this.#held.written = written
  }

  /** Records that a heartbeat has been sent. The timeout for its reply starts now. */
  onLeft(now: number): void {
    this.#held = undefined
    if (this.#nextSend !== undefined) this.#silentSince ??= now
  }

  /** Records that a heartbeat that was held back has been sent, and that data has arrived since then. */
  onAnswered(now: number): void {
    this.#held = undefined
    this.restartSilence(now)
  }

  /**
   * Applies new settings. If heartbeats continue, or if both styles are `silence`, the current silence continues as well. The next
   * heartbeat is then due one new interval after the last one. Otherwise, the new style starts now.
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

  /**
   * Returns the action that is due. For a heartbeat, the caller calls `onLeft` once it has been sent. If it cannot be sent immediately, the
   * caller calls `onHeld` first.
   */
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
    // After a sleep, missed heartbeats are skipped instead of being sent in a burst.
    this.#nextSend = isLate || following <= now ? now + interval : following
    if (isLate) this.restartSilence(now)
    // One heartbeat held back is enough: more would pile up behind a rate limit.
    return this.#held ? 'wait' : 'beat'
  }

  /** Returns whether the peer is still silent, one turn after `tick` returned `suspect`. */
  isDead(now: number): boolean {
    return now >= this.#deadAt
  }
}

interface BeatTimes {
  readonly interval: number
  readonly timeout: number
}

/** Returns whether a style sends anything. */
function isBeating(settings: HeartbeatSettings): settings is HeartbeatSettings & BeatTimes {
  return settings.style !== 'silence' && settings.style !== 'off'
}
