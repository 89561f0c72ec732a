import type { Codec } from '../codecs/codec.js'
import { toError } from '../core/error-text.js'
import { attemptChannel } from '../diagnostics/channels.js'
import { liveConnections } from '../diagnostics/live-connections.js'
import type { ConnectionSnapshot } from '../diagnostics/live-connections.js'
import { OnOpenTimeoutError } from '../errors/connection-errors.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { ConnectionClosedError, NotConnectedError } from '../errors/send-errors.js'
import { CloseCode } from '../link/close-code.js'
import type { Link } from '../link/link.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { OutboxEntry } from '../messages/outbox.js'
import { UnwantedTexts } from '../messages/unwanted-texts.js'
import { disconnectOf, errorOf, failureOf, initiatorOf } from '../session/disconnect.js'
import type { CloseInfo, Disconnect, Failure, RetryDecision } from '../session/disconnect.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { Session } from '../session/session.js'
import type { SessionOwner } from '../session/session.js'
import type { ConnectionListener, OpenOutcome } from '../session/session-handlers.js'
import type { Connect, Handshake, Transport } from '../transports/transport.js'
import type { Attempt } from '../attempt/attempt.js'
import { ConnectionEffects } from './connection-effects.js'
import { publishAttempt } from './diagnostics.js'
import { LifecycleDriver } from './driver.js'
import type { Report } from './driver.js'
import type { LifecycleEvent, Refusal } from '../lifecycle/events.js'
import { linkOfTimer, roleOf } from '../lifecycle/state.js'
import type { LifecycleState, TimerName } from '../lifecycle/state.js'
import { asks, resetsCounts } from '../lifecycle/step.js'
import type { ConnectionSettings } from './settings.js'
import { snapshotOf } from './snapshot.js'
import type { StepFacts, Trouble } from './step-facts.js'
import { tapsOf } from './taps.js'

/** Returns the connection bound to one of its links. */
export type ConnectionView = (lifecycle: ConnectionLifecycle, session: Session) => HandlerConnection

/** Information that the lifecycle needs before a step. */
interface AskedFacts {
  readonly retry: boolean
  readonly stable: boolean
}

/**
 * Moves a connection from one state to the next. Turns calls from user code and reports from attempts, sessions and timers into events, and
 * passes them to the driver. A pure step function decides what happens next, and the effects carry it out.
 */
export class ConnectionLifecycle extends ConnectionEffects implements SessionOwner {
  readonly #view: ConnectionView
  readonly #driver: LifecycleDriver<StepFacts>

  constructor(id: string, settings: ConnectionSettings, connect: Connect, view: ConnectionView) {
    super(id, settings, connect)
    this.#view = view
    this.#driver = new LifecycleDriver(settings.maxAge !== Infinity, this)
  }

  get state(): LifecycleState {
    return this.#driver.state
  }

  snapshot(): ConnectionSnapshot {
    return snapshotOf(this)
  }

  connectionOf(session: Session): HandlerConnection {
    return this.#view(this, session)
  }

  // --- calls from user code ---------------------------------------------------------------------------------------------

  /** Starts the first attempt, unless the connection has already been closed. */
  start(listener: ConnectionListener): void {
    this.listener = listener
    if (this.holder.state.status !== 'closed') liveConnections().add(this)
    this.#driver.start(this.settings.maxAge !== Infinity, {})
  }

  /** @throws ConnectionClosedError once closing or closed */
  reconnect(overlap: boolean): void {
    const { current } = this.links
    const disconnect = { initiator: 'local', stage: 'close', sentCode: CloseCode.RECONNECTING } as const
    const facts = current ? { trouble: this.#troubleOf(current, disconnect) } : {}
    const refused = this.#driver.call({ type: 'reconnect', overlap, stable: this.#isStable }, facts)
    if (refused) throw refusalError(refused, this.holder.state.status)
  }

  close(code: number, reason: string): Promise<CloseInfo> {
    this.listener?.onClosing()
    this.#driver.call({ type: 'close' }, { closing: { initiator: 'local', code, reason } })
    return this.holder.closed.promise
  }

  terminate(): Promise<CloseInfo> {
    this.listener?.onClosing()
    this.#driver.call({ type: 'terminate' }, {})
    return this.holder.closed.promise
  }

  /** Called when `options.signal` has aborted. Ends the connection unless it has already been ready. */
  abortStart(): void {
    this.#driver.call({ type: 'signalAborted' }, {})
  }

  /** Runs `@OnClosing` and sends the final message. The connection ends when the server closes it. */
  end(lastWords: OutboxEntry<string | Uint8Array> | undefined, endTimeout: number): Promise<CloseInfo> {
    const { status } = this.holder.state
    const closing = { initiator: 'local', code: CloseCode.NORMAL, reason: '' } as const
    if (status === 'open') {
      this.lastWords = lastWords
      this.listener?.onClosing()
    }
    const refused = this.#driver.call({ type: 'end' }, { closing, endTimeout })
    return refused ? Promise.reject(refusalError(refused, status)) : this.holder.closed.promise
  }

  // --- reports from attempts --------------------------------------------------------------------------------------------

  onAttemptOpen(attempt: Attempt, transport: Transport, handshake: Handshake, codec: Codec): Link {
    const { name, number } = attempt
    const { settings, links, openings } = this
    const replaces = this.state.candidate === name ? links.current?.link.number : undefined
    const open = openings.next(number, handshake, replaces, links.downtime(settings.clock.now()))
    const identity = { name, attempt: number, number: open.connectionNumber }
    const own = linkSettings(settings, codec)
    const session = new Session(identity, transport, own, this, this.listener as ConnectionListener)
    links.add(session)
    if (attemptChannel.hasSubscribers) publishAttempt(session, this, attempt)
    tapsOf(this)?.onOpen(session.link, attempt.dialing.url)
    this.hub.onSessionOpen(session)
    this.#driver.report(() => ({ event: { type: 'attemptOpened', link: name }, facts: { open } }))
    return session.link
  }

  onAttemptFailed(attempt: Attempt, end: LinkEnd): void {
    const { code, reason, error } = end
    const disconnect: Disconnect = { initiator: initiatorOf(end), stage: 'connect', error, code, reason }
    if (attemptChannel.hasSubscribers) publishAttempt(this, this, attempt, errorOf(disconnect))
    tapsOf(this)?.onAttemptFailed(attempt.number, attempt.dialing.url, errorOf(disconnect))
    const link = attempt.name
    this.#reportTrouble(attempt, disconnect, ({ retry }) => ({ type: 'attemptFailed', link, retry }))
  }

  // --- reports from sessions --------------------------------------------------------------------------------------------

  onOpenSettled(session: Session, outcome: Exclude<OpenOutcome, 'released'>): void {
    const link = session.name
    if (outcome === 'opened') {
      this.#driver.report(() => {
        const facts = { retry: false, stable: this.#isStable }
        return { event: { type: 'onOpenSettled', link, outcome: 'ok', ...facts }, facts: {} }
      })
      return
    }
    this.#reportTrouble(session, openFailure(toError(outcome.thrown)), (facts) => {
      return { type: 'onOpenSettled', link, outcome: 'threw', ...facts }
    })
  }

  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void {
    const link = session.name
    const disconnect: Disconnect = { initiator: 'network', stage: 'heartbeat', error }
    this.#reportTrouble(session, disconnect, (facts) => ({ type: 'heartbeatDead', link, ...facts }))
  }

  onLinkEnd(session: Session, end: LinkEnd): void {
    const link = session.name
    const disconnect = disconnectOf(session.link, end)
    const type = end.error || end.code === CloseCode.ABNORMAL ? 'linkLost' : 'linkClosedByPeer'
    this.#reportTrouble(session, disconnect, (facts) => ({ type, link, ...facts }))
  }

  onDrained({ name: link }: Session): void {
    this.#driver.report(() => ({ event: { type: 'drained', link }, facts: {} }))
  }

  onClosingSettled({ name: link }: Session): void {
    this.#driver.report(() => ({ event: { type: 'onClosingSettled', link }, facts: {} }))
  }

  onCloseSettled({ name: link }: Session): void {
    this.#driver.report(() => ({ event: { type: 'onCloseSettled', link }, facts: {} }))
  }

  nameOf(event: 'open'): string {
    return this.listener?.nameOf(event) ?? ''
  }

  onTimer(timer: TimerName): void {
    const session = this.links.session(linkOfTimer(this.state, timer))
    if (session && timer.startsWith('open:')) {
      const disconnect = openFailure(new OnOpenTimeoutError(this.settings.onOpenTimeout))
      this.#reportTrouble(session, disconnect, (facts) => ({ type: 'timerFired', timer, ...facts }))
      return
    }
    this.#driver.report(() => {
      const { current } = this.state
      return {
        event: { type: 'timerFired', timer, retry: false, stable: this.#isStable },
        facts: { current },
      }
    })
  }

  // --- failures ---------------------------------------------------------------------------------------------------------

  /** True if the current link has been ready for `minUptime`. */
  get #isStable(): boolean {
    return this.retryPolicy.isStable(this.links.current?.readyAt)
  }

  /** Reports a failed attempt or a lost link. Calls the retry policy first if its decision matters. */
  #reportTrouble(
    lost: Attempt | Session,
    disconnect: Disconnect,
    eventOf: (facts: AskedFacts) => LifecycleEvent,
  ): void {
    this.#driver.report((): Report<StepFacts> | undefined => {
      if (roleOf(this.state, lost.name) === undefined) return undefined
      const stable = this.#isStable
      const trouble = this.#troubleOf(lost, disconnect, eventOf({ retry: false, stable }))
      return { event: eventOf({ retry: trouble.decision?.retry ?? false, stable }), facts: { trouble } }
    })
  }

  /** @param event resulting event; `undefined` if the retry policy must not be called */
  #troubleOf(lost: Attempt | Session, disconnect: Disconnect, event?: LifecycleEvent): Trouble {
    const { retryPolicy, hub } = this
    const isSession = lost instanceof Session
    const { lastMessage } = hub.inbound
    const failure = failureOf(disconnect, {
      attempt: isSession ? lost.attempt : lost.number,
      elapsed: retryPolicy.elapsed,
      lastMessage: lastMessage instanceof UnwantedTexts ? lastMessage.message : lastMessage,
      hasBeenOpen: isSession && lost.hasOpened,
    })
    const decided = event && this.#decide(failure, event, disconnect.stage === 'open')
    // `shouldReconnect` may have called a method of the connection, so that the decision no longer matters.
    const decision = event && asks(this.state, event) ? decided : undefined
    const isCurrent = this.state.current === lost.name
    return { lost, isCurrent, disconnect, error: errorOf(disconnect), failure, decision }
  }

  /** Calls the retry policy if its decision matters. */
  #decide(failure: Failure, event: LifecycleEvent, isOpenFailure: boolean): RetryDecision | undefined {
    const { state, retryPolicy } = this
    if (!asks(state, event)) return undefined
    const isForgiven = resetsCounts(state, event)
    return retryPolicy.decide(failure, {
      isForgiven,
      hasSucceeded: state.shape.ready === 'resolved',
      isOpenFailure,
    })
  }
}

/** Returns the settings of a link. Links with their own codec get a copy; all others share the connection's settings. */
function linkSettings(settings: ConnectionSettings, codec: Codec): LinkSettings {
  return hasCodec(settings, codec) ? settings : { ...settings, codec }
}

function hasCodec(
  settings: ConnectionSettings,
  codec: Codec,
): settings is ConnectionSettings & { readonly codec: Codec } {
  return settings.codec === codec
}

function openFailure(error: Error): Disconnect {
  return { initiator: 'local', stage: 'open', error, sentCode: CloseCode.RECONNECTING }
}

/** Returns the error for a call that the connection refuses. */
export function refusalError(refused: Refusal, status: string): Error {
  if (refused === 'NotConnectedError') return new NotConnectedError(status)
  return new ConnectionClosedError(`Connection is ${status}: it can no longer send, request, or reconnect`)
}
