import { frameChannel, roundTripChannel } from '../diagnostics/channels.js'
import { publishPing } from '../diagnostics/frames.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import type { Transport } from '../transports/transport.js'
import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'
import { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { ignore, isThenable, syncAnswer } from '../core/thenable.js'
import type { HeartbeatChange, HeartbeatSettings } from './heartbeat.js'
import { HeartbeatSchedule } from './heartbeat-schedule.js'
import type { ScheduledItem } from './heartbeat-timer.js'
import { SharedHeartbeatTimer } from './heartbeat-timer.js'
import { socketOf } from './queued-transport.js'
import { RoundTrips } from './round-trips.js'

type Counts = Pick<Transport, 'bufferedAmount' | 'bytesRead' | 'bytesWritten'>

/** Link that a monitor watches. */
export interface MonitoredLink {
  readonly transport: Pick<Transport, 'ping'> & Counts
  readonly isOpen: boolean
  /** Monotonic time at which the last frame arrived. */
  readonly lastSeen?: number | undefined
  /** Monotonic time at which reading last resumed; `Infinity` while the link is paused, because silence then proves nothing. */
  readonly readSince: number
  /** Consumes text messages equal to `reply` for the rest of the link, and calls `onTextReply` for each. */
  consumeText(reply: string): void
  /** Sends a heartbeat message ahead of everything else; `flushed` is called once it has been sent or never will be. */
  sendUrgent(data: string | Uint8Array, flushed: () => void): void
}

/** Owner of a monitored link. */
export interface HeartbeatOwner extends DiagnosticSource {
  /** Time at which `@OnOpen` completed and message and text heartbeats started; `undefined` before that. */
  readonly readyAt: number | undefined
  /** Called when the peer is considered lost. */
  onLinkDead(error: HeartbeatTimeoutError): void
}

/** Parts of the hub that a monitor uses. */
export interface HeartbeatHub {
  /** Adds a request ID to a message if the API uses request IDs. */
  withRequestId(message: unknown): unknown
  /** Called when a function in the heartbeat options threw. */
  onHeartbeatError(thrown: unknown): void
}

export interface HeartbeatMonitorSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly heartbeat: HeartbeatSettings
}

/** Runs the heartbeat of one link. The schedule decides what is due; the monitor does it. */
export class HeartbeatMonitor implements ScheduledItem {
  readonly #settings: HeartbeatMonitorSettings
  readonly #link: MonitoredLink
  readonly #owner: HeartbeatOwner
  readonly #hub: HeartbeatHub
  readonly #schedule: HeartbeatSchedule
  /** Timer for the final check, one turn after the peer was first suspected. `STOPPED` once the monitor has stopped. */
  #deathCheck: Timer | undefined
  /** Bytes received at the last check. */
  #bytesRead: number
  /** perf: created on first use, saves 60 B per connection that has not sent a heartbeat yet. */
  #madeRoundTrips: RoundTrips | undefined
  heapIndex = -1
  /** True if every chunk must be reported. Otherwise, the byte count is checked at each heartbeat, which costs nothing per message. */
  countsFrames: boolean

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
    this.#bytesRead = link.transport.bytesRead
    this.countsFrames = heartbeat.style === 'silence'
    this.#schedule = new HeartbeatSchedule(heartbeat, wholeNow(clock))
    if (heartbeat.style === 'text') link.consumeText(heartbeat.reply)
    reschedule(this, this.#settings)
  }

  /** Last measured round-trip time, in milliseconds. */
  get latency(): number | undefined {
    return this.#madeRoundTrips?.latency
  }

  get dueAt(): number {
    return this.#deathCheck ? Infinity : this.#schedule.next
  }

  get tolerance(): number {
    return this.#schedule.tolerance
  }

  onReady(): void {
    this.#schedule.onReady(wholeNow(this.#settings.clock))
    reschedule(this, this.#settings)
  }

  /** Records a frame as a sign of life. */
  onData(now: number): void {
    this.#schedule.onData(now)
    // With `silence`, every later byte restarts the full wait. For other styles, a check at each heartbeat is enough and costs nothing
    // here.
    if (this.#schedule.settings.style === 'silence') this.#bytesRead = this.#link.transport.bytesRead
  }

  /**
   * Changes the settings for the rest of the link. The new style can differ from the current one.
   *
   * @throws whatever `change` throws, in which case nothing changes
   */
  configure(change: HeartbeatChange): void {
    if (this.#deathCheck === STOPPED) return
    const settings = change(this.#schedule.settings)
    this.#deathCheck?.cancel()
    this.#deathCheck = undefined
    if (settings.style !== this.#schedule.settings.style) this.#madeRoundTrips?.forgetMessage()
    if (settings.style === 'text') this.#link.consumeText(settings.reply)
    const now = wholeNow(this.#settings.clock)
    this.#look(now)
    this.countsFrames = settings.style === 'silence'
    this.#schedule.configure(settings, now, this.#owner.readyAt !== undefined)
    reschedule(this, this.#settings)
  }

  onPong(data: Uint8Array): void {
    if (this.#madeRoundTrips?.onPong(data, this.#settings.clock.now())) publishRoundTrip(this.#owner, this)
    this.onData(wholeNow(this.#settings.clock))
  }

  /** True while an inbound message may be the reply to a heartbeat. */
  get awaitsReply(): boolean {
    const { settings } = this.#schedule
    return (
      settings.style === 'message' &&
      settings.isReply !== undefined &&
      this.#madeRoundTrips?.awaitsReply === true
    )
  }

  /** Returns whether a message is the reply to a heartbeat, and records it if so. */
  isReply(message: unknown): boolean {
    const { settings } = this.#schedule
    if (settings.style !== 'message' || !this.awaitsReply) return false
    try {
      if (!this.#ask(settings, message)) return false
    } catch (thrown) {
      this.#hub.onHeartbeatError(thrown)
      return false
    }
    this.onReply()
    return true
  }

  /** Called when a heartbeat has been answered with a message or a text. */
  onReply(): void {
    if (!this.#madeRoundTrips?.awaitsReply) return
    this.#madeRoundTrips.onReply(this.#settings.clock.now())
    publishRoundTrip(this.#owner, this)
  }

  #ask(settings: MessageSettings, message: unknown): boolean {
    const isReply: unknown = settings.isReply?.(message)
    if (!isThenable(isReply)) return Boolean(isReply)
    ignore(isReply)
    // Removes the function for the rest of the link, so that the error is reported only once.
    const { style, interval, timeout, message: make } = settings
    this.configure(() => ({ style, interval, timeout, message: make }))
    throw new TypeError(
      'heartbeat.isReply returned a promise, which is not awaited. Return the value itself, and do asynchronous work in a handler',
    )
  }

  /** Sends a ping. Resolves with the round-trip time in milliseconds; rejects if the link is lost. */
  ping(): Promise<number> {
    const answer = deferred<number>()
    this.#sendPing(answer)
    return answer.promise
  }

  stop(error: ConnectionLostError): void {
    this.#deathCheck?.cancel()
    this.#deathCheck = STOPPED
    reschedule(this, this.#settings)
    this.#madeRoundTrips?.end(error)
  }

  /** Runs what the schedule says is due: a heartbeat, or the final check. */
  run(): void {
    const now = wholeNow(this.#settings.clock)
    // A heartbeat that runs early together with others is treated as on time, so neither the next heartbeat nor the timeout moves.
    const nominal = Math.max(now, this.#schedule.next)
    this.#look(now)
    const action = this.#schedule.tick(nominal)
    if (action === 'suspect') this.#deathCheck = this.#settings.clock.nextTurn(() => this.#checkDead())
    else if (action === 'beat') this.#beat(now, nominal)
  }

  /** Checks for signs of life that are too expensive to report one by one. */
  #look(now: number): void {
    const { readSince, transport } = this.#link
    const { bytesRead } = transport
    if (readSince === Infinity || bytesRead !== this.#bytesRead) this.#schedule.restartSilence(now)
    else this.#schedule.onResumed(readSince)
    this.#bytesRead = bytesRead
    if (this.#schedule.isHeld) this.#schedule.onUpload(now, writtenBy(transport))
  }

  #checkDead(): void {
    this.#deathCheck = undefined
    const now = wholeNow(this.#settings.clock)
    this.#look(now)
    if (!this.#schedule.isDead(now)) {
      reschedule(this, this.#settings)
      return
    }
    const settings = this.#schedule.settings
    const what =
      settings.style === 'silence' ? `heartbeat.silence is ${settings.silence} ms` : 'heartbeat unanswered'
    const lastSeen = Math.max(this.#schedule.lastSeen, this.#link.lastSeen ?? 0)
    this.#owner.onLinkDead(new HeartbeatTimeoutError(now - lastSeen, what))
  }

  /** @param nominal the time at which the heartbeat was due, if it is early; otherwise `now` */
  #beat(now: number, nominal: number): void {
    let hasLeft = false
    let isHeld = false
    const onLeft = (): void => {
      hasLeft = true
      if (isHeld) this.#onHeldLeft()
      else this.#schedule.onLeft(nominal)
    }
    isHeld = this.#send(onLeft) && !hasLeft
    if (isHeld) this.#schedule.onHeld(now, writtenBy(this.#link.transport))
  }

  #onHeldLeft(): void {
    const now = wholeNow(this.#settings.clock)
    // TLS reports a write one turn later, so the reply may already have arrived.
    if (this.#link.transport.bytesRead === this.#bytesRead) this.#schedule.onLeft(now)
    else this.#schedule.onAnswered(now)
    reschedule(this, this.#settings)
  }

  /** Sends a heartbeat of the current style; returns false if there is nothing to send. */
  #send(onLeft: () => void): boolean {
    const { settings } = this.#schedule
    if (settings.style !== 'message' && settings.style !== 'text') {
      this.#sendPing(undefined, onLeft)
      return true
    }
    try {
      const data = makeBeat(settings, this.#link, this.#settings.codec, this.#hub)
      if (data === undefined) return false
      this.#link.sendUrgent(data, () => {
        this.#madeRoundTrips ??= new RoundTrips()
        this.#madeRoundTrips.onMessageSent(this.#settings.clock.now())
        onLeft()
      })
      return true
    } catch (thrown) {
      this.#hub.onHeartbeatError(thrown)
      return false
    }
  }

  #sendPing(answer: Deferred<number> | undefined, onLeft?: () => void): void {
    const { clock } = this.#settings
    this.#madeRoundTrips ??= new RoundTrips()
    const ping = this.#madeRoundTrips.begin(clock.now(), answer)
    const { payload } = this.#madeRoundTrips
    if (frameChannel.hasSubscribers) publishPing(this.#owner, 'transmit', 'ping', payload)
    this.#link.transport.ping(payload, () => {
      ping.sentAt = clock.now()
      onLeft?.()
    })
  }
}

function publishRoundTrip(
  owner: DiagnosticSource,
  { latency: duration }: { readonly latency: number | undefined },
): void {
  if (roundTripChannel.hasSubscribers && duration !== undefined)
    roundTripChannel.publish({ ...owner.facts, duration })
}

/** Updates the timer after a monitor's due time has changed. */
function reschedule(monitor: HeartbeatMonitor, { clock }: HeartbeatMonitorSettings): void {
  SharedHeartbeatTimer.on(clock).update(monitor)
}

/** Returns a message or text heartbeat, or `undefined` if the link is no longer open. */
function makeBeat(
  settings: MessageSettings | TextSettings,
  link: MonitoredLink,
  codec: Codec,
  hub: HeartbeatHub,
): string | Uint8Array | undefined {
  if (settings.style === 'text') return link.isOpen ? settings.text : undefined
  const message = syncAnswer(settings.message(), 'heartbeat.message')
  return link.isOpen ? encodeWith(codec, hub.withRequestId(message)) : undefined
}

/** Marks a monitor that has stopped. perf: saves a field, 8 B per idle connection. */
const STOPPED: Timer = { cancel: () => undefined }

/** Returns the progress of our upload in the form that `HeartbeatSchedule.onUpload` expects. */
function writtenBy(transport: Counts): number {
  const { bufferedAmount, bytesWritten = -bufferedAmount } = socketOf(transport)
  return bufferedAmount === 0 ? -Infinity : bytesWritten
}

type MessageSettings = Extract<HeartbeatSettings, { style: 'message' }>
type TextSettings = Extract<HeartbeatSettings, { style: 'text' }>
