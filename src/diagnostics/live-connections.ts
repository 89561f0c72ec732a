import type { ConnectionDiagnostic, DiagnosticError } from './payloads.js'

/** State of a connection at one moment. */
export interface ConnectionSnapshot extends ConnectionDiagnostic {
  readonly status: string
  /** When the status began, in milliseconds since the epoch. */
  readonly since: number
  /** When the next attempt starts, in milliseconds since the epoch, and why Holdfast waits; only while it waits. */
  readonly nextAttempt?:
    { readonly at: number; readonly attempt: number; readonly error: DiagnosticError } | undefined
  /** URL of the latest attempt, without credentials and query. Anything in its path that looks random is redacted, too. */
  readonly url: string | undefined
  /** Number of received messages that have not been handled yet. */
  readonly queuedMessages: number
  /** True while back-pressure pauses the socket. */
  readonly isPaused: boolean
  /** Number of messages that wait for a link. */
  readonly outboxMessages: number
  /** Number of bytes that were accepted but not yet passed to the operating system, including the outbox. */
  readonly bufferedAmount: number
  readonly pendingRequests: number
  /** Latest round-trip time of the heartbeat, in milliseconds. */
  readonly latency: number | undefined
  /** When the latest byte arrived, in milliseconds since the epoch. */
  readonly lastSeen: number | undefined
  readonly stats: Readonly<
    Record<'unhandledMessages' | 'conflated' | 'unmatchedReplies' | 'droppedMessages', number>
  >
  /** Handlers of the class: those for messages, then those for other events. */
  readonly handlers: readonly HandlerDescription[]
}

/** A handler, as a person would look it up. */
export interface HandlerDescription {
  /** Display name, such as `TickerClient#tick`. */
  readonly name: string
  /** The decorator and its arguments, such as `@OnMessage('ticker')`. */
  readonly event: string
}

/** A connection that has started and not ended. */
export interface LiveConnection {
  readonly id: string
  snapshot(): ConnectionSnapshot
}

const KEY = Symbol.for('holdfast.live-connections')

/** Connections of this process, those of other copies of the package included. */
export function liveConnections(): Set<LiveConnection> {
  const holder = globalThis as { [KEY]?: Set<LiveConnection> }
  return (holder[KEY] ??= new Set())
}
