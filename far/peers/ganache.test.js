import { expect } from 'chai'
import ganache from 'ganache'
import { bootstrap, defineHandlers, ConnectionLostError, ReplyError, Subscriptions } from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import { createWsTransport } from 'holdfast/transports'
import { disposal } from '../../.build/test/support/disposal.js'
import { eventually } from '../../.build/test/support/eventually.js'
import { rejection } from '../../.build/test/support/rejection.js'
import { startTcpProxy } from '../../.build/test/support/tcp-proxy.js'

class HeadsClient {
  blocks = []
  /** Subscription IDs that the node has assigned, one per connection. */
  ids = []
  rest = []

  constructor(subscriptions) {
    this.subscriptions = subscriptions
  }

  opened({ isReconnect }) {
    // Added only once, because Holdfast sends it again after a reconnect.
    if (isReconnect) return
    // The ID is a string, because the IDs of requests are numbers.
    const subscribe = { jsonrpc: '2.0', id: 'heads', method: 'eth_subscribe', params: ['newHeads'] }
    this.subscriptions.add('heads', subscribe, {
      ack: (message) => message.id === 'heads',
      id: (ack) => {
        const id = ack.result
        this.ids.push(id)
        return id
      },
      unsubscribe: (id) => ({ jsonrpc: '2.0', id: 'no heads', method: 'eth_unsubscribe', params: [id] }),
    })
  }

  head({ params }) {
    this.blocks.push(Number(params.result.number))
  }

  other(message) {
    this.rest.push(message)
  }
}

defineHandlers(
  HeadsClient,
  { open: 'opened', message: [['heads', 'head'], 'other'] },
  {
    inject: [Subscriptions],
    route: (message) => message.params?.subscription,
    requests: jsonRpc(),
    reconnect: { delays: [10], initialDelay: 0 },
    logger: false,
  },
)

class Node {
  #server = ganache.server({ logging: { quiet: true } })

  async listen() {
    await this.#server.listen(0, '127.0.0.1')
    return this.#server.address().port
  }

  async [Symbol.asyncDispose]() {
    await this.#server.close()
  }
}

for (const fastPaths of [false, true]) {
  const transport = createWsTransport({ fastPaths })

  describe(`A ganache node, ${fastPaths ? 'with' : 'without'} fast paths`, function () {
    this.timeout(30_000)
    const use = disposal()

    async function start() {
      const node = use(new Node())
      const proxy = use(await startTcpProxy(await node.listen()))
      const { instance, connection } = use(await bootstrap(HeadsClient, proxy.url, { transport }))
      const mine = () => connection.request({ method: 'evm_mine' })
      const blockNumber = (resend = false) => connection.request({ method: 'eth_blockNumber' }, { resend })
      await eventually('the node has acknowledged', () => instance.ids.length === 1)
      return { proxy, instance, connection, mine, blockNumber }
    }

    it('receives the subscription again after a drop, and its new ID leads to the same handler', async () => {
      const { proxy, instance, mine } = await start()
      await mine()
      await eventually('the first block has arrived', () => instance.blocks.length === 1)

      proxy.cut()
      await eventually('the node has acknowledged again', () => instance.ids.length === 2)
      await mine()
      await eventually('the second block has arrived', () => instance.blocks.length === 2)

      expect(instance.blocks).to.deep.equal([1, 2])
      expect(instance.ids[1]).to.not.equal(instance.ids[0])
      expect(instance.subscriptions.keyOf(instance.ids[1])).to.equal('heads')
      expect(instance.subscriptions.keyOf(instance.ids[0])).to.equal(undefined)
      expect(instance.rest).to.deep.equal([])
      expect(proxy.connections).to.equal(2)
    })

    it('unsubscribes the client by the ID from the new connection', async () => {
      const { proxy, instance, mine } = await start()
      proxy.cut()
      await eventually('the node has acknowledged again', () => instance.ids.length === 2)
      instance.subscriptions.delete('heads')
      await eventually('the node has answered', () => instance.rest.length === 1)
      expect(instance.rest).to.deep.equal([{ jsonrpc: '2.0', id: 'no heads', result: true }])
      await mine()
      expect(instance.blocks).to.deep.equal([])
    })

    it('answers calls, and after a drop receives only those with resend again', async () => {
      const { proxy, mine, blockNumber } = await start()
      expect(await blockNumber()).to.equal('0x0')

      proxy.hold()
      const mining = mine()
      await proxy.untilHeld()
      proxy.cut()
      expect(await rejection(mining)).to.be.instanceOf(ConnectionLostError)
      expect(await blockNumber()).to.equal('0x1')

      proxy.hold()
      const again = blockNumber(true)
      await proxy.untilHeld()
      proxy.cut()
      expect(await again).to.equal('0x1')
      expect(proxy.connections).to.equal(3)
    })

    it('refuses a call, and the request rejects with its error', async () => {
      const { connection } = await start()
      const error = await rejection(connection.request({ method: 'eth_nothing' }))
      expect(error).to.be.instanceOf(ReplyError)
      const { message } = error.details
      expect(message).to.include('eth_nothing')
    })
  })
}
