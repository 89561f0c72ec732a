import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import type { LinkSettings } from './link-settings.js'
import type { Transport } from '../transports/transport.js'
import { ReadFlow } from './read-flow.js'
import type { ReadFlowPort } from './read-flow.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { HEARTBEAT_DEFAULTS } from './heartbeat.js'
import { WriteFlow } from './write-flow.js'
import { HeartbeatMonitor } from './heartbeat-monitor.js'
import type { HeartbeatMonitorPort } from './heartbeat-monitor.js'

/** What an open link asks of its link's owner, and tells it. */
export interface OpenLinkOwner {
  /** A round trip took so many milliseconds. */
  onLinkLatency(latency: number): void
  /** So much is pending that nobody can be waited for any more. */
  onReadOverflow(pending: number): void
  /** The heartbeat's verdict. */
  onLinkDead(error: HeartbeatTimeoutError): void
  /** True while a message is being waited for, so that reading must not stop. */
  isWaiting(): boolean
  /** True while somebody who iterates over the messages is behind. */
  iteratorsFull(): boolean
  /** True while somebody is so far behind that reading must stop, whoever waits. */
  iteratorsOverLimit(): boolean
  /** Sends the API's own beat. */
  sendHeartbeat(message: unknown): void
  /** A heartbeat function of the user's threw. */
  onHeartbeatError(thrown: unknown): void
}

/** What a link has from its opening on: the flow control of both ways, and a heartbeat; and what these act upon. */
export class OpenLink implements ReadFlowPort, HeartbeatMonitorPort {
  readonly writeFlow: WriteFlow
  readonly heartbeat: HeartbeatMonitor
  readonly #transport: Transport
  readonly #settings: LinkSettings
  readonly #owner: OpenLinkOwner
  #readFlow: ReadFlow | undefined
  #isOpening = true

  constructor(transport: Transport, settings: LinkSettings, owner: OpenLinkOwner) {
    this.#transport = transport
    this.#settings = settings
    this.#owner = owner
    this.writeFlow = new WriteFlow(transport, settings.sendHighWaterMark)
    this.heartbeat = new HeartbeatMonitor(settings.heartbeat, settings.clock, this)
  }

  /** Made when something is pending for the first time. */
  get readFlow(): ReadFlow {
    if (!this.#readFlow) {
      const { highWaterMark, highWaterBytes, heartbeat, clock } = this.#settings
      const marks = { highWaterMark, highWaterBytes, probeInterval: probeIntervalOf(heartbeat) }
      this.#readFlow = new ReadFlow(marks, clock, this)
    }
    return this.#readFlow
  }

  // --- what its link tells ----------------------------------------------------------------------------------------------

  /** Notes that a frame has come in. */
  onData(now: number): void {
    this.heartbeat.onData(now)
    this.#readFlow?.onFrame()
  }

  /** Decides anew whether to read; to be called when somebody begins or ends to wait for a message. */
  updateReading(): void {
    if (this.#readFlow || this.iteratorsFull()) this.readFlow.update()
  }

  /** Notes that `@OnOpen` has settled. */
  onReady(): void {
    this.#isOpening = false
    this.updateReading()
    this.heartbeat.onReady()
  }

  /** Reads on for good. */
  release(): void {
    this.readFlow.release()
  }

  // --- what the back-pressure asks --------------------------------------------------------------------------------------

  pause(): void {
    this.#transport.pause()
  }

  resume(): void {
    this.#transport.resume()
  }

  mustKeepReading(): boolean {
    return this.#isOpening || this.#owner.isWaiting()
  }

  iteratorsFull(): boolean {
    return this.#owner.iteratorsFull()
  }

  iteratorsOverLimit(): boolean {
    return this.#owner.iteratorsOverLimit()
  }

  onReadOverflow(pending: number): void {
    this.#owner.onReadOverflow(pending)
  }

  // --- what the pulse asks ----------------------------------------------------------------------------------------------

  sendPing(data: Uint8Array): void {
    this.#transport.ping(data)
  }

  sendHeartbeat(message: unknown): void {
    this.#owner.sendHeartbeat(message)
  }

  isPaused(): boolean {
    return this.#readFlow?.isPaused ?? false
  }

  onDead(error: HeartbeatTimeoutError): void {
    this.#owner.onLinkDead(error)
  }

  onHeartbeatError(thrown: unknown): void {
    this.#owner.onHeartbeatError(thrown)
  }

  onLatency(latency: number): void {
    this.#owner.onLinkLatency(latency)
  }
}

function probeIntervalOf(heartbeat: HeartbeatSettings): number {
  if (heartbeat.style === 'silence') return Math.min(heartbeat.silence / 2, HEARTBEAT_DEFAULTS.interval)
  return heartbeat.style === 'off' ? HEARTBEAT_DEFAULTS.interval : heartbeat.interval
}
