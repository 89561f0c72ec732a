import { NamedTimers } from '../core/clock.js'
import type { ConnectionSnapshot, LiveConnection } from '../diagnostics/live-connections.js'
import type { ConnectionDiagnostic, DiagnosticSource } from '../diagnostics/payloads.js'
import { serverOf } from '../diagnostics/server.js'
import { UnprocessedMessagesError } from '../errors/message-errors.js'
import type { Stage } from '../errors/stage.js'
import type { OutboxEntry } from '../messages/outbox.js'
import { MessageHub } from '../session/message-hub.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import { StateHolder } from '../session/state.js'
import type { LifecycleState, TimerName } from '../lifecycle/state.js'
import { Links } from './links.js'
import { Openings } from './openings.js'
import { RetryPolicy } from './retry-policy.js'
import type { ConnectionSettings } from './settings.js'

/** The parts of a connection on which its lifecycle's effects act. */
export abstract class ConnectionParts implements DiagnosticSource, LiveConnection {
  /** Name of the connection, unique in this process, such as `TickerClient#1`. */
  readonly id: string
  readonly settings: ConnectionSettings
  readonly links: Links
  readonly hub: MessageHub
  readonly holder: StateHolder
  readonly openings = new Openings()
  readonly retryPolicy: RetryPolicy
  readonly timers: NamedTimers<TimerName>
  /** Runs the handlers; `undefined` until the connection is started. */
  listener: ConnectionListener | undefined
  /** Final message passed to `end()`, until it is sent. */
  protected lastWords: OutboxEntry<string | Uint8Array> | undefined

  constructor(id: string, settings: ConnectionSettings) {
    this.id = id
    this.settings = settings
    this.links = new Links(this)
    this.holder = new StateHolder(this)
    this.hub = new MessageHub(settings, this)
    this.retryPolicy = new RetryPolicy(settings.reconnect, settings, this)
    this.timers = new NamedTimers(settings.clock, this)
  }

  get facts(): ConnectionDiagnostic {
    return this.factsOf(this.links.current?.link.number ?? this.openings.count)
  }

  /** Returns the facts for diagnostics about one link. */
  factsOf(connectionNumber: number): ConnectionDiagnostic {
    const { id, links, listener } = this
    const client = id.replace(/#\d+$/, '')
    const server = serverOf(this, links.url)
    return { connection: id, client, class: listener?.target ?? '', ...server, connectionNumber }
  }

  abstract get state(): LifecycleState

  abstract snapshot(): ConnectionSnapshot

  abstract onTimer(name: TimerName): void

  /** Returns the final message passed to `end()` and clears it, so that it is sent or reported only once. */
  takeLastWords(): OutboxEntry<string | Uint8Array> | undefined {
    const { lastWords } = this
    this.lastWords = undefined
    return lastWords
  }

  /** Reports an error that does not affect the connection. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void {
    const signal = this.links.current?.link.signal ?? this.holder.signal
    void this.listener?.onError({ error, stage, fatal: false, consequence, signal, message })
  }

  /** Reports an `@OnClosing` or `@OnClose` that did not complete in time. */
  reportLate(event: 'closing' | 'close', consequence: string): void {
    this.report(
      new UnprocessedMessagesError(0, [this.listener?.nameOf(event) ?? ''], true),
      'close',
      consequence,
    )
  }

  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void {
    this.listener?.onSubscriptionIds(keyOf)
  }

  warn(message: string): void {
    this.listener?.onWarning(message)
  }
}
