import type { HeartbeatTimeoutError } from '../errors/errors.js'
import type { ConnectionSettings } from '../options/options.js'
import type { Transport } from '../transports/transport.js'
import { BackPressure } from './read-flow.js'
import type { BackPressurePort } from './read-flow.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { HEARTBEAT_DEFAULTS } from './heartbeat.js'
import { Outgoing } from './write-flow.js'
import { Pulse } from './heartbeat-monitor.js'
import type { PulsePort } from './heartbeat-monitor.js'

/** What an open link asks of its link's owner, and tells it. */
export interface OpenLinkOwner {
  /** A round trip took so many milliseconds. */
  linkMeasured(latency: number): void
  /** So much is pending that nobody can be waited for any more. */
  linkOverflowed(pending: number): void
  /** The heartbeat's verdict. */
  linkDied(error: HeartbeatTimeoutError): void
  /** True while a message is being waited for, so that reading must not stop. */
  isWaiting(): boolean
  /** True while somebody who iterates over the messages is behind. */
  isTapFull(): boolean
  /** True while somebody is so far behind that reading must stop, whoever waits. */
  isTapOverfull(): boolean
  /** Sends the API's own beat. */
  beat(message: unknown): void
  /** A heartbeat function of the user's threw. */
  beatFailed(thrown: unknown): void
}

/** What a link has from its opening on: the flow control of both ways, and a heartbeat; and what these act upon. */
export class OpenLink implements BackPressurePort, PulsePort {
  readonly outgoing: Outgoing
  readonly pulse: Pulse
  readonly #transport: Transport
  readonly #settings: ConnectionSettings
  readonly #owner: OpenLinkOwner
  #pending: BackPressure | undefined
  #isOpening = true

  constructor(transport: Transport, settings: ConnectionSettings, owner: OpenLinkOwner) {
    this.#transport = transport
    this.#settings = settings
    this.#owner = owner
    this.outgoing = new Outgoing(transport, settings.sendHighWaterMark)
    this.pulse = new Pulse(settings.heartbeat, settings.clock, this)
  }

  /** Made when something is pending for the first time. */
  get pending(): BackPressure {
    if (!this.#pending) {
      const { highWaterMark, highWaterBytes, heartbeat, clock } = this.#settings
      const marks = { highWaterMark, highWaterBytes, breath: breathOf(heartbeat) }
      this.#pending = new BackPressure(marks, clock, this)
    }
    return this.#pending
  }

  // --- what its link tells ----------------------------------------------------------------------------------------------

  /** Notes that a frame has come in. */
  seen(now: number): void {
    this.pulse.seen(now)
    this.#pending?.breathed()
  }

  /** Decides anew whether to read; to be called when somebody begins or ends to wait for a message. */
  reconsider(): void {
    if (this.#pending || this.isTapFull()) this.pending.reconsider()
  }

  /** Notes that `@OnOpen` has settled. */
  ready(): void {
    this.#isOpening = false
    this.reconsider()
    this.pulse.ready()
  }

  /** Reads on for good. */
  release(): void {
    this.pending.release()
  }

  // --- what the back-pressure asks --------------------------------------------------------------------------------------

  pause(): void {
    this.#transport.pause()
  }

  resume(): void {
    this.#transport.resume()
  }

  isNeeded(): boolean {
    return this.#isOpening || this.#owner.isWaiting()
  }

  isTapFull(): boolean {
    return this.#owner.isTapFull()
  }

  isTapOverfull(): boolean {
    return this.#owner.isTapOverfull()
  }

  overflowed(pending: number): void {
    this.#owner.linkOverflowed(pending)
  }

  // --- what the pulse asks ----------------------------------------------------------------------------------------------

  ping(data: Uint8Array): void {
    this.#transport.ping(data)
  }

  beat(message: unknown): void {
    this.#owner.beat(message)
  }

  isPaused(): boolean {
    return this.#pending?.isPaused ?? false
  }

  died(error: HeartbeatTimeoutError): void {
    this.#owner.linkDied(error)
  }

  failed(thrown: unknown): void {
    this.#owner.beatFailed(thrown)
  }

  measured(latency: number): void {
    this.#owner.linkMeasured(latency)
  }
}

function breathOf(heartbeat: HeartbeatSettings): number {
  if (heartbeat.style === 'silence') return Math.min(heartbeat.silence / 2, HEARTBEAT_DEFAULTS.interval)
  return heartbeat.style === 'off' ? HEARTBEAT_DEFAULTS.interval : heartbeat.interval
}
