import { channel } from 'node:diagnostics_channel'
import { liveConnections } from '#src/diagnostics/live-connections.js'
import type { ConnectionSnapshot } from '#src/diagnostics/live-connections.js'
import type { ConnectionDiagnostic, DiagnosticChannels, DiagnosticError } from '#src/diagnostics/payloads.js'

/** Data of an event, without the facts that every event of a connection has. */
type Own<Name extends keyof DiagnosticChannels> = Omit<DiagnosticChannels[Name], keyof ConnectionDiagnostic>

type Values = { -readonly [Key in keyof ConnectionSnapshot]: ConnectionSnapshot[Key] }

/** Connection that exists only for subscribers of diagnostics: a test sets its snapshot and publishes its events. */
export class FakeLiveConnection {
  readonly id: string
  readonly #values: Values
  readonly #live: Set<{ readonly id: string; snapshot(): ConnectionSnapshot }>
  /** Number of snapshots taken. */
  snapshots = 0

  constructor(id: string, values: Partial<ConnectionSnapshot> = {}, live = liveConnections()) {
    this.id = id
    this.#live = live
    this.#values = {
      connection: id,
      client: id.replace(/#\d+$/, ''),
      class: 'FeedClient',
      serverAddress: '127.0.0.1',
      serverPort: 9000,
      connectionNumber: 1,
      status: 'open',
      since: Date.now(),
      url: 'wss://feed.example.com/v1',
      queuedMessages: 0,
      isPaused: false,
      outboxMessages: 0,
      bufferedAmount: 0,
      pendingRequests: 0,
      latency: undefined,
      lastSeen: undefined,
      stats: { unhandledMessages: 0, conflated: 0, unmatchedReplies: 0, droppedMessages: 0 },
      handlers: [],
      ...values,
    }
    live.add(this)
  }

  snapshot(): ConnectionSnapshot {
    this.snapshots += 1
    return { ...this.#values }
  }

  set(values: Partial<ConnectionSnapshot>): void {
    Object.assign(this.#values, values)
  }

  /** Publishes an event, and returns its data. */
  publish<Name extends keyof DiagnosticChannels>(name: Name, own: Own<Name>): Own<Name> {
    const { connection, client, class: className, serverAddress, serverPort, connectionNumber } = this.#values
    const facts = { connection, client, class: className, serverAddress, serverPort, connectionNumber }
    const data = Object.assign(own, facts)
    channel(name).publish(data)
    return data
  }

  receive(count = 1, bytes = 100): void {
    for (let index = 0; index < count; index += 1)
      this.publish('holdfast:frame', { direction: 'receive', type: 'text', bytes, preview: '' })
    this.set({ lastSeen: Date.now() })
  }

  send(bytes = 40): void {
    this.publish('holdfast:frame', { direction: 'transmit', type: 'text', bytes, preview: '' })
  }

  setStatus(status: string, values: Partial<ConnectionSnapshot> = {}): void {
    const { status: from } = this.#values
    this.set({ status, since: Date.now(), nextAttempt: undefined, ...values })
    this.publish('holdfast:state', { from, to: status })
  }

  /** The attempt before this one has failed, and the connection waits. */
  wait(error: DiagnosticError, attempt: number, delay: number, now = Date.now()): void {
    const failed = attempt - 1
    this.publish('holdfast:attempt', { attempt: failed, duration: 3, error, statusCode: undefined })
    this.publish('holdfast:delay', { attempt, delay, error })
    this.setStatus('waiting', { nextAttempt: { at: now + delay, attempt, error } })
  }

  reportError(message: string): void {
    const error = { name: 'Error', message }
    this.publish('holdfast:error', { error, stage: 'message', handler: undefined, fatal: false, count: 1 })
  }

  /** Removes it from the list of live connections. */
  end(): void {
    this.#live.delete(this)
  }
}

/** The error of a server that is not listening. */
export const REFUSED: DiagnosticError = {
  name: 'ConnectFailedError',
  code: 'HOLDFAST_CONNECT_FAILED',
  message: 'Failed to connect to ws://127.0.0.1:9/: connect ECONNREFUSED 127.0.0.1:9',
}
