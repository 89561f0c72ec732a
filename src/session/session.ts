import type { Timer } from '../core/clock.js'
import type { HeartbeatTimeoutError } from '../errors/errors.js'
import { MessageDroppedError, ReadyTimeoutError, UnhandledMessagesError, toError } from '../errors/errors.js'
import type { ConnectionSettings } from '../options/options.js'
import type { Handshake } from '../transports/transport.js'
import type { Arrival } from '../messages/inbound-message.js'
import type { CloseInfo } from '../link/close-code.js'
import { SETTLED } from '../core/deferred.js'
import type { Receiver } from '../messages/inbound.js'
import { Link } from '../link/link.js'
import type { LinkEnd, LinkOwner } from '../link/link.js'
import type { OpenOutcome, Session, Unseen } from './session-handlers.js'
import { closeInfoOf, initiatorOf } from '../connection/disconnect.js'
import type { Loss } from '../connection/disconnect.js'
import type { PacedFrame } from '../link/rate-limited-transport.js'
import { OpenScope } from './on-open-scope.js'
import type { Patience } from './deadline.js'
import type { RateLimiter } from '../link/rate-limiter.js'
import type { OpenInfo, Stage } from './state.js'
import type { Traffic } from './message-hub.js'

/** What an episode tells its machine, and has from it. */
export interface EpisodeMachine {
  /** The transport has opened. */
  opened(episode: Episode, handshake: Handshake): void
  /**
   * `@OnOpen` has settled well, and the link still lives: what has waited for that is sent before any message is handled.
   *
   * @returns a promise where messages have to wait on, for the link that this one replaces
   */
  becameReady(episode: Episode): Promise<void> | undefined
  /** `@OnOpen` has thrown, or taken too long, while the link still lives. */
  openFailed(episode: Episode, error: Error): void
  /** The heartbeat's verdict. */
  died(episode: Episode, error: HeartbeatTimeoutError): void
  /** The socket has gone; or the attempt has failed. */
  ended(episode: Episode, end: LinkEnd): void
  /** Something to be reported, that changes nothing. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** True once nothing new is to be begun. */
  readonly isClosing: boolean
  readonly traffic: Traffic
  readonly patience: Patience
}

/** Which episode's `@OnOpen` a call comes from: what that sends goes out at once, while all else waits until it has settled. */
const openScope = new OpenScope<Episode>()

/** One link's part in a connection: from the attempt, through `@OnOpen` and its messages, to `@OnClose`. */
export class Episode implements LinkOwner, Receiver {
  readonly link: Link
  readonly attempt: number
  readonly #settings: ConnectionSettings
  readonly #machine: EpisodeMachine
  #session: Session | undefined
  #opening: Promise<void> = SETTLED
  #readyAt: number | undefined
  #latency: number | undefined
  #drained: Promise<void> | undefined
  #isHandling = false
  #readyTimer: Timer | undefined
  /** Set once the link is lost or the attempt has failed: late events of it change nothing. */
  loss: Loss | undefined
  /** Settles with the `@OnError` of the loss. */
  reported: Promise<void> = SETTLED

  /** @param number which physical connection this will be, if it opens */
  constructor(number: number, attempt: number, settings: ConnectionSettings, machine: EpisodeMachine) {
    this.attempt = attempt
    this.#settings = settings
    this.#machine = machine
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

  /** The link, where the caller may send now: once it is ready, and before that from within its `@OnOpen`. */
  get openLink(): Link | undefined {
    if (this.loss || !this.link.isOpen || !this.#session) return undefined
    return this.#isHandling || openScope.owner === this ? this.link : undefined
  }

  /** The last measured round trip, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  // --- what the link tells ----------------------------------------------------------------------------------------------

  linkOpened(handshake: Handshake): void {
    this.#machine.opened(this, handshake)
  }

  linkReceived(data: string | Uint8Array, receivedAt: number): void {
    this.#machine.traffic.incoming.receive(this, data, receivedAt)
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

  linkCounted(unseen: Unseen): void {
    this.#machine.traffic.count(unseen)
  }

  linkOverflowed(pending: number): void {
    this.#machine.traffic.overflowed(pending)
  }

  linkDied(error: HeartbeatTimeoutError): void {
    this.#machine.died(this, error)
  }

  linkEnded(end: LinkEnd): void {
    this.#stopReadyTimer()
    this.#machine.ended(this, end)
  }

  isWaiting(): boolean {
    return this.#machine.traffic.isWaiting
  }

  get limiter(): RateLimiter<PacedFrame> | undefined {
    return this.#machine.traffic.limiter
  }

  linkUnsent(messages: readonly (string | Uint8Array)[]): void {
    this.#machine.report(new MessageDroppedError('lost', messages), 'send', '', messages[0])
  }

  isTapFull(): boolean {
    return this.#machine.traffic.isTapFull
  }

  isTapOverfull(): boolean {
    return this.#machine.traffic.isTapOverfull
  }

  beat(message: unknown): void {
    if (this.link.isOpen) this.link.sendBeat(this.#machine.traffic.encodeBeat(message))
  }

  beatFailed(thrown: unknown): void {
    this.#machine.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  // --- opening ----------------------------------------------------------------------------------------------------------

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(session: Session, info: OpenInfo): void {
    this.#session = session
    this.#opening = this.#open(session, info)
  }

  async #open(session: Session, info: OpenInfo): Promise<void> {
    const opening = session.opensAtOnce
      ? openScope.runNow(this, () => session.opened(info))
      : this.#runOpen(session, info)
    // No turn between: what @OnOpen has set going without waiting for it finds the connection ready.
    const outcome = opening instanceof Promise ? await opening : opening
    if (outcome === 'opened') await this.#becomeReady(session)
    else if (outcome === 'late') this.#fail(new ReadyTimeoutError(this.#settings.readyTimeout))
    else if (outcome !== 'released') this.#fail(toError(outcome.thrown))
    // As all connections can share it, it need not be kept.
    this.#opening = SETTLED
  }

  /** Both ways to its outcome are told, of which the first counts: a race of promises would cost several more of them. */
  #runOpen(session: Session, info: OpenInfo): Promise<OpenOutcome | 'late'> {
    const { clock, readyTimeout } = this.#settings
    return new Promise((resolve) => {
      const end = (outcome: OpenOutcome | 'late'): void => {
        this.#stopReadyTimer()
        resolve(outcome)
      }
      if (readyTimeout !== Infinity) this.#readyTimer = clock.setTimeout(() => end('late'), readyTimeout)
      void openScope.run(this, () => session.opened(info)).then(end)
    })
  }

  #stopReadyTimer(): void {
    this.#readyTimer?.cancel()
    this.#readyTimer = undefined
  }

  async #becomeReady(session: Session): Promise<void> {
    this.#isHandling = true
    if (!this.loss) {
      this.#readyAt = Math.trunc(this.#settings.clock.now())
      this.link.ready()
      const handover = this.#machine.becameReady(this)
      if (handover) await handover
    }
    session.ready()
  }

  #fail(error: Error): void {
    if (!this.loss && !this.#machine.isClosing) this.#machine.openFailed(this, error)
    else if (error !== this.link.signal.reason)
      this.#machine.report(error, 'open', 'the connection has ended already')
  }

  // --- handling, and the end --------------------------------------------------------------------------------------------

  get isReceiving(): boolean {
    return this.#session !== undefined && !this.loss
  }

  get isTaking(): boolean {
    return !this.#machine.isClosing
  }

  isBeatReply(message: unknown): boolean {
    return this.link.isBeatReply(message)
  }

  /** Hands on what is for the handlers. */
  receive(arrival: Arrival): void {
    this.#session?.receive(arrival)
  }

  /** Waits until nothing is left to be handled for a moment, so long at most. */
  async idle(timeout: number): Promise<void> {
    if (this.#session && this.#isHandling)
      await this.#machine.patience.lasts(this.#session.drained(), timeout)
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
    await this.#machine.patience.lasts(everything, timeout)
    const count = session.discard()
    if (count > 0)
      this.#machine.report(new UnhandledMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Says how it was lost, as far as the socket's end tells. */
  lossOf(end: LinkEnd): Loss {
    const { code, reason, error } = end
    const initiator = this.link.isClosedHere ? 'local' : initiatorOf(end)
    return { initiator, stage: this.hasOpened ? 'close' : 'connect', error, code, reason }
  }

  /** Puts together what `@OnClose` is told. */
  closeInfo(end: LinkEnd, facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>): CloseInfo {
    const { isClosedHere, number: connectionNumber, sentCode } = this.link
    const initiator = isClosedHere && !end.error ? 'local' : (this.loss?.initiator ?? initiatorOf(end))
    return closeInfoOf(end, { ...facts, initiator, connectionNumber, sentCode })
  }

  /** Runs `@OnClose` after all else, and waits for it so long at most. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (!this.#session) return
    if (await this.#machine.patience.lasts(this.#session.closed(info), timeout)) return
    this.#machine.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
