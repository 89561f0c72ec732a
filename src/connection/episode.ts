import type { Timer } from '../clock.js'
import { encodeWith } from '../codec.js'
import type { HeartbeatTimeoutError } from '../errors.js'
import { BackpressureError, ReadyTimeoutError, UnhandledMessagesError, toError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import type { Handshake } from '../transport.js'
import type { CloseInfo } from './close-code.js'
import type { Incoming, Receiver } from './incoming.js'
import { Link } from './link.js'
import type { LinkEnd, LinkOwner } from './link.js'
import type { Arrival, Session } from './listener.js'
import type { Loss } from './loss.js'
import type { Patience } from './patience.js'
import type { OpenInfo, Stage } from './state.js'
import type { Waiters } from './waiters.js'

/** What an episode tells its machine. */
export interface EpisodePort {
  /** The transport has opened. */
  opened(episode: Episode, handshake: Handshake): void
  /** `@OnOpen` has settled well, and the link still lives. */
  becameReady(episode: Episode): void
  /** `@OnOpen` has thrown, or taken too long, while the link still lives. */
  openFailed(episode: Episode, error: Error): void
  /** The heartbeat's verdict. */
  died(episode: Episode, error: HeartbeatTimeoutError): void
  /** The socket has gone; or the attempt has failed. */
  ended(episode: Episode, end: LinkEnd): void
  /** Something to be reported, that changes nothing. */
  report(error: Error, stage: Stage, consequence: string): void
  /** True once nothing new is to be begun. */
  readonly isClosing: boolean
}

/** What the episodes of a connection share. */
export interface EpisodeParts {
  readonly incoming: Incoming
  readonly waiters: Waiters
  readonly patience: Patience
}

/** One link's part in a connection: from the attempt, through `@OnOpen` and its messages, to `@OnClose`. */
export class Episode implements LinkOwner, Receiver {
  readonly link: Link
  readonly attempt: number
  readonly #settings: ConnectionSettings
  readonly #parts: EpisodeParts
  readonly #port: EpisodePort
  #session: Session | undefined
  #opening: Promise<void> = Promise.resolve()
  #readyAt: number | undefined
  #latency: number | undefined
  #drained: Promise<void> | undefined
  #isHandling = false
  #readyTimer: Timer | undefined
  /** Set once the link is lost or the attempt has failed: late events of it change nothing. */
  loss: Loss | undefined
  /** Settles with the `@OnError` of the loss. */
  reported: Promise<void> = Promise.resolve()

  /** @param number which physical connection this will be, if it opens */
  constructor(
    number: number,
    attempt: number,
    settings: ConnectionSettings,
    parts: EpisodeParts,
    port: EpisodePort,
  ) {
    this.attempt = attempt
    this.#settings = settings
    this.#parts = parts
    this.#port = port
    this.link = new Link(number, settings, this)
  }

  /** True once `@OnOpen` was called: it will have its `@OnClose`. */
  get hasOpened(): boolean {
    return this.#session !== undefined
  }

  /** When it was ready, by the monotonic clock. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /** The last measured round trip, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  // --- what the link tells ----------------------------------------------------------------------------------------------

  linkOpened(handshake: Handshake): void {
    this.#port.opened(this, handshake)
  }

  linkReceived(data: string | Uint8Array): void {
    if (this.#session && !this.loss) this.#parts.incoming.receive(this, data, !this.#port.isClosing)
  }

  linkPinged(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.loss) this.#session?.pinged(data)
  }

  linkPonged(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.loss) this.#session?.ponged(data)
  }

  linkMeasured(latency: number): void {
    this.#latency = latency
  }

  linkOverflowed(pending: number): void {
    this.#parts.waiters.rejectAll(new BackpressureError(pending))
  }

  linkDied(error: HeartbeatTimeoutError): void {
    this.#port.died(this, error)
  }

  linkEnded(end: LinkEnd): void {
    this.#readyTimer?.cancel()
    this.#port.ended(this, end)
  }

  isWaiting(): boolean {
    return this.#parts.waiters.size > 0
  }

  beat(message: unknown): void {
    if (this.link.isOpen) void this.link.send(encodeWith(this.#settings.codec, message))
  }

  beatFailed(thrown: unknown): void {
    this.#port.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  // --- opening ----------------------------------------------------------------------------------------------------------

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(session: Session, info: OpenInfo): void {
    this.#session = session
    this.#opening = this.#open(session, info)
  }

  async #open(session: Session, info: OpenInfo): Promise<void> {
    const { clock, readyTimeout } = this.#settings
    const late = new Promise<'late'>((resolve) => {
      if (readyTimeout !== Infinity) this.#readyTimer = clock.setTimeout(() => resolve('late'), readyTimeout)
    })
    const opened = session.opened(info)
    const outcome = await Promise.race([opened, late])
    this.#readyTimer?.cancel()
    if (outcome === 'opened') this.#becomeReady(session)
    else if (outcome === 'late') this.#fail(new ReadyTimeoutError(readyTimeout))
    else if (outcome !== 'released') this.#fail(toError(outcome.thrown))
  }

  #becomeReady(session: Session): void {
    if (!this.loss && !this.#port.isClosing) {
      this.#readyAt = this.#settings.clock.now()
      this.link.ready()
      this.#port.becameReady(this)
    }
    this.#isHandling = true
    session.ready()
  }

  #fail(error: Error): void {
    if (!this.loss && !this.#port.isClosing) this.#port.openFailed(this, error)
    else if (error !== this.link.signal.reason)
      this.#port.report(error, 'open', 'the connection has ended already')
  }

  // --- handling, and the end --------------------------------------------------------------------------------------------

  isBeatReply(message: unknown): boolean {
    return this.link.isBeatReply(message)
  }

  /** Hands on what is for the handlers; until it is handled it counts as pending. */
  receive(arrival: Arrival): void {
    this.link.taken(arrival)
    this.#session?.receive(arrival)
  }

  /** Waits for `@OnOpen` and the handlers, so long at most; what is left then is given up, and reported. */
  drain(timeout: number): Promise<void> {
    this.#drained ??= this.#drain(timeout)
    return this.#drained
  }

  async #drain(timeout: number): Promise<void> {
    const session = this.#session
    if (!session) return
    const everything = Promise.all([this.reported, this.#opening]).then(async () => {
      if (this.#isHandling) await session.drained()
    })
    await this.#parts.patience.lasts(everything, timeout)
    const count = session.discard()
    if (count > 0) this.#port.report(new UnhandledMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Runs `@OnClose` after all else, and waits for it so long at most. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (!this.#session) return
    if (await this.#parts.patience.lasts(this.#session.closed(info), timeout)) return
    this.#port.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
