import { expect } from 'chai'
import type { AddressInfo } from 'node:net'
import { RPCServer } from 'ocpp-rpc'
import type { RPCClient } from 'ocpp-rpc'
import {
  bootstrap,
  Connection,
  ConnectionLostError,
  OnMessage,
  OnOpen,
  ReplyError,
  WebSocketClient,
} from 'holdfast'
import { ocpp } from 'holdfast/requests'
import { disposal } from '../../support/disposal.js'
import { eventually, turn } from '../../support/eventually.js'
import { rejection } from '../../support/rejection.js'
import { startTcpProxy } from '../../support/tcp-proxy.js'
import { describeBothWays } from '../../ws/ws-scene.js'

const CALL = 2

@WebSocketClient({
  protocols: 'ocpp1.6',
  // [2, id, action, payload] is a call. All other messages are replies to requests.
  route: (message) => (Array.isArray(message) && message[0] === CALL ? (message[2] as string) : undefined),
  requests: ocpp(),
  reconnect: { delays: [10], initialDelay: 0 },
  logger: false,
})
class ChargePoint {
  readonly resets: unknown[] = []
  status: unknown

  constructor(private readonly connection: Connection) {}

  @OnOpen()
  async opened(): Promise<void> {
    const boot = { chargePointVendor: 'Holdfast', chargePointModel: 'Test' }
    const { status } = await this.connection.request<{ status: string }>(['BootNotification', boot])
    this.status = status
  }

  @OnMessage('Reset')
  async reset(call: readonly [number, string, string, { type: string }]): Promise<void> {
    this.resets.push(call[3])
    await this.connection.respond(call, { status: 'Accepted' })
  }

  /** Sends a request before it answers, so that calls of both sides overlap. */
  @OnMessage('TriggerMessage')
  async trigger(call: unknown): Promise<void> {
    await this.connection.request(['Heartbeat', {}])
    await this.connection.respond(call, { status: 'Accepted' })
  }

  @OnMessage('UnlockConnector')
  async unlock(call: unknown): Promise<void> {
    await this.connection.respond(call, new Error('The lock is stuck'))
  }
}

/** A central system that checks each message against the schemas of OCPP 1.6. */
class CentralSystem implements AsyncDisposable {
  /** The server's side of each connection, in order. */
  readonly clients: RPCClient[] = []
  readonly calls: string[] = []
  mostAtOnce = 0
  #running = 0
  readonly #server = new RPCServer({ protocols: ['ocpp1.6'], strictMode: true })

  constructor() {
    this.#server.on('client', (client: RPCClient) => {
      this.clients.push(client)
      client.handle('BootNotification', () => {
        this.calls.push('boot')
        return Promise.resolve({ status: 'Accepted', interval: 300, currentTime: new Date().toISOString() })
      })
      client.handle('Heartbeat', () => Promise.resolve({ currentTime: new Date().toISOString() }))
      client.handle('DataTransfer', ({ params }) => this.#transfer(params?.['data']))
    })
  }

  async listen(): Promise<number> {
    const server = await this.#server.listen(0, '127.0.0.1')
    return (server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ force: true })
  }

  async #transfer(data: string): Promise<Record<string, unknown>> {
    this.calls.push(data)
    this.#running += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running)
    await turn()
    this.#running -= 1
    return { status: 'Accepted', data: data.toUpperCase() }
  }
}

describeBothWays('An ocpp-rpc server', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  async function start() {
    const central = use(new CentralSystem())
    const proxy = use(await startTcpProxy(await central.listen()))
    const { instance, connection } = use(
      await bootstrap(ChargePoint, `${proxy.url}/ocpp/CP%2001`, { transport }),
    )
    const transfer = (data: string, resend = false): Promise<unknown> =>
      connection.request(['DataTransfer', { vendorId: 'holdfast', data }], { resend })
    return { central, proxy, instance, connection, transfer }
  }

  it('receives the boot notification from @OnOpen on each connection', async () => {
    const { central, proxy, instance, connection } = await start()
    expect(connection.protocol).to.equal('ocpp1.6')
    expect(instance.status).to.equal('Accepted')
    proxy.cut()
    await eventually('the boot notification has arrived again', () => central.calls.length === 2)
    expect(central.calls).to.deep.equal(['boot', 'boot'])
    expect(central.clients.map(({ identity }) => identity)).to.deep.equal(['CP 01', 'CP 01'])
  })

  it('receives one call at a time, in order', async () => {
    const { central, transfer } = await start()
    const results = await Promise.all(['a', 'b', 'c'].map((data) => transfer(data)))
    expect(results).to.deep.equal(['A', 'B', 'C'].map((data) => ({ status: 'Accepted', data })))
    expect(central.calls).to.deep.equal(['boot', 'a', 'b', 'c'])
    expect(central.mostAtOnce).to.equal(1)
  })

  it('receives only the calls that set resend again after a drop, whether or not they were sent before', async () => {
    const { central, proxy, transfer } = await start()
    proxy.hold()
    const once = transfer('once')
    const turn = transfer('turn')
    const waiting = transfer('waiting', true)
    await proxy.untilHeld()
    proxy.cut()
    for (const lost of [once, turn]) expect(await rejection(lost)).to.be.instanceOf(ConnectionLostError)
    expect(await waiting).to.deep.equal({ status: 'Accepted', data: 'WAITING' })

    proxy.hold()
    const again = transfer('again', true)
    const last = transfer('last', true)
    await proxy.untilHeld()
    proxy.cut()
    expect(await again).to.deep.equal({ status: 'Accepted', data: 'AGAIN' })
    expect(await last).to.deep.equal({ status: 'Accepted', data: 'LAST' })
    const expected = ['boot', 'once', 'boot', 'waiting', 'again', 'boot', 'again', 'last']
    expect(central.calls).to.deep.equal(expected)
  })

  it('receives replies to its own calls, before and after a drop', async () => {
    const { central, proxy, instance } = await start()
    expect(await central.clients[0]?.call('Reset', { type: 'Soft' })).to.deep.equal({ status: 'Accepted' })
    proxy.cut()
    await eventually('the charge point has reconnected', () => central.calls.length === 2)
    expect(await central.clients[1]?.call('Reset', { type: 'Hard' })).to.deep.equal({ status: 'Accepted' })
    expect(instance.resets).to.deep.equal([{ type: 'Soft' }, { type: 'Hard' }])
  })

  it('receives the reply from a handler that itself sends a request', async () => {
    const { central } = await start()
    const answer = await central.clients[0]?.call('TriggerMessage', { requestedMessage: 'Heartbeat' })
    expect(answer).to.deep.equal({ status: 'Accepted' })
  })

  it('receives an Error as a CALLERROR', async () => {
    const { central } = await start()
    const error = await rejection(central.clients[0]!.call('UnlockConnector', { connectorId: 1 }))
    expect(error).to.include({ rpcErrorCode: 'InternalError', message: 'The lock is stuck' })
  })

  it('refuses a call that violates its schema, and the request rejects with the CALLERROR', async () => {
    const { connection } = await start()
    const error = await rejection(connection.request(['DataTransfer', { data: 'no vendor' }]))
    expect(error).to.be.instanceOf(ReplyError)
    expect((error as ReplyError).details).to.deep.include({ code: 'OccurrenceConstraintViolation' })
  })
})
