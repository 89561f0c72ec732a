import { expect } from 'chai'
import {
  bootstrap,
  Connection,
  OnError,
  OnMessage,
  OnOpen,
  Subscriptions,
  SubscriptionError,
  WebSocketClient,
} from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'

interface Message {
  readonly ok?: string
  readonly id?: number
  readonly channel?: number
}

@WebSocketClient({ route: 'channel' })
class Follower {
  readonly heads: unknown[] = []
  readonly rest: unknown[] = []
  readonly errors: Error[] = []

  constructor(
    readonly subscriptions: Subscriptions,
    readonly connection: Connection,
  ) {}

  @OnOpen()
  opened(): unknown {
    this.subscriptions.add(
      'heads',
      { subscribe: 'heads' },
      { ack: (message) => (message as Message).ok === 'heads', id: (ack) => (ack as { id: number }).id },
    )
    this.subscriptions.add('plain', { subscribe: 'plain' })
    return { login: true }
  }

  @OnMessage('heads')
  head(message: unknown): void {
    this.heads.push(message)
  }

  @OnMessage()
  others(message: unknown): void {
    this.rest.push(message)
  }

  @OnError()
  failed(error: Error): void {
    this.errors.push(error)
  }
}

async function follow(options: ClientOptions = {}) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const surroundings = { transport: server.connect, clock, random: () => 0.5, logger: false } as const
  const client = await bootstrap(Follower, 'ws://peer.test/', { ...surroundings, ...options })
  return { client, server, clock, follower: client.instance }
}

const LOGIN = '{"login":true}'
const HEADS = '{"subscribe":"heads"}'
const PLAIN = '{"subscribe":"plain"}'

describe('Traffic', () => {
  it('says subscriptions after the login and before the outbox, each once, on every connection', async () => {
    const { client, server, clock } = await follow()
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN])
    server.peer.drop()
    void client.connection.send('offline')
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN, 'offline'])
  })

  it('says what is added later at once', async () => {
    const { server, follower } = await follow()
    follower.subscriptions.add('late', { subscribe: 'late' })
    expect(server.peer.received.at(-1)).to.equal('{"subscribe":"late"}')
  })

  it('takes acknowledgements, and routes by the id that they gave, anew on each connection', async () => {
    const { server, clock, follower } = await follow()
    server.peer.send({ ok: 'heads', id: 17 })
    server.peer.send({ channel: 17, block: 1 })
    server.peer.drop()
    await clock.advance(1_000)
    server.peer.send({ ok: 'heads', id: 4 })
    server.peer.send({ channel: 17, block: 'stale' })
    server.peer.send({ channel: 4, block: 2 })
    expect(follower.heads).to.deep.equal([
      { channel: 17, block: 1 },
      { channel: 4, block: 2 },
    ])
    expect(follower.rest).to.deep.equal([{ channel: 17, block: 'stale' }])
  })

  it('reports an acknowledgement that does not come', async () => {
    const { clock, follower } = await follow({ heartbeat: false })
    await clock.advance(10_000)
    expect(follower.errors[0]).to.be.instanceOf(SubscriptionError).with.property('reason', 'missing')
  })

  it('says nothing any more once the connection is closing', async () => {
    const { client, server, follower, clock } = await follow()
    const closing = client.close()
    follower.subscriptions.add('too late', { subscribe: 'too late' })
    await closing
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN])
    expect(clock.timers).to.equal(0)
  })

  it('does not stop reading while an acknowledgement is awaited', async () => {
    const { server } = await follow({ highWaterMark: 1, concurrency: 1, readyTimeout: 1_000 })
    for (let count = 0; count < 10; count += 1) server.peer.send({ channel: 'x' })
    expect(server.peer.isPaused).to.equal(false)
  })
})
