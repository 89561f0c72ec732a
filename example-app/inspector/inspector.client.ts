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

/** What the workload's reports of its garbage collections begin with. */
const GC_LABEL = 'gc'

/** Follows one process through its inspector. */
@WebSocketClient({
  name: 'inspector',
  route: keyOf,
  requests: {
    error: (reply) => (reply as Reply).error,
    result: (reply) => (reply as Reply).result,
    // An inspector answers nothing that has no id.
    heartbeatIds: true,
    timeout: 5_000,
  },
  // A protocol ping makes Node's inspector drop the connection. The beat is a question whose answer is of use anyway.
  heartbeat: { interval: 1_000, timeout: 5_000, message: () => HEAP_QUESTION },
  reconnect: {
    // On this machine nobody is harmed by an even pace; towards somebody else's server leave the default, which chance spreads.
    delays: [500, 1_000, 2_000],
    // How far apart attempts begin at the least, by chance from 0.25 s to 0.75 s, after a connection that did not hold for long.
    initialDelay: 500,
    // A stale url is answered with 400, which is final elsewhere. Here the next attempt looks the new url up.
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

  /** Awaits each reply: events that arrive meanwhile are kept, and handled when this is done. */
  @OnOpen()
  async opened({ isReconnect, downtime }: OpenInfo): Promise<void> {
    if (isReconnect) this.view.cameBack(downtime)
    this.#openedAt = Date.now()
    this.heap.reset()
    await this.connection.request({ method: 'Runtime.enable' })
    await this.connection.request({ method: 'HeapProfiler.enable' })
    // So that the first reading is of what is in use, not of what was left lying about.
    await this.connection.request({ method: 'HeapProfiler.collectGarbage' })
  }

  @OnMessage('Runtime.executionContextCreated')
  async contextCreated({ params: { context } }: ContextCreated): Promise<void> {
    if (!context.auxData?.isDefault) return
    this.#mainContext = context.id
    this.view.watching(context.name)
    this.#show(await this.connection.request<HeapUsage>(HEAP_QUESTION))
  }

  /** The reply to a beat: what a request is waiting for goes to the request. */
  @OnMessage('reply')
  beatAnswered({ result }: Reply<HeapUsage>): void {
    if (result) this.#show(result)
  }

  @OnMessage('Runtime.consoleAPICalled')
  consoleCalled({ params: { type, args, timestamp } }: ConsoleCalled): void {
    // Runtime.enable repeats up to a thousand lines from before.
    if (timestamp < this.#openedAt) return
    const [label, kind, duration] = args
    if (label?.value === GC_LABEL && typeof duration?.value === 'number') {
      this.heap.collected({ kind: String(kind?.value), duration: duration.value })
    } else {
      this.view.consoleLine(type, args.map(textOf).join(' '))
    }
  }

  @OnMessage('Runtime.exceptionThrown')
  exceptionThrown({ params: { exceptionDetails } }: ExceptionThrown): void {
    this.view.consoleLine(exceptionDetails.text, exceptionDetails.exception?.description ?? '')
  }

  /** A process that is done waits until its debugger has gone; we go, and look for the next one. */
  @OnMessage('Runtime.executionContextDestroyed')
  contextDestroyed({ params }: ContextDestroyed): void {
    if (params.executionContextId !== this.#mainContext) return
    this.view.line('the process is done, and waits for its debugger: letting it go')
    this.connection.reconnect()
  }

  /** Takes what is left, so that nothing is logged as unexpected. */
  @OnMessage()
  ignored(): void {}

  @OnError(HandshakeError)
  refused(error: HandshakeError, context: ErrorContext): void {
    if (error.status === 400)
      this.view.line('that url is of an earlier start of the process: asking for the new one')
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
