import { RESOLVED, deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import type { Session } from '#src/session/session.js'
import type {
  ConnectionFailure,
  ConnectionListener,
  Discarded,
  OpenOutcome,
  SessionHandlers,
  SessionPort,
} from '#src/session/session-handlers.js'
import type { ConnectionState } from '#src/session/state.js'

/** Receives the calls of handlers and listeners as they happen. */
export interface ListenerPort {
  inside(line: string): void
  /** Called when a link has opened. */
  onSession(session: Session, handlers: ScriptedHandlers): void
  /** Called with an error that the lifecycle does not decide. */
  onReport(error: Error): void
}

/** Handlers of one link that a test settles. */
export class ScriptedHandlers implements SessionHandlers {
  readonly hasOnOpen = true
  readonly hasOnClosing = true
  readonly opening = deferred<OpenOutcome>()
  readonly closing: Deferred<void> = deferred()
  readonly closed: Deferred<void> = deferred()
  /** Outcome of `@OnOpen`, once it has settled. */
  outcome: OpenOutcome | undefined
  #drains: Deferred<void>[] = []
  readonly #link: number
  readonly #port: ListenerPort

  constructor(link: number, port: ListenerPort) {
    this.#link = link
    this.#port = port
  }

  onOpen(): Promise<OpenOutcome> {
    this.#port.inside(`onOpen ${this.#link}`)
    return this.opening.promise
  }

  /** Settles `@OnOpen`. */
  settleOpen(outcome: OpenOutcome): void {
    this.outcome = outcome
    this.opening.resolve(outcome)
  }

  drained(): Promise<void> {
    const drain: Deferred<void> = deferred()
    this.#drains.push(drain)
    return drain.promise
  }

  /** Settles all running handlers. */
  settleHandlers(): void {
    for (const drain of this.#drains) drain.resolve()
    this.#drains = []
  }

  discard(): Discarded {
    return { unhandled: 0, running: [] }
  }

  onClosing(): Promise<void> {
    this.#port.inside(`onClosing ${this.#link}`)
    return this.closing.promise
  }

  onClose(): Promise<void> {
    this.#port.inside(`onClose ${this.#link}`)
    return this.closed.promise
  }

  onReady(): void {
    // No messages arrive.
  }

  takeEarly(): undefined {
    return undefined
  }

  earlySettled(): Promise<void> {
    return RESOLVED
  }

  onPing(): void {
    // No messages arrive.
  }

  onPong(): void {
    // No messages arrive.
  }

  receive(): void {
    // No messages arrive.
  }

  run(): void {
    // No messages arrive.
  }

  onConflated(): void {
    // No messages arrive.
  }

  onAckError(): void {
    // Errors thrown by an acknowledgment do not change the state.
  }

  isUnwanted(): boolean {
    return false
  }

  onKeyError(): void {
    // No messages arrive.
  }
}

/** Consequences that the lifecycle reports, and their meaning. */
const CONSEQUENCES: readonly (readonly [RegExp, string])[] = [
  [/^not retrying$/, 'fatal'],
  [/^retrying in \d+ ms$/, 'retried'],
  [/^keeping the current connection$/, 'the old one stays'],
  [/^(the connection has already ended|no longer waiting for it)$/, 'reported'],
]

/** A listener that forwards everything to a test. */
export class ScriptedListener implements ConnectionListener {
  readonly target = 'Scripted'
  readonly handlers = []
  readonly #port: ListenerPort

  constructor(port: ListenerPort) {
    this.#port = port
  }

  openSession(port: SessionPort): SessionHandlers {
    const session = port as Session
    const handlers = new ScriptedHandlers(session.name, this.#port)
    session.link.signal.addEventListener('abort', () => this.#port.inside(`lose ${session.name}`))
    this.#port.onSession(session, handlers)
    return handlers
  }

  onStateChange({ status }: ConnectionState): void {
    this.#port.inside(`state ${status}`)
  }

  onError({ error, stage, consequence }: ConnectionFailure): void {
    const [, kind] = CONSEQUENCES.find(([text]) => text.test(consequence)) ?? []
    if (kind === undefined) this.#port.onReport(error)
    else this.#port.inside(`onError ${stage} ${kind}`)
  }

  onWarning(message: string): void {
    this.#port.onReport(new Error(message))
  }

  nameOf(event: string): string {
    return `Scripted#${event}`
  }

  onSubscriptionIds(): void {
    // No subscription gets an ID.
  }

  onClosing(): void {
    // No handler is running synchronously.
  }
}
