import { expect } from 'chai'
import { createWebSocketConnection, ConsoleLogger } from 'vscode-ws-jsonrpc'
import type { IWebSocket } from 'vscode-ws-jsonrpc'
import type { WebSocket } from 'ws'
import {
  bootstrap,
  ConnectionLostError,
  OnError,
  OnMessage,
  OnOpen,
  ReplyError,
  SubscriptionError,
  Subscriptions,
  WebSocketClient,
} from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import type { OpenInfo } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../../support/disposal.js'
import { eventually } from '../../support/eventually.js'
import { rejection } from '../../support/rejection.js'
import { startTcpProxy } from '../../support/tcp-proxy.js'
import { describeBothWays } from '../../ws/ws-scene.js'

interface Message {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
  readonly params?: { readonly subscription: string; readonly text: string }
}

@WebSocketClient({
  route: (message) => (message as Message).params?.subscription,
  requests: jsonRpc(),
  reconnect: { delays: [10], initialDelay: 0 },
  logger: false,
})
class NewsClient {
  readonly news: (string | undefined)[] = []
  readonly refusals: SubscriptionError[] = []
  /** Subscription IDs that the server has assigned, one per connection. */
  readonly ids: string[] = []
  readonly rest: unknown[] = []

  constructor(readonly subscriptions: Subscriptions) {}

  @OnOpen()
  opened({ isReconnect }: OpenInfo): void {
    // Added only once, because Holdfast sends them again after a reconnect.
    if (isReconnect) return
    for (const topic of ['news', 'gossip']) this.#subscribe(topic)
  }

  @OnMessage('news')
  heard({ params }: Message): void {
    this.news.push(params?.text)
  }

  @OnError(SubscriptionError)
  refused(error: SubscriptionError): void {
    this.refusals.push(error)
  }

  @OnMessage()
  other(message: unknown): void {
    this.rest.push(message)
  }

  /** Uses strings as IDs, because the IDs of requests are numbers. */
  #subscribe(topic: string): void {
    const subscribe = { jsonrpc: '2.0', id: topic, method: 'watch', params: [topic] }
    this.subscriptions.add(topic, subscribe, {
      ack: (message) => {
        const { id, error } = message as Message
        return id === topic && (error ? new Error(error.message) : true)
      },
      id: (ack) => {
        const id = (ack as Message).result as string
        this.ids.push(id)
        return id
      },
      unsubscribe: (id) => ({ jsonrpc: '2.0', id: `no ${topic}`, method: 'unwatch', params: [id] }),
    })
  }
}

/** Adapts a socket of `ws` to the interface that the peer expects. */
function socketOf(socket: WebSocket): IWebSocket {
  return {
    send: (content) => socket.send(content),
    onMessage: (listener) => void socket.on('message', (data: Buffer) => listener(data.toString())),
    onError: (listener) => void socket.on('error', listener),
    onClose: (listener) => void socket.on('close', (code, reason) => listener(code, reason.toString())),
    dispose: () => socket.terminate(),
  }
}

/** Starts a server like that of an editor. Microsoft's implementation handles JSON-RPC, and the methods are added here. */
async function startNewsServer() {
  const calls: string[] = []
  /** Functions that publish to a subscription, by its ID. */
  const watchers = new Map<string, (text: string) => void>()
  let count = 0
  const server = await startTestServer(({ socket }) => {
    const rpc = createWebSocketConnection(socketOf(socket), new ConsoleLogger())
    rpc.onError(() => undefined)
    const own = new Set<string>()
    rpc.onRequest('sum', (a: number, b: number) => {
      calls.push(`${a} + ${b}`)
      return a + b
    })
    rpc.onRequest('watch', (topic: string) => {
      if (topic !== 'news') throw new Error(`no source for ${topic}`)
      const id = `watch-${(count += 1)}`
      own.add(id)
      watchers.set(id, (text) => void rpc.sendNotification('changed', { subscription: id, text }))
      return id
    })
    rpc.onRequest('unwatch', (id: string) => watchers.delete(id))
    rpc.onClose(() => {
      for (const id of own) watchers.delete(id)
    })
    rpc.listen()
  })
  const publish = (text: string): void => {
    for (const each of watchers.values()) each(text)
  }
  return { server, calls, watchers, publish }
}

describeBothWays('A server with vscode-ws-jsonrpc', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  async function start() {
    const peer = await startNewsServer()
    use(peer.server)
    const proxy = use(await startTcpProxy(Number(new URL(peer.server.url).port)))
    const { instance, connection } = use(await bootstrap(NewsClient, proxy.url, { transport }))
    await eventually('the server has acknowledged', () => instance.ids.length === 1)
    await eventually('the other has been refused', () => instance.refusals.length === 1)
    const sum = (a: number, b: number, resend = false): Promise<unknown> =>
      connection.request({ method: 'sum', params: [a, b] }, { resend })
    return { ...peer, proxy, instance, connection, sum }
  }

  it('receives the subscriptions again after a drop, has the new ID routed to the same handler, and refuses an unknown topic again', async () => {
    const { publish, proxy, instance } = await start()
    publish('first')
    await eventually('the first message has arrived', () => instance.news.length === 1)

    proxy.cut()
    await eventually('the server has acknowledged again', () => instance.ids.length === 2)
    publish('second')
    await eventually('the second message has arrived', () => instance.news.length === 2)
    await eventually('the other has been refused again', () => instance.refusals.length === 2)

    expect(instance.news).to.deep.equal(['first', 'second'])
    expect(instance.ids[1]).to.not.equal(instance.ids[0])
    expect(instance.subscriptions.keyOf(instance.ids[1])).to.equal('news')
    expect(instance.subscriptions.keyOf(instance.ids[0])).to.equal(undefined)
    const facts = instance.refusals.map(({ key, reason, cause }) => [key, reason, (cause as Error).message])
    const refusal = ['gossip', 'refused', 'Request watch failed with message: no source for gossip']
    expect(facts).to.deep.equal([refusal, refusal])
    expect(instance.rest).to.deep.equal([])
    expect(proxy.connections).to.equal(2)
  })

  it('unsubscribes the client by the ID from the new connection', async () => {
    const { publish, watchers, proxy, instance } = await start()
    proxy.cut()
    await eventually('the server has acknowledged again', () => instance.ids.length === 2)
    instance.subscriptions.delete('news')
    await eventually('the server has answered', () => instance.rest.length === 1)
    expect(instance.rest).to.deep.equal([{ jsonrpc: '2.0', id: 'no news', result: true }])
    expect(watchers.size).to.equal(0)
    publish('unheard')
    expect(instance.news).to.deep.equal([])
  })

  it('answers calls, and receives only the calls that set resend again after a drop', async () => {
    const { calls, proxy, sum } = await start()
    expect(await Promise.all([sum(1, 1), sum(1, 2), sum(1, 3)])).to.deep.equal([2, 3, 4])

    calls.length = 0
    proxy.hold()
    const once = sum(2, 1)
    const again = sum(2, 2, true)
    await proxy.untilHeld()
    await eventually('the server has received both', () => calls.length === 2)
    proxy.cut()

    expect(await rejection(once)).to.be.instanceOf(ConnectionLostError)
    const whileAway = sum(2, 3)
    expect(await again).to.equal(4)
    expect(await whileAway).to.equal(5)
    expect(calls).to.deep.equal(['2 + 1', '2 + 2', '2 + 2', '2 + 3'])
  })

  it('refuses a call, and the request rejects with its error', async () => {
    const { connection } = await start()
    const error = await rejection(connection.request({ method: 'nothing' }))
    expect(error).to.be.instanceOf(ReplyError)
    expect((error as ReplyError).details).to.deep.include({
      code: -32_601,
      message: 'Unhandled method nothing',
    })
  })
})
