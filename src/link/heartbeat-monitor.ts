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
import { socketOf } from './rate-limited-transport.js'
import { RoundTrips } from './round-trips.js'

type Counts = Pick<Transport, 'bufferedAmount' | 'bytesRead' | 'bytesWritten'>

/** The link that a monitor watches. */
export interface MonitoredLink {
  readonly transport: Pick<Transport, 'ping'> & Counts
  readonly isOpen: boolean
  /** When the last frame arrived, by the monotonic clock. */
  readonly lastSeen?: number | undefined
  /** Since when it has been read without a pause, by the monotonic clock; `Infinity` during one: nothing can be held against the peer. */
  readonly readSince: number
  /** Consumes text messages that equal this one, for as long as the link lasts; each calls `onTextReply`. */
  consumeText(reply: string): void
  /** Sends a heartbeat message, before everything else; `flushed` is called when it has left or never will. */
  sendUrgent(data: string | Uint8Array, flushed: () => void): void
}

/** Receives the verdict of a monitor. */
export interface HeartbeatOwner {
  /** When `@OnOpen` settled, if it has: messages of the API's own are sent from then on. */
  readonly readyAt: number | undefined
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

/** Keeps one link's heartbeat going: the schedule says what is due, the monitor does it. */
export class HeartbeatMonitor implements ScheduledItem {
  readonly #settings: HeartbeatMonitorSettings
  readonly #link: MonitoredLink
  readonly #owner: HeartbeatOwner
  readonly #hub: HeartbeatHub
  readonly #schedule: HeartbeatSchedule
  /** Waits one turn with the verdict, while the peer is suspected; `STOPPED` for good. */
  #deathCheck: Timer | undefined
  /** The bytes that had been received by the last look. */
  #bytesRead: number
  /** perf: saves 60 B per connection that has sent no beat yet. */
  #madeRoundTrips: RoundTrips | undefined
  heapIndex = -1
  /** True if it is to be told of each chunk; otherwise a look at the bytes that were received will do, and costs nothing per message. */
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

  /** The last measured round trip, in milliseconds. */
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

  /** Counts a frame as life. */
  onData(now: number): void {
    this.#schedule.onData(now)
    // Under silence each byte behind this chunk is worth a whole span more; otherwise a look at each beat will do, and costs nothing here.
    if (this.#schedule.settings.style === 'silence') this.#bytesRead = this.#link.transport.bytesRead
  }

  /**
   * Takes other settings, of any style, for as long as the link lasts.
   *
   * @throws what `change` throws; then nothing changes
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
    this.#madeRoundTrips?.onPong(data, this.#settings.clock.now())
    this.onData(wholeNow(this.#settings.clock))
  }

  /** True while any message may be the answer to a beat. */
  get awaitsReply(): boolean {
    const { settings } = this.#schedule
    return (
      settings.style === 'message' &&
      settings.isReply !== undefined &&
      this.#madeRoundTrips?.awaitsReply === true
    )
  }

  /** Tells whether a message is the answer to a beat, which it then settles. */
  isReply(message: unknown): boolean {
    const { settings } = this.#schedule
    if (settings.style !== 'message' || !this.awaitsReply) return false
    try {
      if (!this.#ask(settings, message)) return false
    } catch (thrown) {
      this.#hub.onHeartbeatError(thrown)
      return false
    }
    this.#madeRoundTrips?.onReply(this.#settings.clock.now())
    return true
  }

  /** A text message has come that equals `reply`. */
  onTextReply(): void {
    if (this.#madeRoundTrips?.awaitsReply) this.#madeRoundTrips.onReply(this.#settings.clock.now())
  }

  #ask(settings: MessageSettings, message: unknown): boolean {
    const isReply: unknown = settings.isReply?.(message)
    if (!isThenable(isReply)) return Boolean(isReply)
    ignore(isReply)
    // It is not asked again on this link: the mistake is reported once.
    const { style, interval, timeout, message: make } = settings
    this.configure(() => ({ style, interval, timeout, message: make }))
    throw new TypeError(
      'heartbeat.isReply returned a promise, which is not awaited. Return the value itself, and do asynchronous work in a handler',
    )
  }

  /** Sends a ping; resolves to the round trip in milliseconds, rejects when the link is lost. */
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

  /** Beats, or suspects the peer, as the schedule has it. */
  run(): void {
    const now = wholeNow(this.#settings.clock)
    // A beat that is early in company counts as one on time: neither the next one nor the verdict moves for it.
    const nominal = Math.max(now, this.#schedule.next)
    this.#look(now)
    const action = this.#schedule.tick(nominal)
    if (action === 'suspect') this.#deathCheck = this.#settings.clock.nextTurn(() => this.#checkDead())
    else if (action === 'beat') this.#beat(now, nominal)
  }

  /** Takes a look at what speaks for the peer, and costs too much to be told each time. */
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

  /** @param nominal when it was due, if it is early */
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
    // TLS tells of a write a turn later: its answer may have been there before.
    if (this.#link.transport.bytesRead === this.#bytesRead) this.#schedule.onLeft(now)
    else this.#schedule.onAnswered(now)
    reschedule(this, this.#settings)
  }

  /** Sends a beat of the present style; returns false if there is none to send. */
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
    this.#link.transport.ping(this.#madeRoundTrips.payload, () => {
      ping.sentAt = clock.now()
      onLeft?.()
    })
  }
}

/** Asks anew when a monitor is due. */
function reschedule(monitor: HeartbeatMonitor, { clock }: HeartbeatMonitorSettings): void {
  SharedHeartbeatTimer.on(clock).update(monitor)
}

/** Makes a beat of the API's own; `undefined` where the link does not take it any more. */
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

/** Stands for a monitor that is stopped for good. perf: saves a field, 8 B per idle connection. */
const STOPPED: Timer = { cancel: () => undefined }

/** Returns the progress of our own upload, as the schedule wants it: see `HeartbeatSchedule.onUpload`. */
function writtenBy(transport: Counts): number {
  const { bufferedAmount, bytesWritten = -bufferedAmount } = socketOf(transport)
  return bufferedAmount === 0 ? -Infinity : bytesWritten
}

type MessageSettings = Extract<HeartbeatSettings, { style: 'message' }>
type TextSettings = Extract<HeartbeatSettings, { style: 'text' }>
