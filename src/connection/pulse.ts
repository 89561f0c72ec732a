import type { Clock, Timer } from '../clock.js'
import type { ConnectionLostError } from '../errors.js'
import { HeartbeatTimeoutError, PingTimeoutError } from '../errors.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { HeartbeatSchedule } from './heartbeat.js'

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

interface Probe {
  readonly sentAt: number
  resolve(latency: number): void
  reject(error: Error): void
}

/** Keeps one link's heartbeat going: the schedule says what is due, the pulse does it. */
export class Pulse {
  readonly #clock: Clock
  readonly #port: PulsePort
  readonly #schedule: HeartbeatSchedule
  readonly #probes = new Map<string, Probe>()
  #settings: HeartbeatSettings
  #timer: Timer | undefined
  #beatSentAt: number | undefined
  #probeCount = 0
  #isStopped = false

  constructor(settings: HeartbeatSettings, clock: Clock, port: PulsePort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    this.#schedule = new HeartbeatSchedule(settings, clock.now())
    this.#arm()
  }

  get lastSeen(): number {
    return this.#schedule.lastSeen
  }

  ready(): void {
    this.#schedule.ready(this.#clock.now())
    this.#arm()
  }

  /** Counts a frame as life. */
  seen(now: number): void {
    this.#schedule.seen(now)
  }

  configure(settings: HeartbeatSettings): void {
    this.#settings = settings
    this.#schedule.configure(settings, this.#clock.now())
    this.#arm()
  }

  /** Takes a pong: it settles the ping that it answers, if it answers one of ours. */
  ponged(data: Uint8Array): void {
    const key = Buffer.from(data).toString('latin1')
    const answered = this.#probes.get(key)
    if (!answered) return
    const now = this.#clock.now()
    this.#port.measured(now - answered.sentAt)
    // A peer may answer only the latest of several pings (RFC 6455, section 5.5.3): it has seen those before, too.
    for (const [each, probe] of this.#probes) {
      this.#probes.delete(each)
      probe.resolve(now - probe.sentAt)
      if (probe === answered) break
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
    const promise = new Promise<number>((resolve, reject) => {
      this.#probeCount += 1
      const key = String(this.#probeCount)
      if (this.#probes.size >= MOST_PROBES) this.#giveUpOldest()
      this.#probes.set(key, { sentAt: this.#clock.now(), resolve, reject })
      this.#port.ping(Buffer.from(key, 'latin1'))
    })
    promise.catch(() => undefined)
    return promise
  }

  stop(error: ConnectionLostError): void {
    this.#isStopped = true
    this.#timer?.cancel()
    for (const probe of this.#probes.values()) probe.reject(error)
    this.#probes.clear()
  }

  #giveUpOldest(): void {
    const [key, probe] = this.#probes.entries().next().value as [string, Probe]
    this.#probes.delete(key)
    const silence = this.#clock.now() - probe.sentAt
    probe.reject(new PingTimeoutError(silence, MOST_PROBES))
  }

  #arm(): void {
    this.#timer?.cancel()
    if (this.#isStopped || this.#schedule.next === Infinity) return
    const delay = Math.max(0, this.#schedule.next - this.#clock.now())
    this.#timer = this.#clock.setTimeout(() => this.#tick(), delay)
  }

  #tick(): void {
    const now = this.#clock.now()
    if (this.#port.isPaused()) this.#schedule.excuse(now)
    const action = this.#schedule.tick(now)
    if (action === 'suspect') {
      this.#timer = this.#clock.nextTurn(() => this.#judge())
      return
    }
    if (action === 'beat') this.#beat()
    this.#arm()
  }

  #judge(): void {
    const now = this.#clock.now()
    if (!this.#schedule.isDead(now) || this.#port.isPaused()) {
      this.#arm()
      return
    }
    const settings = this.#settings
    const what =
      settings.style === 'silence' ? `silence ${settings.silence} ms` : 'nothing came after a heartbeat'
    this.#port.died(new HeartbeatTimeoutError(now - this.#schedule.lastSeen, what))
  }

  #beat(): void {
    if (this.#settings.style === 'ping') {
      void this.ping()
      return
    }
    if (this.#settings.style !== 'message') return
    try {
      this.#beatSentAt = this.#clock.now()
      this.#port.beat(this.#settings.message())
    } catch (thrown) {
      this.#schedule.excuse(this.#clock.now())
      this.#port.failed(thrown)
    }
  }
}

/** Past this many unanswered pings the oldest is given up: a peer that answers none must not fill the memory. */
const MOST_PROBES = 16
