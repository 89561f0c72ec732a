import { expect } from 'chai'
import {
  ConnectionClosedError,
  ConnectionLostError,
  HandshakeError,
  NotConnectedError,
  bootstrap,
  Connection,
  OnError,
  OnMessage,
  OnOpen,
  Subscriptions,
  SubscriptionError,
  WebSocketClient,
} from 'holdfast'
import { homeAssistant, jsonRpc } from 'holdfast/requests'
import type { ClientOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'

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
  async opened(): Promise<unknown> {
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
const PING = '{"type":"ping"}'
const PLAIN = '{"subscribe":"plain"}'

describe('MessageHub', () => {
  it('sends each subscription once on every link, after the login and before the outbox', async () => {
    const { client, server, clock } = await follow()
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN])
    server.peer.drop()
    void client.connection.send('offline')
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN, 'offline'])
  })

  it("does not send subscriptions that the new link's @OnOpen adds on the old link", async () => {
    const { client, server, clock } = await follow()
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers.map(({ received }) => received)).to.deep.equal([
      [LOGIN, HEADS, PLAIN],
      [LOGIN, HEADS, PLAIN],
    ])
  })

  it('routes by the old IDs until the new link is ready, and then by the new IDs', async () => {
    const { client, server, clock, follower } = await follow()
    server.peer.send({ ok: 'heads', id: 17 })
    server.onAttempt = (peer) => {
      peer.accept()
      peer.drop()
    }
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.send({ channel: 17, from: 'old' })
    server.onAttempt = (peer) => peer.accept()
    await clock.advance(10_000)
    server.peer.send({ ok: 'heads', id: 4 })
    server.peer.send({ channel: 4, from: 'new' })
    expect(follower.heads).to.deep.equal([
      { channel: 17, from: 'old' },
      { channel: 4, from: 'new' },
    ])
  })

  it('immediately sends subscriptions that are added later', async () => {
    const { server, follower } = await follow()
    follower.subscriptions.add('late', { subscribe: 'late' })
    expect(server.peer.received.at(-1)).to.equal('{"subscribe":"late"}')
  })

  it('consumes acknowledgments and routes by their IDs, which are new on each link', async () => {
    const { server, clock, follower } = await follow()
    server.peer.send({ ok: 'heads', id: 17 })
    server.peer.send({ channel: 17, block: 1 })
    server.peer.drop()
    await clock.advance(2_000)
    server.peer.send({ ok: 'heads', id: 4 })
    server.peer.send({ channel: 17, block: 'stale' })
    server.peer.send({ channel: 4, block: 2 })
    expect(follower.heads).to.deep.equal([
      { channel: 17, block: 1 },
      { channel: 4, block: 2 },
    ])
    expect(follower.rest).to.deep.equal([{ channel: 17, block: 'stale' }])
  })

  it('reports a missing acknowledgment', async () => {
    const { clock, follower } = await follow({ heartbeat: false })
    await clock.advance(10_000)
    expect(follower.errors[0]).to.be.instanceOf(SubscriptionError).with.property('reason', 'timeout')
  })

  it('sends no more subscriptions once the connection is closing', async () => {
    const { client, server, follower, clock } = await follow()
    const closing = client.close()
    follower.subscriptions.add('too late', { subscribe: 'too late' })
    await closing
    expect(server.peer.received).to.deep.equal([LOGIN, HEADS, PLAIN])
    expect(clock.timers).to.equal(0)
  })

  it('keeps reading while an acknowledgment is pending', async () => {
    const { server } = await follow({ highWaterMark: 1, concurrency: 1, onOpenTimeout: 1_000 })
    for (let count = 0; count < 10; count += 1) server.peer.send({ channel: 'x' })
    expect(server.peer.isPaused).to.equal(false)
  })

  describe('requests', () => {
    it('resolve with their replies, which handlers do not receive', async () => {
      const { client, server, follower } = await follow()
      const first = client.connection.request({ ask: 1 })
      const second = client.connection.request({ ask: 2 })
      server.peer.send({ id: 2, answer: 'two' })
      server.peer.send({ id: 1, answer: 'one' })
      expect(await first).to.deep.equal({ id: 1, answer: 'one' })
      expect(await second).to.deep.equal({ id: 2, answer: 'two' })
      expect(follower.rest).to.deep.equal([])
    })

    it('reject in the same turn in which the link is lost (B13)', async () => {
      const { client, server, clock } = await follow()
      const pending = client.connection.request({ ask: 1 })
      server.peer.drop()
      expect(await rejection(pending)).to.be.instanceOf(ConnectionLostError)
      expect(clock.now()).to.equal(0)
    })

    it('are sent again after a reconnect, following the outbox, if resend is set', async () => {
      const { client, server, clock } = await follow()
      const pending = client.connection.request({ ask: 1 }, { resend: true })
      server.peer.drop()
      void client.connection.send('offline')
      const waiting = client.connection.request({ ask: 2 })
      await clock.advance(2_000)
      expect(server.peer.received.slice(3)).to.deep.equal(['offline', '{"ask":1,"id":1}', '{"ask":2,"id":2}'])
      server.peer.send({ id: 1, late: true })
      server.peer.send({ id: 2 })
      expect(await pending).to.deep.equal({ id: 1, late: true })
      await waiting
    })

    it('can be awaited in @OnOpen and inside a serial handler, even if the queue is full (B40)', async () => {
      const server = new MemoryServer()
      server.onAttempt = (peer) => {
        peer.onMessage = (data) => {
          const { id } = JSON.parse(data as string) as { id: number }
          queueMicrotask(() => peer.send({ id, ok: true }))
        }
        peer.accept()
      }
      const answers: unknown[] = []
      @WebSocketClient()
      class Asking {
        constructor(private readonly connection: Connection) {}
        @OnOpen() async opened(): Promise<void> {
          answers.push(await this.connection.request({ login: true }))
        }
        @OnMessage() async each(): Promise<void> {
          answers.push(await this.connection.request({ more: true }))
        }
      }
      const surroundings = { transport: server.connect, clock: new FakeClock(), logger: false } as const
      const client = await bootstrap(Asking, 'ws://peer.test/', { ...surroundings, highWaterMark: 2 })
      for (let count = 0; count < 20; count += 1) server.peer.send({ type: 'event' })
      await surroundings.clock.settle()
      expect(answers).to.have.length(21)
      await client.close()
    })

    it('still receive their replies while the connection is closing', async () => {
      const { client, server } = await follow()
      const pending = client.connection.request({ ask: 1 })
      const handled = pending.then((reply) => (reply as Message).id)
      void client.connection.close()
      server.peer.send({ id: 1 })
      expect(await handled).to.equal(1)
    })

    it('reject with ConnectionClosedError when the connection ends', async () => {
      const { client, server } = await follow()
      server.peer.drop()
      const pending = client.connection.request({ ask: 1 })
      await client.close()
      expect(await rejection(pending)).to.be.instanceOf(ConnectionClosedError)
    })

    it('from the server get replies with their own ID on the open link', async () => {
      const { client, server } = await follow({ requests: jsonRpc() })
      void client.connection.respond({ id: 'x', method: 'ask' }, { fine: true })
      expect(server.peer.received.at(-1)).to.equal('{"jsonrpc":"2.0","id":"x","result":{"fine":true}}')
      server.peer.drop()
      expect(() => void client.connection.respond({ id: 'x', method: 'ask' }, 1)).to.throw(NotConnectedError)
    })

    it('never use the ID of a subscription', async () => {
      const { client, server, follower } = await follow({ requests: jsonRpc() })
      follower.subscriptions.add(
        'by id',
        { id: 1, method: 'subscribe' },
        { ack: (message) => (message as Message).id === 1 },
      )
      const pending = client.connection.request({ method: 'ask' })
      expect(server.peer.received.at(-1)).to.equal('{"jsonrpc":"2.0","method":"ask","id":2}')
      server.peer.send({ id: 1, result: 'subscribed' })
      server.peer.send({ id: 2, result: 'answer' })
      expect(await pending).to.equal('answer')
    })

    it('count unmatched replies, which handlers receive', async () => {
      const { client, server, follower } = await follow({ requests: {} })
      const pending = client.connection.request({ ask: 1 })
      for (let count = 0; count < 2; count += 1) server.peer.send({ id: 1 })
      await pending
      expect(client.connection.stats.unmatchedReplies).to.equal(1)
      expect(follower.rest).to.deep.equal([{ id: 1 }])
    })

    it('do not count replies that heartbeat.isReply or a waiter consumes', async () => {
      const isReply = (message: unknown): boolean => (message as { type?: unknown }).type === 'pong'
      const heartbeat = { interval: 1_000, timeout: 5_000, message: () => ({ type: 'ping' }), isReply }
      const { client, clock, server } = await follow({ requests: homeAssistant(), heartbeat })
      await clock.advance(1_100)
      server.peer.send({ type: 'pong', id: 1 })
      const waiting = client.connection.waitFor((message) => (message as Message).id === 9)
      server.peer.send({ type: 'result', id: 9 })
      await waiting
      expect(client.connection.stats.unmatchedReplies).to.equal(0)
      await client.close()
    })

    it('share their IDs with heartbeats only if the API requires it', async () => {
      const heartbeat = { interval: 1_000, timeout: 5_000, message: () => ({ type: 'ping' }) }
      const beats = { [PING]: [undefined, {}, jsonRpc()], '{"type":"ping","id":1}': [homeAssistant()] }
      for (const [beat, apis] of Object.entries(beats)) {
        for (const requests of apis) {
          const { server, clock } = await follow({ requests, heartbeat })
          await clock.advance(1_000)
          expect(server.peer.received.at(-1)).to.equal(beat)
        }
      }
    })

    it('have IDs in the order of sending, even if a heartbeat goes ahead of them at the rate limit', async () => {
      const heartbeat = { interval: 1_000, timeout: 5_000, message: () => ({ type: 'ping' }) }
      // The other ones are the login and the two subscriptions.
      const rateLimit = { messages: 5, per: 1_500, reserve: 1 }
      const { client, clock, server } = await follow({ requests: homeAssistant(), heartbeat, rateLimit })
      const asked = ['a', 'b'].map((type) => client.connection.request({ type }))
      await clock.advance(1_500)
      expect(server.peer.received.slice(3)).to.deep.equal([
        '{"type":"a","id":1}',
        '{"type":"ping","id":2}',
        '{"type":"b","id":3}',
      ])
      for (const id of [1, 2, 3]) server.peer.send({ type: 'result', id, success: true, result: id })
      expect(await Promise.all(asked)).to.deep.equal([1, 3])
      await client.close()
    })

    it('can have several replies', async () => {
      const { client, server } = await follow()
      const replies = client.connection.requestMany<Message>(
        { ask: 'all' },
        { isLast: (reply) => (reply as Message).ok === 'end' },
      )
      for (const ok of ['a', 'b', 'end']) server.peer.send({ id: 1, ok })
      const seen: unknown[] = []
      for await (const { ok } of replies) seen.push(ok)
      expect(seen).to.deep.equal(['a', 'b', 'end'])
    })

    it('report an option function that fails, and still let the message be handled', async () => {
      const replyId = (): never => {
        throw new Error('no idea')
      }
      const { server, follower } = await follow({ requests: { replyId } })
      server.peer.send({ channel: 'x' })
      expect(follower.errors.map(({ message }) => message)).to.deep.equal(['no idea'])
      expect(follower.rest).to.have.length(1)
    })
  })

  describe('messages()', () => {
    it('iterates across reconnects, lets handlers receive the messages, and ends when close() is called', async () => {
      const { client, server, clock, follower } = await follow()
      server.peer.send({ n: 0 })
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const message of client.connection.messages()) seen.push(message)
      })()
      server.peer.send({ n: 1 })
      server.peer.drop()
      await clock.advance(2_000)
      server.peer.send({ n: 2 })
      await client.close()
      await reading
      expect(seen).to.deep.equal([{ n: 1 }, { n: 2 }])
      expect(follower.rest).to.have.length(3)
    })

    it('throws when the connection is lost permanently', async () => {
      const { client, server, clock } = await follow()
      const next = client.connection.messages().next()
      server.onAttempt = (peer) =>
        peer.refuse(new HandshakeError('ws://peer.test/', 'said no', { violation: 'accept' }))
      server.peer.drop()
      await clock.advance(2_000)
      expect(await rejection(next)).to.be.instanceOf(HandshakeError)
    })

    it('pauses the socket while its reader is behind, and resumes at a quarter', async () => {
      const { client, server, clock } = await follow({ heartbeat: false })
      server.peer.send({ ok: 'heads', id: 1 })
      const messages = client.connection.messages({ highWaterMark: 4 })
      for (let n = 0; n < 10; n += 1) server.peer.send({ n })
      expect(server.peer.isPaused).to.equal(true)
      const seen: unknown[] = []
      while (seen.length < 10) {
        seen.push((await messages.next()).value)
        await clock.settle()
      }
      expect(seen).to.deep.equal(Array.from({ length: 10 }, (_, n) => ({ n })))
      expect(server.peer.isPaused).to.equal(false)
      await client.close()
    })
  })
})
