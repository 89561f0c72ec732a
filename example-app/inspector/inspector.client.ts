import {
  Connection,
  HandshakeError,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  WebSocketClient,
} from 'holdfast'
import type { CloseInfo, ConnectionState, ErrorContext, OpenInfo } from 'holdfast'
import { HeapMonitor } from './heap-monitor.js'
import { HEAP_QUESTION, keyOf, textOf } from './inspector.messages.js'
import type {
  ConsoleCalled,
  ContextCreated,
  ContextDestroyed,
  ExceptionThrown,
  HeapUsage,
  Reply,
} from './inspector.messages.js'
import { InspectorView } from './inspector.view.js'

/** First word of the console lines in which the sample process reports its garbage collections. */
const GC_LABEL = 'gc'

/** Watches a process through its inspector. */
@WebSocketClient({
  name: 'inspector',
  route: keyOf,
  requests: {
    error: (reply) => (reply as Reply).error,
    result: (reply) => (reply as Reply).result,
    // An inspector ignores messages without an ID.
    heartbeatIds: true,
    timeout: 5_000,
  },
  // Node's inspector drops the connection after a protocol ping. Instead, this heartbeat requests data that is shown anyway.
  heartbeat: { interval: 1_000, timeout: 5_000, message: () => HEAP_QUESTION },
  reconnect: {
    // Fixed delays are fine on the same machine. For other servers, keep the default, which randomizes the delays.
    delays: [500, 1_000, 2_000],
    // After a short-lived connection, attempts start at least 0.25 to 0.75 s apart (random).
    initialDelay: 500,
    // An outdated URL is rejected with HTTP 400. That is fatal by default, but here the next attempt looks up the new URL.
    shouldReconnect: ({ status }) => (status === 400 ? true : undefined),
  },
})
export class InspectorClient {
  #mainContext: number | undefined
  #openedAt = 0

  constructor(
    private readonly connection: Connection,
    private readonly heap: HeapMonitor,
    private readonly view: InspectorView,
  ) {}

  @OnStateChange()
  stateChanged(state: ConnectionState): void {
    this.view.state(state)
  }

  /** Awaits each reply. Events that arrive in the meantime are kept, and handled afterward. */
  @OnOpen()
  async opened({ isReconnect, downtime }: OpenInfo): Promise<void> {
    if (isReconnect) this.view.cameBack(downtime)
    this.#openedAt = Date.now()
    this.heap.reset()
    await this.connection.request({ method: 'Runtime.enable' })
    await this.connection.request({ method: 'HeapProfiler.enable' })
    // Without this collection, the first reading would include garbage.
    await this.connection.request({ method: 'HeapProfiler.collectGarbage' })
  }

  @OnMessage('Runtime.executionContextCreated')
  async contextCreated({ params: { context } }: ContextCreated): Promise<void> {
    if (!context.auxData?.isDefault) return
    this.#mainContext = context.id
    this.view.watching(context.name)
    this.#show(await this.connection.request<HeapUsage>(HEAP_QUESTION))
  }

  /** Handles replies to heartbeats. Replies to requests are passed to their requests instead. */
  @OnMessage('reply')
  beatAnswered({ result }: Reply<HeapUsage>): void {
    if (result) this.#show(result)
  }

  @OnMessage('Runtime.consoleAPICalled')
  consoleCalled({ params: { type, args, timestamp } }: ConsoleCalled): void {
    // Runtime.enable repeats up to a thousand earlier lines.
    if (timestamp < this.#openedAt) return
    const [label, kind, duration] = args
    if (label?.value === GC_LABEL && typeof duration?.value === 'number') {
      this.heap.collected({ kind: String(kind?.value), duration: duration.value })
    } else {
      this.view.consoleLine(type === 'warning' ? 'warn' : type, args.map(textOf).join(' '))
    }
  }

  @OnMessage('Runtime.exceptionThrown')
  exceptionThrown({ params: { exceptionDetails } }: ExceptionThrown): void {
    this.view.consoleLine(exceptionDetails.text, exceptionDetails.exception?.description ?? '')
  }

  /** A finished process exits only once its debugger has detached. This detaches the debugger, and looks for the next process. */
  @OnMessage('Runtime.executionContextDestroyed')
  contextDestroyed({ params }: ContextDestroyed): void {
    if (params.executionContextId !== this.#mainContext) return
    this.view.line('the process has finished: detaching, so that it can exit')
    this.connection.reconnect()
  }

  /** Handles all other messages, so that they are not logged as unhandled. */
  @OnMessage()
  ignored(): void {}

  @OnError(HandshakeError)
  refused(error: HandshakeError, context: ErrorContext): void {
    if (error.status === 400) this.view.line('this URL is from an earlier process: looking up the new one')
    else this.view.failed(error, context)
  }

  @OnError()
  failed(error: Error, context: ErrorContext): void {
    this.view.failed(error, context)
  }

  @OnClose()
  closed(close: CloseInfo): void {
    this.view.closed(close)
  }

  #show(usage: HeapUsage): void {
    this.view.heap(this.heap.read(usage))
  }
}
