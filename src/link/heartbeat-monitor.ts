import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import type { Transport } from '../transports/transport.js'
import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'
import { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { PingTimeoutError } from '../errors/ping-timeout-error.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { HeartbeatSchedule } from './heartbeat-schedule.js'
import type { ScheduledItem } from './heartbeat-timer.js'
import { SharedHeartbeatTimer } from './heartbeat-timer.js'

/** The link that a monitor watches. */
export interface MonitoredLink {
  readonly transport: Pick<Transport, 'ping'>
  readonly isOpen: boolean
  /** True while the link is not read: then nothing can be held against the peer. */
  readonly isPaused: boolean
  /** Sends a heartbeat message, before everything else. */
  sendUrgent(data: string | Uint8Array): void
}

/** Receives the verdict of a monitor. */
export interface HeartbeatOwner {
  /** The peer is dead. */
  onLinkDead(error: HeartbeatTimeoutError): void
}

/** The parts of the hub that a monitor uses. */
export interface HeartbeatHub {
  /** Gives a message an ID if the API has requests. */
  withRequestId(message: unknown): unknown
  /** A heartbeat function of the user threw. */
  onHeartbeatError(thrown: unknown): void
}

/** Settings of a monitor. */
export interface HeartbeatMonitorSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly heartbeat: HeartbeatSettings
}

/** A ping that has not been answered. */
interface Ping {
  readonly sentAt: number
  /** For whoever asked; nobody asks for the answer to a beat. */
  readonly answer: Deferred<number> | undefined
}

/** Keeps one link's heartbeat going: the schedule says what is due, the monitor does it. */
export class HeartbeatMonitor implements ScheduledItem {
  readonly #settings: HeartbeatMonitorSettings
  readonly #link: MonitoredLink
  readonly #owner: HeartbeatOwner
  readonly #hub: HeartbeatHub
  readonly #schedule: HeartbeatSchedule
  /** Waits one turn with the verdict, while the peer is suspected. */
  #deathCheck: Timer | undefined
  /** The oldest first. */
  #pings: readonly Ping[] = NONE
  /** The number of the latest ping, which is what is in it. */
  #pingNumber = 0
  #heartbeatSentAt: number | undefined
  #isStopped = false
  #latency: number | undefined
  heapIndex = -1

  constructor(
    settings: HeartbeatMonitorSettings,
    link: MonitoredLink,
    owner: HeartbeatOwner,
    hub: HeartbeatHub,
  ) {
    const { clock, heartbeat } = settings
    this.#settings = settings
    this.#link = link
    this.#owner = owner
    this.#hub = hub
    this.#schedule = new HeartbeatSchedule(heartbeat, wholeNow(clock))
    this.#timer.update(this)
  }

  /** The last measured round trip, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  get lastSeen(): number {
    return this.#schedule.lastSeen
  }

  get dueAt(): number {
    return this.#isStopped || this.#deathCheck ? Infinity : this.#schedule.next
  }

  get tolerance(): number {
    return this.#schedule.tolerance
  }

  onReady(): void {
    this.#schedule.onReady(wholeNow(this.#settings.clock))
    this.#timer.update(this)
  }

  /** Counts a frame as life. */
  onData(now: number): void {
    this.#schedule.onData(now)
  }

  configure(settings: HeartbeatSettings): void {
    this.#schedule.configure(settings, wholeNow(this.#settings.clock))
    this.#timer.update(this)
  }

  /** Takes a pong: it settles the ping that it answers, if it answers one of ours. */
  onPong(data: Uint8Array): void {
    // A peer may answer only the latest of several pings (RFC 6455, section 5.5.3): it has seen those before, too.
    const count = this.#countUpTo(data)
    const latest = this.#pings[count - 1]
    if (!latest) return
    const answered = this.#pings
    this.#pings = count === answered.length ? NONE : answered.slice(count)
    const now = this.#settings.clock.now()
    this.#latency = now - latest.sentAt
    for (let index = 0; index < count; index += 1) {
      const { answer, sentAt } = answered[index] as Ping
      answer?.resolve(now - sentAt)
    }
  }

  /** Tells whether a message is the answer to a beat, which it then settles. */
  isReply(message: unknown): boolean {
    if (this.#schedule.settings.style !== 'message' || !this.#schedule.settings.isReply) return false
    try {
      if (!this.#schedule.settings.isReply(message)) return false
    } catch (thrown) {
      this.#hub.onHeartbeatError(thrown)
      return false
    }
    if (this.#heartbeatSentAt !== undefined)
      this.#latency = this.#settings.clock.now() - this.#heartbeatSentAt
    this.#heartbeatSentAt = undefined
    return true
  }

  /** Sends a ping; resolves to the round trip in milliseconds, rejects when the link is lost. */
  ping(): Promise<number> {
    const answer = deferred<number>()
    this.#sendPing(answer)
    return answer.promise
  }

  stop(error: ConnectionLostError): void {
    this.#isStopped = true
    this.#deathCheck?.cancel()
    this.#timer.update(this)
    for (const { answer } of this.#pings) answer?.reject(error)
    this.#pings = NONE
  }

  /** Beats, or suspects the peer, as the schedule has it. */
  run(): void {
    const now = wholeNow(this.#settings.clock)
    // A beat that is early in company counts as one on time: neither the next one nor the verdict moves for it.
    const nominal = Math.max(now, this.#schedule.next)
    if (this.#link.isPaused) this.#schedule.restartSilence(now)
    const action = this.#schedule.tick(nominal)
    if (action === 'suspect') this.#deathCheck = this.#settings.clock.nextTurn(() => this.#checkDead())
    else if (action === 'beat') this.#sendHeartbeat()
  }

  get #timer(): SharedHeartbeatTimer {
    return SharedHeartbeatTimer.on(this.#settings.clock)
  }

  #checkDead(): void {
    this.#deathCheck = undefined
    const now = wholeNow(this.#settings.clock)
    if (!this.#schedule.isDead(now) || this.#link.isPaused) {
      this.#timer.update(this)
      return
    }
    const settings = this.#schedule.settings
    const what =
      settings.style === 'silence' ? `silence ${settings.silence} ms` : 'nothing came after a heartbeat'
    this.#owner.onLinkDead(new HeartbeatTimeoutError(now - this.#schedule.lastSeen, what))
  }

  #sendHeartbeat(): void {
    if (this.#schedule.settings.style === 'ping') this.#sendPing(undefined)
    if (this.#schedule.settings.style !== 'message') return
    try {
      this.#heartbeatSentAt = this.#settings.clock.now()
      const message = this.#schedule.settings.message()
      if (!this.#link.isOpen) return
      this.#link.sendUrgent(encodeWith(this.#settings.codec, this.#hub.withRequestId(message)))
    } catch (thrown) {
      this.#schedule.restartSilence(wholeNow(this.#settings.clock))
      this.#hub.onHeartbeatError(thrown)
    }
  }

  #sendPing(answer: Deferred<number> | undefined): void {
    const sentAt = this.#settings.clock.now()
    if (this.#pings.length >= MAX_PINGS) this.#abandonOldest(sentAt)
    this.#pings = [...this.#pings, { sentAt, answer }]
    this.#pingNumber += 1
    this.#link.transport.ping(payloadOf(this.#pingNumber))
  }

  #abandonOldest(now: number): void {
    const oldest = this.#pings[0] as Ping
    this.#pings = this.#pings.slice(1)
    oldest.answer?.reject(new PingTimeoutError(now - oldest.sentAt, MAX_PINGS))
  }

  /** Returns how many of the unanswered pings a pong answers, from the oldest on. */
  #countUpTo(pong: Uint8Array): number {
    const count = this.#pings.length - (this.#pingNumber - numberIn(pong))
    return count > 0 && count <= this.#pings.length ? count : 0
  }
}

const NONE: readonly Ping[] = []

const ZERO = 0x30
const NINE = 0x39

/** Writes a number in decimal, as the payload of a ping. */
function payloadOf(number: number): Uint8Array {
  return Uint8Array.from(String(number), (digit) => digit.charCodeAt(0))
}

/** Reads a number as {@link payloadOf} writes it; NaN for anything else. */
function numberIn(payload: Uint8Array): number {
  let number = 0
  for (const digit of payload) {
    if (digit < ZERO || digit > NINE || (number === 0 && digit === ZERO)) return NaN
    number = number * 10 + (digit - ZERO)
  }
  return payload.length === 0 ? NaN : number
}

/** Past this many unanswered pings the oldest is given up: a peer that answers none must not fill the memory. */
const MAX_PINGS = 16
