import { wholeNow } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { OnOpenTimeoutError } from '../errors/connection-errors.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import type { Stage } from '../errors/stage.js'
import { Link } from '../link/link.js'
import type { LinkOwner } from '../link/link.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { InboundTarget } from '../messages/inbound.js'
import type { Transport } from '../transports/transport.js'
import type { Deadline } from './deadline.js'
import type { Disconnect } from './disconnect.js'
import { HandlerDrain } from './handler-drain.js'
import type { MessageHub } from './message-hub.js'
import { OnOpenRun } from './on-open-run.js'
import type { ConnectionListener, SessionHandlers } from './session-handlers.js'
import type { OpenInfo } from './state.js'

/** Settings of a session. */
export interface SessionSettings extends LinkSettings {
  readonly onOpenTimeout: number
}

/** How a link was lost, and the `@OnError` of that. */
interface Loss {
  readonly disconnect: Disconnect
  readonly reported: Promise<void>
}

/** Receives the events of a session, and has the parts that all sessions of a connection share. */
export interface SessionOwner {
  /**
   * `@OnOpen` has settled well, and the link is still there: what has waited for that is sent before any message is handled.
   *
   * @returns a promise if messages have to wait for the link that this one replaces
   */
  onSessionReady(session: Session): Promise<void> | undefined
  /** `@OnOpen` has thrown, or taken too long, while the link is still there. */
  onOpenFailed(session: Session, error: Error): void
  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void
  /** The socket is gone. */
  onSessionLost(session: Session, end: LinkEnd): void
  /** Reports something that changes nothing. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  readonly stateMachine: { readonly isClosing: boolean }
  readonly hub: MessageHub
  readonly closing: { readonly deadline: Deadline }
}

/** One link's part in a connection: its `@OnOpen`, its messages, its `@OnClose`. */
export class Session implements LinkOwner, InboundTarget {
  readonly link: Link
  /** The number of the attempt that opened the link. */
  readonly attempt: number
  readonly handlers: SessionHandlers
  readonly #settings: SessionSettings
  readonly #owner: SessionOwner
  /** Settles when `@OnOpen` has; `undefined` until it is called. */
  #opening: Promise<void> | undefined
  #onOpen: OnOpenRun | undefined
  #handlesMessages = false
  #readyAt: number | undefined
  #loss: Loss | undefined
  /** perf: saves 60 B per idle connection. */
  #ending: HandlerDrain | undefined

  /**
   * @param number which link of the connection it is, from 1
   * @param attempt the number of the attempt that opened it
   * @param listener makes the handlers' side of the session
   */
  constructor(
    number: number,
    attempt: number,
    transport: Transport,
    settings: SessionSettings,
    owner: SessionOwner,
    listener: Pick<ConnectionListener, 'openSession'>,
  ) {
    this.attempt = attempt
    this.#settings = settings
    this.#owner = owner
    this.link = new Link(number, transport, settings, this, owner.hub)
    this.handlers = listener.openSession(this.link)
  }

  /** True once `@OnOpen` was called: `@OnClose` will be, too. */
  get hasOpened(): boolean {
    return this.#opening !== undefined
  }

  /** When it became ready, by the monotonic clock. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /** How the link was lost, once it is: late events change nothing. */
  get disconnect(): Disconnect | undefined {
    return this.#loss?.disconnect
  }

  /**
   * Notes how the link was lost.
   *
   * @param reported settles with the `@OnError` of that
   */
  lose(disconnect: Disconnect, reported: Promise<void> = RESOLVED): void {
    this.#loss = { disconnect, reported }
  }

  /** The link, if the caller may send now: once it is ready, and before that from inside its `@OnOpen`. */
  get openLink(): Link | undefined {
    if (this.#loss || !this.link.isOpen || !this.hasOpened) return undefined
    return this.#handlesMessages || this.#onOpen?.isCaller ? this.link : undefined
  }

  // --- what the link reports --------------------------------------------------------------------------------------------

  onLinkMessage(data: string | Uint8Array, receivedAt: number): void {
    this.#owner.hub.inbound.receive(this, data, receivedAt)
  }

  onLinkPing(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.#loss) this.handlers.onPing(data)
  }

  onLinkPong(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.#loss) this.handlers.onPong(data)
  }

  onLinkDead(error: HeartbeatTimeoutError): void {
    this.#owner.onHeartbeatTimeout(this, error)
  }

  onLinkEnd(end: LinkEnd): void {
    this.#onOpen?.stop()
    this.#owner.onSessionLost(this, end)
  }

  // --- opening ----------------------------------------------------------------------------------------------------------

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(info: OpenInfo): void {
    // Known as opened from here on, also to what @OnOpen calls.
    this.#opening = RESOLVED
    this.#opening = this.#open(info)
  }

  async #open(info: OpenInfo): Promise<void> {
    if (this.handlers.hasOnOpen) this.#onOpen = new OnOpenRun(this.#settings)
    const opening = this.#onOpen?.start(() => this.handlers.onOpen(info)) ?? 'opened'
    // No turn between: what @OnOpen has set going without waiting for it finds the connection ready.
    const outcome = opening instanceof Promise ? await opening : opening
    if (outcome === 'opened') await this.#becomeReady()
    else if (outcome !== 'released') {
      const { onOpenTimeout } = this.#settings
      const error = outcome === 'late' ? new OnOpenTimeoutError(onOpenTimeout) : toError(outcome.thrown)
      if (!this.#loss && !this.#owner.stateMachine.isClosing) this.#owner.onOpenFailed(this, error)
      else if (error !== this.link.signal.reason)
        this.#owner.report(error, 'open', 'the connection has ended already')
    }
    this.#onOpen = undefined
    // perf: saves 43 B per idle connection; all connections share one settled promise.
    this.#opening = RESOLVED
  }

  async #becomeReady(): Promise<void> {
    this.#handlesMessages = true
    if (!this.#loss) {
      this.#readyAt = wholeNow(this.#settings.clock)
      this.link.onReady()
      const handover = this.#owner.onSessionReady(this)
      if (handover) await handover
    }
    this.handlers.onReady()
  }

  // --- handling, and the end --------------------------------------------------------------------------------------------

  get isLive(): boolean {
    return this.hasOpened && !this.#loss
  }

  get acceptsMessages(): boolean {
    return !this.#owner.stateMachine.isClosing
  }

  isHeartbeatReply(message: unknown): boolean {
    return this.link.heartbeat.isReply(message)
  }

  get ending(): HandlerDrain {
    return (this.#ending ??= new HandlerDrain(this.handlers, this.#owner))
  }

  /** Waits up to `timeout` ms for `@OnOpen` and pending handlers, then discards and reports the rest. */
  async drain(timeout: number): Promise<void> {
    if (!this.#opening) return
    const opened = Promise.all([this.#loss?.reported, this.#opening])
    await this.ending.drain(
      timeout,
      opened.then(() => this.#handlesMessages),
    )
  }
}
