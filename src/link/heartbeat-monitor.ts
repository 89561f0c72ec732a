import type { Clock, Timer } from '../core/clock.js'
import type { ConnectionLostError } from '../errors/errors.js'
import { HeartbeatTimeoutError, PingTimeoutError } from '../errors/errors.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { HeartbeatSchedule } from './heartbeat.js'
import type { Due } from './heartbeat-timer.js'
import { HeartbeatTimer } from './heartbeat-timer.js'

/** What a link's pulse acts upon and asks. */
export interface PulsePort {
  /** Sends a protocol ping. */
  ping(data: Uint8Array): void
  /** Sends the API's own beat. */
  beat(message: unknown): void
  /** True while the link is not read: then nothing can be held against the peer. */
  isPaused(): boolean
  /** The verdict: the peer is dead. */
  died(error: HeartbeatTimeoutError): void
  /** A heartbeat function of the user's threw. */
  failed(thrown: unknown): void
  /** A round trip took so many milliseconds. */
  measured(latency: number): void
}

/** A ping that has not been answered. */
interface Ping {
  readonly sentAt: number
  /** For whoever asked; nobody asks for the answer to a beat. */
  readonly answer: Deferred<number> | undefined
}

/** Keeps one link's heartbeat going: the schedule says what is due, the pulse does it. */
export class Pulse implements Due {
  readonly #clock: Clock
  readonly #port: PulsePort
  readonly #schedule: HeartbeatSchedule
  #settings: HeartbeatSettings
  /** Waits one turn with the verdict, while the peer is suspected. */
  #verdict: Timer | undefined
  /** The oldest first. */
  #pings: readonly Ping[] = NONE
  /** The number of the latest ping, which is what is in it. */
  #pingNumber = 0
  #beatSentAt: number | undefined
  #isStopped = false
  place = -1

  constructor(settings: HeartbeatSettings, clock: Clock, port: PulsePort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    this.#schedule = new HeartbeatSchedule(settings, Math.trunc(clock.now()))
    this.#timer.update(this)
  }

  get lastSeen(): number {
    return this.#schedule.lastSeen
  }

  get dueAt(): number {
    return this.#isStopped || this.#verdict ? Infinity : this.#schedule.next
  }

  get slack(): number {
    return this.#schedule.slack
  }

  ready(): void {
    this.#schedule.ready(this.#clock.now())
    this.#timer.update(this)
  }

  /** Counts a frame as life. */
  seen(now: number): void {
    this.#schedule.seen(now)
  }

  configure(settings: HeartbeatSettings): void {
    this.#settings = settings
    this.#schedule.configure(settings, this.#clock.now())
    this.#timer.update(this)
  }

  /** Takes a pong: it settles the ping that it answers, if it answers one of ours. */
  ponged(data: Uint8Array): void {
    // A peer may answer only the latest of several pings (RFC 6455, section 5.5.3): it has seen those before, too.
    const count = this.#countUpTo(data)
    const latest = this.#pings[count - 1]
    if (!latest) return
    const answered = this.#pings
    this.#pings = count === answered.length ? NONE : answered.slice(count)
    const now = this.#clock.now()
    this.#port.measured(now - latest.sentAt)
    for (let index = 0; index < count; index += 1) {
      const { answer, sentAt } = answered[index] as Ping
      answer?.resolve(now - sentAt)
    }
  }

  /** Tells whether a message is the answer to a beat, which it then settles. */
  isReply(message: unknown): boolean {
    if (this.#settings.style !== 'message' || !this.#settings.isReply) return false
    try {
      if (!this.#settings.isReply(message)) return false
    } catch (thrown) {
      this.#port.failed(thrown)
      return false
    }
    if (this.#beatSentAt !== undefined) this.#port.measured(this.#clock.now() - this.#beatSentAt)
    this.#beatSentAt = undefined
    return true
  }

  /** Sends a ping; resolves to the round trip in milliseconds, rejects when the link is lost. */
  ping(): Promise<number> {
    const answer = deferred<number>()
    this.#ping(answer)
    return answer.promise
  }

  stop(error: ConnectionLostError): void {
    this.#isStopped = true
    this.#verdict?.cancel()
    this.#timer.update(this)
    for (const { answer } of this.#pings) answer?.reject(error)
    this.#pings = NONE
  }

  /** Beats, or suspects the peer, as the schedule has it. */
  run(): void {
    const now = this.#clock.now()
    // A beat that is early in company counts as one on time: neither the next one nor the verdict moves for it.
    const nominal = Math.max(now, this.#schedule.next)
    if (this.#port.isPaused()) this.#schedule.excuse(now)
    const action = this.#schedule.tick(nominal)
    if (action === 'suspect') this.#verdict = this.#clock.nextTurn(() => this.#judge())
    else if (action === 'beat') this.#beat()
  }

  get #timer(): HeartbeatTimer {
    return HeartbeatTimer.on(this.#clock)
  }

  #judge(): void {
    this.#verdict = undefined
    const now = this.#clock.now()
    if (!this.#schedule.isDead(now) || this.#port.isPaused()) {
      this.#timer.update(this)
      return
    }
    const settings = this.#settings
    const what =
      settings.style === 'silence' ? `silence ${settings.silence} ms` : 'nothing came after a heartbeat'
    this.#port.died(new HeartbeatTimeoutError(now - this.#schedule.lastSeen, what))
  }

  #beat(): void {
    if (this.#settings.style === 'ping') this.#ping(undefined)
    if (this.#settings.style !== 'message') return
    try {
      this.#beatSentAt = this.#clock.now()
      this.#port.beat(this.#settings.message())
    } catch (thrown) {
      this.#schedule.excuse(this.#clock.now())
      this.#port.failed(thrown)
    }
  }

  #ping(answer: Deferred<number> | undefined): void {
    const sentAt = this.#clock.now()
    if (this.#pings.length >= MOST_PINGS) this.#giveUpOldest(sentAt)
    this.#pings = [...this.#pings, { sentAt, answer }]
    this.#pingNumber += 1
    this.#port.ping(payloadOf(this.#pingNumber))
  }

  #giveUpOldest(now: number): void {
    const oldest = this.#pings[0] as Ping
    this.#pings = this.#pings.slice(1)
    oldest.answer?.reject(new PingTimeoutError(now - oldest.sentAt, MOST_PINGS))
  }

  /** Returns how many of the unanswered pings a pong answers, from the oldest on. */
  #countUpTo(pong: Uint8Array): number {
    const text = Buffer.from(pong.buffer, pong.byteOffset, pong.byteLength).toString('latin1')
    const count = this.#pings.length - (this.#pingNumber - Number(text))
    const isOurs = count > 0 && count <= this.#pings.length && String(Number(text)) === text
    return isOurs ? count : 0
  }
}

const NONE: readonly Ping[] = []

let lastPayload: { readonly number: number; readonly bytes: Uint8Array } | undefined

/** Links that beat together are often at the same number: they share what is in the ping, which nobody writes to. */
function payloadOf(number: number): Uint8Array {
  if (lastPayload?.number !== number) lastPayload = { number, bytes: Buffer.from(String(number), 'latin1') }
  return lastPayload.bytes
}

/** Past this many unanswered pings the oldest is given up: a peer that answers none must not fill the memory. */
const MOST_PINGS = 16
