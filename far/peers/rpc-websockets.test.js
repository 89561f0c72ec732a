import { expect } from 'chai'
import { once } from 'node:events'
import { Server } from 'rpc-websockets'
import {
  bootstrap,
  defineHandlers,
  ConnectionLostError,
  ReplyError,
  SubscriptionError,
  Subscriptions,
} from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import { createWsTransport } from 'holdfast/transports'
import { disposal } from '../../.build/test/support/disposal.js'
import { eventually } from '../../.build/test/support/eventually.js'
import { rejection } from '../../.build/test/support/rejection.js'
import { startTcpProxy } from '../../.build/test/support/tcp-proxy.js'

class FeedClient {
  news = []
  refusals = []
  /** Number of acknowledgments from the server. */
  acknowledged = 0

  constructor(subscriptions) {
    this.subscriptions = subscriptions
  }

  opened({ isReconnect }) {
    // Added only once, because Holdfast sends them again after a reconnect.
    if (isReconnect) return
    for (const event of ['news', 'gossip']) this.#subscribe(event)
  }

  heard({ params }) {
    this.news.push(params)
  }

  refused(error) {
    this.refusals.push(error)
  }

  /** Uses strings as IDs, because the IDs of requests are numbers. */
  #subscribe(event) {
    const subscribe = { jsonrpc: '2.0', id: event, method: 'rpc.on', params: [event] }
    this.subscriptions.add(event, subscribe, {
      ack: (message) => {
        const { id, result } = message
        if (id !== event) return false
        if (result?.[event] !== 'ok') return new Error(result?.[event])
        this.acknowledged += 1
        return true
      },
    })
  }
}

defineHandlers(
  FeedClient,
  { open: 'opened', message: { news: 'heard' }, error: [[SubscriptionError, 'refused']] },
  {
    inject: [Subscriptions],
    route: 'notification',
    requests: jsonRpc(),
    reconnect: { delays: [10], initialDelay: 0 },
    logger: false,
  },
)

class RpcServer {
  calls = []
  #server = new Server({ host: '127.0.0.1', port: 0 })

  constructor() {
    this.#server.event('news')
    this.#server.register('sum', (params) => {
      const [a, b] = params
      this.calls.push(`${a} + ${b}`)
      return a + b
    })
  }

  async listening() {
    await once(this.#server.wss, 'listening')
    return this.#server.wss.address().port
  }

  publish(text) {
    this.#server.emit('news', text)
  }

  async [Symbol.asyncDispose]() {
    const closed = once(this.#server.wss, 'close')
    for (const socket of this.#server.wss.clients) socket.terminate()
    await this.#server.close()
    await closed
  }
}

for (const fastPaths of [false, true]) {
  const transport = createWsTransport({ fastPaths })

  describe(`An rpc-websockets server, ${fastPaths ? 'with' : 'without'} fast paths`, function () {
    this.timeout(30_000)
    const use = disposal()

    async function start() {
      const server = use(new RpcServer())
      const proxy = use(await startTcpProxy(await server.listening()))
      const { instance, connection } = use(await bootstrap(FeedClient, proxy.url, { transport }))
      return { server, proxy, instance, connection }
    }

    it('receives the subscriptions again after a drop, and refuses an unknown event again', async () => {
      const { server, proxy, instance } = await start()
      await eventually('the server has acknowledged', () => instance.acknowledged === 1)
      server.publish('first')
      await eventually('the first message has arrived', () => instance.news.length === 1)

      proxy.cut()
      await eventually('the server has acknowledged again', () => instance.acknowledged === 2)
      server.publish('second')
      await eventually('the second message has arrived', () => instance.news.length === 2)
      await eventually('the other has been refused again', () => instance.refusals.length === 2)

      expect(instance.news).to.deep.equal([['first'], ['second']])
      const facts = instance.refusals.map(({ key, reason, cause }) => [key, reason, cause.message])
      const refusal = ['gossip', 'refused', 'provided event invalid']
      expect(facts).to.deep.equal([refusal, refusal])
      expect(proxy.connections).to.equal(2)
    })

    it('answers calls, and after a drop receives only those with resend again', async () => {
      const { server, proxy, instance, connection } = await start()
      await eventually('the server has acknowledged', () => instance.acknowledged === 1)
      await eventually('the other has been refused', () => instance.refusals.length === 1)
      const sum = (a, b, resend = false) => connection.request({ method: 'sum', params: [a, b] }, { resend })
      expect(await Promise.all([sum(1, 1), sum(1, 2), sum(1, 3)])).to.deep.equal([2, 3, 4])

      server.calls.length = 0
      proxy.hold()
      const once = sum(2, 1)
      const again = sum(2, 2, true)
      await proxy.untilHeld()
      await eventually('the server has received both', () => server.calls.length === 2)
      proxy.cut()

      expect(await rejection(once)).to.be.instanceOf(ConnectionLostError)
      const whileAway = sum(2, 3)
      expect(await again).to.equal(4)
      expect(await whileAway).to.equal(5)
      expect(server.calls).to.deep.equal(['2 + 1', '2 + 2', '2 + 2', '2 + 3'])
    })

    it('refuses a call, and the request rejects with its error', async () => {
      const { connection } = await start()
      const error = await rejection(connection.request({ method: 'nothing' }))
      expect(error).to.be.instanceOf(ReplyError)
      expect(error.details).to.deep.include({ code: -32_601, message: 'Method not found' })
    })
  })
}
