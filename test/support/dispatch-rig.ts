import type { Connection } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import { handlersOf } from '#src/annotations/handler-table.js'
import { RESOLVED } from '#src/core/deferred.js'
import { Dispatcher } from '#src/dispatch/dispatcher.js'
import type { DispatchSettings } from '#src/dispatch/dispatch-context.js'
import { ConnectionLostError } from '#src/errors/connection-errors.js'
import type { InboundMessage } from '#src/messages/inbound.js'
import { fillInRequests } from '#src/requests/request-options.js'
import type { SessionHandlers } from '#src/session/session-handlers.js'
import { KeepingLogger } from './keeping-logger.js'

/** A link that records sent messages and counts the bytes that wait to be handled. */
export class FakeLink {
  readonly sent: (string | Uint8Array)[] = []
  readonly counts: string[] = []
  readonly number = 1
  readonly codec = jsonCodec
  readonly #controller = new AbortController()
  flow = RESOLVED
  pending = 0
  readonly readCounter = {
    add: (bytes: number): void => void (this.pending += bytes),
    remove: (bytes: number): void => void (this.pending -= bytes),
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get refusal(): ConnectionLostError | undefined {
    return this.signal.aborted ? new ConnectionLostError('It is gone', 1006, '') : undefined
  }

  send(data: string | Uint8Array): Promise<void> {
    if (this.refusal) throw this.refusal
    this.sent.push(data)
    return this.flow
  }

  count(unseen: string): void {
    this.counts.push(unseen)
  }

  lose(reason: Error): void {
    this.#controller.abort(reason)
  }
}

/** One link's side of a dispatcher. */
export interface OpenedSession {
  readonly link: FakeLink
  /** The connection that this session passes to handlers. */
  readonly connection: Connection
  /** Returns the number of times that the connection was read. */
  readonly asked: () => number
  readonly handlers: SessionHandlers
  /** Delivers messages as if each had arrived in a frame. */
  readonly receive: (...values: readonly unknown[]) => void
  readonly receiveAs: (kind: InboundMessage['kind'], value: unknown) => void
}

/** A dispatcher for one instance, without a connection. */
export function dispatcherFor(instance: object, settings: Partial<DispatchSettings> = {}) {
  const [clock, logger] = [new FakeClock(), new KeepingLogger()]
  const connection = {
    subscriptionKey: () => undefined,
    signal: new AbortController().signal,
  } as unknown as ConstructorParameters<typeof Dispatcher>[2]
  const { table } = handlersOf(instance.constructor as new () => object)
  const dispatcher = new Dispatcher(
    instance,
    table,
    connection,
    {
      route: 'type',
      clock,
      concurrency: 1,
      replies: true,
      requests: fillInRequests(),
      ...settings,
    },
    logger,
  )
  const open = ({ isReady = true } = {}): OpenedSession => {
    const link = new FakeLink()
    const own = {} as Connection
    let asked = 0
    const handlers = dispatcher.openSession({
      link,
      runInScope: (run) => run(),
      get connection() {
        asked += 1
        return own
      },
    })
    if (isReady) handlers.onReady()
    const receiveAs = (kind: InboundMessage['kind'], value: unknown): void =>
      handlers.receive({ kind, value, raw: 'raw', receivedAt: 0, size: 1, handlers })
    const receive = (...values: readonly unknown[]): void => {
      for (const value of values) receiveAs('message', value)
    }
    return { link, connection: own, asked: () => asked, handlers, receive, receiveAs }
  }
  return { clock, connection, dispatcher, logger, open }
}
