import 'reflect-metadata'
import 'tsyringe'
import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { bootstrap, ConnectOptionError, ReplyError, SubscriptionError } from 'holdfast'
import type { Class, Client, ClientOptions, Provider, TopicSubscription } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { eventually } from '../support/eventually.js'
import { DOCUMENTED, recipe } from '../support/recipes.js'

// Recipes without a recording. An in-memory server sends the messages that the API documents. Each class is compiled from its page.
const [EventSub, Gateway, SocketMode, Assistant, Bitget, Channels] = await Promise.all(DOCUMENTED.map(recipe))

interface Scene {
  readonly server: MemoryServer
  readonly clock: FakeClock
  /** Starts the recipe. A test awaits the promise later, because the server must send something first. */
  start(
    target: Class | undefined,
    providers: readonly Provider[],
    options?: ClientOptions,
  ): Promise<Client<never>>
  /** Waits for the next link in real time, because the client can depend on a promise that the fake clock does not know. */
  opened(): Promise<void>
  /** Returns the parsed messages that the client has sent on the latest link. */
  sent(): unknown[]
}

function scene(): Scene {
  const server = new MemoryServer()
  const clock = new FakeClock()
  return {
    server,
    clock,
    start(target, providers, options) {
      if (!target) throw new Error('no such recipe')
      const common = { transport: server.connect, clock, random: () => 0.5, logger: false } as const
      const starting = bootstrap(target as Class<never>, undefined, { ...common, providers, ...options })
      starting.catch(() => undefined)
      return starting
    },
    opened: () => {
      const before = server.peers.length
      return eventually('the next link is open', () => server.peers.length > before && server.peer.isOpen)
    },
    sent: () => server.peer.received.map((text) => JSON.parse(String(text)) as unknown),
  }
}

const value = (provide: string, useValue: unknown): Provider => ({ provide, useValue })

describe('The twitch recipe', () => {
  const welcome = (id: string): object => ({
    metadata: { message_type: 'session_welcome' },
    payload: { session: { id, keepalive_timeout_seconds: 10 } },
  })
  const event = (message_id: string, number: number): object => ({
    metadata: { message_type: 'notification', message_id, subscription_type: 'channel.follow' },
    payload: { event: number },
  })

  it('moves to a new URL on request without a gap, and returns to the original URL after a disconnect', async () => {
    const { server, clock, start, opened } = scene()
    const subscribed: string[] = []
    const subscribe = async (session: string): Promise<void> => void subscribed.push(session)
    const starting = start(EventSub, [value('subscribe', subscribe)], { reconnect: { minUptime: 0 } })
    await opened()
    server.peer.send(welcome('a'))
    const client = await starting
    const { events } = client.instance as unknown as { events: { event: unknown }[] }
    const [old] = server.peers
    old?.send({
      metadata: { message_type: 'session_reconnect' },
      payload: { session: { reconnect_url: 'wss://moved.test/' } },
    })
    await clock.settle()
    expect(server.peer.request.url).to.equal('wss://moved.test/')
    old?.send(event('1', 1))
    server.peer.send(welcome('b'))
    await clock.settle()
    server.peer.send(event('1', 1))
    server.peer.send(event('2', 2))
    await clock.settle()
    expect(events.map(({ event }) => event)).to.deep.equal([1, 2])
    expect(subscribed).to.deep.equal(['a'])
    expect(old?.closeFrame?.code).to.equal(1000)
    server.peer.drop()
    await clock.advance(4_000)
    expect(server.peer.request.url).to.equal('wss://eventsub.wss.twitch.tv/ws')
    server.peer.send(welcome('c'))
    await clock.settle()
    expect(subscribed).to.deep.equal(['a', 'c'])
    await client.close()
  })
})

describe('The discord recipe', () => {
  const hello = { op: 10, d: { heartbeat_interval: 1_000 } }
  const ready = {
    op: 0,
    t: 'READY',
    s: 1,
    d: { session_id: 'abc', resume_gateway_url: 'wss://resume.test/' },
  }
  const identities = [value('token', 'secret')]

  async function identified(): Promise<Scene & { client: Client<never> }> {
    const world = scene()
    const starting = world.start(Gateway, identities)
    await world.opened()
    world.server.peer.send(hello)
    await world.clock.settle()
    world.server.peer.send(ready)
    return { ...world, client: await starting }
  }

  it("identifies itself, and sends heartbeats with the last event's sequence number", async () => {
    const { server, clock, client, sent } = await identified()
    expect(server.peer.request.url).to.equal('wss://gateway.discord.gg/?v=10&encoding=json')
    server.peer.send({ op: 0, t: 'MESSAGE_CREATE', s: 7, d: {} })
    await clock.advance(1_100)
    expect(sent().slice(1)).to.deep.equal([{ op: 1, d: 7 }])
    server.peer.send({ op: 1, d: null })
    expect(sent().slice(2)).to.deep.equal([{ op: 1, d: 7 }])
    await client.close()
  })

  it('resumes after a disconnect, and loses no events', async () => {
    const { server, clock, client, sent } = await identified()
    server.peer.send({ op: 7, d: null })
    await clock.advance(4_000)
    expect(server.peers[0]?.closeFrame?.code).to.equal(4000)
    expect(server.peer.request.url).to.equal('wss://resume.test/?v=10&encoding=json')
    server.peer.send(hello)
    await clock.settle()
    expect(sent()).to.deep.equal([{ op: 6, d: { token: 'secret', session_id: 'abc', seq: 1 } }])
    server.peer.send({ op: 0, t: 'MESSAGE_CREATE', s: 2, d: {} })
    server.peer.send({ op: 0, t: 'RESUMED', s: 3, d: {} })
    await clock.settle()
    expect((client.instance as unknown as { events: string[] }).events).to.deep.equal(['MESSAGE_CREATE'])
    await client.close()
  })

  it('identifies itself again if the session has ended', async () => {
    const { server, clock, client, sent } = await identified()
    server.peer.drop()
    await clock.advance(4_000)
    server.peer.send(hello)
    await clock.settle()
    server.peer.send({ op: 9, d: false })
    await clock.settle()
    expect(sent().map((message) => (message as { op: number }).op)).to.deep.equal([6, 2])
    server.peer.send(ready)
    await clock.settle()
    expect(client.connection.state.status).to.equal('open')
    await client.close()
  })

  it('does not reconnect after a fatal close code', async () => {
    const { server, client } = await identified()
    server.peer.close(4004, 'Authentication failed')
    expect((await client.closed).code).to.equal(4004)
  })
})

describe('The slack recipe', () => {
  const { fetch } = globalThis
  let answers: object[] = []
  beforeEach(() => {
    globalThis.fetch = () => Promise.resolve(Response.json(answers.shift()))
  })
  afterEach(() => {
    globalThis.fetch = fetch
  })

  it('fetches a URL for each link, acknowledges immediately, and opens the next link before it closes the old one', async () => {
    const { server, clock, start, opened, sent } = scene()
    answers = ['wss://one.test/', 'wss://two.test/'].map((url) => ({ ok: true, url }))
    const done: string[] = []
    const { promise, resolve }: Deferred<void> = deferred()
    const work = async (what: string): Promise<void> => {
      await promise
      done.push(what)
    }
    const starting = start(SocketMode, [value('token', 'xapp'), value('work', work)], {
      reconnect: { minUptime: 0 },
    })
    await opened()
    server.peer.send({ type: 'hello' })
    const client = await starting
    server.peer.send({
      type: 'slash_commands',
      envelope_id: 'e1',
      payload: { command: '/deploy', text: 'now' },
    })
    expect(sent()).to.deep.equal([{ envelope_id: 'e1' }])
    const [old] = server.peers
    old?.send({ type: 'disconnect', reason: 'warning' })
    await opened()
    expect(server.peer.request.url).to.equal('wss://two.test/')
    server.peer.send({ type: 'hello' })
    resolve()
    await clock.settle()
    expect(done).to.deep.equal(['/deploy now'])
    expect(old?.closeFrame?.code).to.equal(1000)
    await client.close()
  })

  it('gives up if the API rejects the token', async () => {
    const { start } = scene()
    answers = [{ ok: false, error: 'invalid_auth' }]
    const error: unknown = await start(SocketMode, [value('token', ''), value('work', undefined)]).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.be.instanceOf(ConnectOptionError)
  })
})

describe('The openai recipe', () => {
  async function started(
    tools: object,
  ): Promise<Scene & { client: Client<never>; ask(text: string): AsyncGenerator<string> }> {
    const world = scene()
    const starting = world.start(Assistant, [value('tools', tools)])
    await world.opened()
    world.server.peer.send({ type: 'session.created' })
    await world.clock.settle()
    world.server.peer.send({ type: 'session.updated' })
    const client = await starting
    const { instance } = client as unknown as { instance: { ask(text: string): AsyncGenerator<string> } }
    return { ...world, client, ask: (text) => instance.ask(text) }
  }

  const typesOf = (messages: readonly unknown[]): string[] =>
    messages.map((message) => (message as { type: string }).type)
  const delta = (text: string): object => ({ type: 'response.output_text.delta', delta: text })
  const done = (...output: object[]): object => ({ type: 'response.done', response: { output } })

  it('yields the text as it arrives, and calls the tools that the model requests', async () => {
    const { server, clock, client, ask, sent } = await started({
      weather: ({ city }: { city: string }) => `sun in ${city}`,
    })
    const answer = ask('How is Rome?')
    const first = answer.next()
    await clock.settle()
    expect(typesOf(sent())).to.deep.equal(['session.update', 'conversation.item.create', 'response.create'])
    server.peer.send(
      done({ type: 'function_call', name: 'weather', call_id: 'c', arguments: '{"city":"Rome"}' }),
    )
    await clock.settle()
    const item = { type: 'function_call_output', call_id: 'c', output: '"sun in Rome"' }
    expect(sent().slice(3)).to.deep.equal([
      { type: 'conversation.item.create', item },
      { type: 'response.create' },
    ])
    for (const text of ['It is ', 'sunny.']) server.peer.send(delta(text))
    server.peer.send(done())
    expect([(await first).value, (await answer.next()).value]).to.deep.equal(['It is ', 'sunny.'])
    expect((await answer.next()).done).to.equal(true)
    await client.close()
  })

  it('cancels the reply if the caller leaves the loop', async () => {
    const { server, clock, client, ask, sent } = await started({})
    const answer = ask('Tell me everything.')
    const first = answer.next()
    await clock.settle()
    server.peer.send(delta('In the beginning'))
    await first
    await answer.return(undefined)
    expect(typesOf(sent()).at(-1)).to.equal('response.cancel')
    await client.close()
  })
})

describe('The bitget recipe', () => {
  const topic = (instId: string): object => ({ instType: 'SPOT', channel: 'ticker', instId })

  it('subscribes to all topics at once, and stores prices for the accepted topics', async () => {
    const { server, clock, start, sent } = scene()
    const failures: string[] = []
    const note = (line: string): void => void failures.push(line)
    const logger = { debug() {}, info() {}, warn: note, error: note }
    const client = await start(Bitget, [], { logger })
    await clock.settle()
    expect(sent()).to.deep.equal([{ op: 'subscribe', args: ['BTCUSDT', 'ETHUSDT'].map(topic) }])
    server.peer.send({ event: 'subscribe', arg: topic('BTCUSDT') })
    server.peer.send({ event: 'error', arg: topic('ETHUSDT'), code: 30001, msg: 'no such channel' })
    server.peer.send({
      action: 'snapshot',
      arg: topic('BTCUSDT'),
      data: [{ instId: 'BTCUSDT', lastPr: '87.5' }],
    })
    await clock.settle()
    const { prices } = client.instance as unknown as { prices: Map<string, number> }
    expect([...prices]).to.deep.equal([['BTCUSDT', 87.5]])
    expect(failures).to.have.length(1)
    expect(failures[0]).to.contain('ETHUSDT').and.to.contain('no such channel')
    await client.close()
  })

  it('sends the text "ping" as its heartbeat, and treats the text "pong" only as a sign of life', async () => {
    const { server, clock, start } = scene()
    const client = await start(Bitget, [])
    await clock.advance(25_000)
    expect(server.peer.received.slice(1)).to.deep.equal(['ping'])
    server.peer.send('pong')
    await clock.advance(10_000)
    expect(client.connection.state.status).to.equal('open')
    expect(client.connection.stats.unhandledMessages).to.equal(0)
    await clock.advance(25_000)
    expect(client.connection.state.status).to.not.equal('open')
    await client.close()
  })
})

describe('The phoenix recipe', () => {
  interface Instance {
    readonly posts: string[]
    join(topic: string): TopicSubscription
    push(topic: string, event: string, payload: object): Promise<unknown>
  }
  const joining = (topic: string): unknown[] => [topic, topic, topic, 'phx_join', {}]
  const reply = (topic: string, ref: string, status: string, response: object): unknown[] => {
    return [topic, ref, topic, 'phx_reply', { status, response }]
  }

  async function joined(): Promise<Scene & { client: Client<never>; instance: Instance }> {
    const world = scene()
    const client = await world.start(Channels, [])
    await world.clock.settle()
    world.server.peer.send(reply('room:lobby', 'room:lobby', 'ok', {}))
    await world.clock.settle()
    return { ...world, client, instance: client.instance as unknown as Instance }
  }

  it('joins channels, pushes to them, and leaves them', async () => {
    const { server, clock, client, instance, sent } = await joined()
    const room = instance.join('room:1')
    await clock.settle()
    expect(sent()).to.deep.equal([joining('room:lobby'), joining('room:1')])
    server.peer.send(reply('room:1', 'room:1', 'ok', {}))
    await room.acknowledged
    const pushed = instance.push('room:1', 'new_msg', { body: 'hello' })
    const refused = instance.push('room:1', 'ban', {})
    refused.catch(() => undefined)
    expect(sent().slice(2)).to.deep.equal([
      ['room:1', '1', 'room:1', 'new_msg', { body: 'hello' }],
      ['room:1', '2', 'room:1', 'ban', {}],
    ])
    server.peer.send(['room:1', null, 'room:1', 'new_msg', { body: 'hello' }])
    server.peer.send(reply('room:1', '2', 'error', { reason: 'forbidden' }))
    server.peer.send(reply('room:1', '1', 'ok', { id: 7 }))
    expect(await pushed).to.deep.equal({ id: 7 })
    const error: unknown = await refused.catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(ReplyError)
    expect((error as ReplyError).details).to.deep.equal({ reason: 'forbidden' })
    expect(instance.posts).to.deep.equal(['room:1: hello'])
    room.unsubscribe()
    await clock.settle()
    expect(sent().slice(4)).to.deep.equal([['room:1', 'leave room:1', 'room:1', 'phx_leave', {}]])
    server.peer.send(reply('room:1', 'leave room:1', 'ok', {}))
    server.peer.send(['room:1', 'room:1', 'room:1', 'phx_close', {}])
    await clock.settle()
    expect(client.connection.stats.unhandledMessages).to.equal(0)
    await client.close()
  })

  it('reports a refused join, and keeps the other channels', async () => {
    const { server, clock, client, instance } = await joined()
    const room = instance.join('room:secret')
    await clock.settle()
    server.peer.send(reply('room:secret', 'room:secret', 'error', { reason: 'unauthorized' }))
    const error: unknown = await room.acknowledged.catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(SubscriptionError)
    expect((error as SubscriptionError).reason).to.equal('refused')
    expect(client.connection.state.status).to.equal('open')
    await client.close()
  })

  it('rejoins after the channel crashes and after a reconnect', async () => {
    const { server, clock, client, instance, sent } = await joined()
    server.peer.send(['room:lobby', 'room:lobby', 'room:lobby', 'phx_error', {}])
    await clock.settle()
    expect(sent().slice(1)).to.deep.equal([joining('room:lobby')])
    server.peer.send(reply('room:lobby', 'room:lobby', 'ok', {}))
    instance.join('room:1')
    server.peer.drop()
    await clock.advance(4_000)
    expect(sent()).to.have.deep.members([joining('room:lobby'), joining('room:1')])
    await client.close()
  })

  it('sends heartbeats on the topic "phoenix", and drops a server that does not respond', async () => {
    const { server, clock, client, sent } = await joined()
    await clock.advance(30_000)
    expect(sent().slice(1)).to.deep.equal([[null, 'heartbeat', 'phoenix', 'heartbeat', {}]])
    server.peer.send([null, 'heartbeat', 'phoenix', 'phx_reply', { status: 'ok', response: {} }])
    await clock.advance(10_000)
    expect(client.connection.state.status).to.equal('open')
    await clock.advance(30_000)
    expect(client.connection.state.status).to.not.equal('open')
    await client.close()
  })
})
