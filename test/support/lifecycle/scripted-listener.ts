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

/** Receives what handlers and listeners are told, while they are told. */
export interface ListenerPort {
  inside(line: string): void
  /** A link has opened. */
  onSession(session: Session, handlers: ScriptedHandlers): void
  /** Something was reported that the lifecycle does not decide. */
  onReport(error: Error): void
}

/** Handlers of one link that settle when a test says so. */
export class ScriptedHandlers implements SessionHandlers {
  readonly hasOnOpen = true
  readonly hasOnClosing = true
  readonly opening = deferred<OpenOutcome>()
  readonly closing: Deferred<void> = deferred()
  readonly closed: Deferred<void> = deferred()
  /** How `@OnOpen` has settled, if it has. */
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

  /** Settles all handlers that run. */
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
    // Nothing arrives.
  }

  takeEarly(): undefined {
    return undefined
  }

  earlySettled(): Promise<void> {
    return RESOLVED
  }

  onPing(): void {
    // Nothing arrives.
  }

  onPong(): void {
    // Nothing arrives.
  }

  receive(): void {
    // Nothing arrives.
  }

  run(): void {
    // Nothing arrives.
  }

  onConflated(): void {
    // Nothing arrives.
  }

  onAckError(): void {
    // What an acknowledgement throws changes no state.
  }

  isUnwanted(): boolean {
    return false
  }

  onKeyError(): void {
    // Nothing arrives.
  }
}

/** What the lifecycle says follows from an error, and what it means. */
const CONSEQUENCES: readonly (readonly [RegExp, string])[] = [
  [/^not retrying$/, 'fatal'],
  [/^retrying in \d+ ms$/, 'retried'],
  [/^keeping the current connection$/, 'the old one stays'],
  [/^(the connection has already ended|continuing without it)$/, 'reported'],
]

/** A listener that tells a test what it is told. */
export class ScriptedListener implements ConnectionListener {
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
    // No subscription is given an id.
  }

  onClosing(): void {
    // No handler is in its synchronous part.
  }
}
