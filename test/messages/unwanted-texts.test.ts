import { expect } from 'chai'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  Connection,
  Heartbeat,
  OnError,
  OnMessage,
  OnOpen,
  Subscriptions,
  WebSocketClient,
  bootstrap,
} from 'holdfast'
import type { Client, ClientOptions, ErrorContext, Failure, MessageContext } from 'holdfast'
import { compressedCodec, createJsonCodec, jsonCodec } from 'holdfast/codecs'
import { jsonRpc } from 'holdfast/requests'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { UnwantedTexts } from '#src/messages/unwanted-texts.js'
import { deferred } from '#src/core/deferred.js'
import { eventually } from '../support/eventually.js'
import { KeepingLogger } from '../support/keeping-logger.js'

/** A client that handles messages of few keys, and records events. */
@WebSocketClient({ route: 'type', inject: [Connection, Heartbeat, Subscriptions] })
class Picky {
  readonly notes: string[] = []

  constructor(
    readonly connection: Connection,
    readonly heartbeat: Heartbeat,
    readonly subscriptions: Subscriptions,
  ) {}

  @OnMessage('tick')
  tick(message: unknown, context: MessageContext): unknown {
    this.notes.push(`tick ${JSON.stringify(message)} ${String(context.raw)}`)
    return undefined
  }

  @OnMessage(7)
  seven(message: unknown): void {
    this.notes.push(`seven ${JSON.stringify(message)}`)
  }

  @OnError()
  failed(error: Error, { stage }: ErrorContext): void {
    this.notes.push(`${stage} ${error.constructor.name}`)
  }
}

@WebSocketClient({ inject: [Connection, Heartbeat, Subscriptions] })
class Curious extends Picky {
  @OnMessage()
  rest(): void {
    // It wants them all.
  }
}

interface Rig<T extends Picky = Picky> {
  readonly client: Client<T>
  readonly picky: T
  readonly clock: FakeClock
  readonly server: MemoryServer
  readonly logger: KeepingLogger
}

async function start<T extends Picky = Picky>(
  options: ClientOptions = {},
  target: new (...args: never[]) => T = Picky as unknown as new (...args: never[]) => T,
): Promise<Rig<T>> {
  const clock = new FakeClock()
  const server = new MemoryServer()
  const logger = new KeepingLogger()
  const client = await bootstrap(target, 'ws://peer.test', {
    clock,
    transport: server.connect,
    heartbeat: false,
    random: () => 0.5,
    logger,
    ...options,
  })
  return { client, picky: client.instance, clock, server, logger }
}

/** A message with invalid JSON after its key. */
const BROKEN = '{"type":"other",!'

/** Sends an unwanted message and a broken one with the same key. Returns whether the broken one was parsed. */
function parses({ client, picky, server }: Rig): boolean {
  server.peer.send('{"type":"other"}')
  const before = client.connection.stats.unhandledMessages
  const errors = picky.notes.length
  server.peer.send(BROKEN)
  const skipped = client.connection.stats.unhandledMessages - before
  expect(picky.notes.length - errors + skipped).to.equal(1)
  return skipped === 0
}

describe('UnwantedTexts', () => {
  it('searches eight messages after an unwanted one', () => {
    const texts = new UnwantedTexts('type')
    const look = (): boolean => texts.look('{"type":"a"}') !== undefined
    expect(Array.from({ length: 9 }, look)).to.deep.equal([...Array<boolean>(8).fill(true), false])
    texts.restart()
    expect(look()).to.equal(true)
    texts.onSkipped('{"type":"a"}', 0, 12)
    expect(Array.from({ length: 9 }, look)).to.deep.equal([...Array<boolean>(8).fill(true), false])
  })

  it('returns the start of the last unwanted message while it searches', () => {
    const texts = new UnwantedTexts('type')
    expect(texts.head).to.equal(undefined)
    texts.learn('{ "type": "a" }', { value: 'a', at: 10 })
    expect(Buffer.from(texts.head ?? []).toString()).to.equal('{ "type": "')
    for (let count = 0; count < 8; count += 1) texts.look('{"type":"a"}')
    expect(texts.head).to.equal(undefined)
  })

  it('learns nothing from a key that is a number or far from the start', () => {
    const texts = new UnwantedTexts('type')
    texts.learn('{"type":5}', { value: 5, at: 8 })
    texts.learn(`{"a":"${'x'.repeat(60)}","type":"a"}`, { value: 'a', at: 75 })
    expect(texts.head).to.equal(undefined)
  })

  it('does not search a message twice', () => {
    const texts = new UnwantedTexts('type')
    texts.learn('{"type":"a"}', { value: 'a', at: 8 })
    expect(texts.keyAt('...{"type":"tick"}', 3, 16)).to.equal('tick')
    expect(texts.look('{"type":"tick"}')).to.equal(undefined)
    expect(texts.look('{"type":"tick"}')).to.deep.equal({ value: 'tick', at: 8 })
  })
})

describe('An unwanted message', () => {
  it('is counted but not parsed once its key has been logged', async () => {
    const { client, picky, server, logger } = await start()
    for (const text of ['{"type":"other","a":1}', BROKEN, ' { "a": 1, "type" : "other" , !'])
      server.peer.send(text)
    server.peer.send('{"type":"tick"}')
    expect(client.connection.stats.unhandledMessages).to.equal(3)
    expect(picky.notes).to.deep.equal(['tick {"type":"tick"} {"type":"tick"}'])
    expect(logger.lines.filter((line) => line.includes('"other"'))).to.have.length(1)
  })

  it('is parsed if it is the first with its key', async () => {
    const rig = await start()
    expect(parses(rig)).to.equal(false)
    rig.server.peer.send('{"type":"another",!')
    expect(rig.picky.notes).to.deep.equal(['decode DecodeError'])
  })

  it('can have a number as its key', async () => {
    const { client, picky, server } = await start()
    for (const text of ['{"type":8}', '{"type":8,!', '{"type":7}']) server.peer.send(text)
    expect(client.connection.stats.unhandledMessages).to.equal(2)
    expect(picky.notes).to.deep.equal(['seven {"type":7}'])
  })

  it('is not confused with one that has another type of key', async () => {
    const { client, picky, server } = await start()
    for (const text of ['{"type":"7"}', '{"type":"7",!', '{"type":7}', '{"type":8}', '{"type":"8",!'])
      server.peer.send(text)
    expect(client.connection.stats.unhandledMessages).to.equal(3)
    expect(picky.notes).to.deep.equal(['seven {"type":7}', 'decode DecodeError'])
  })

  it('is not parsed, regardless of its key, once no more keys are logged', async () => {
    const { client, picky, server } = await start()
    for (let index = 0; index <= 100; index += 1) server.peer.send({ type: `key ${index}` })
    server.peer.send('{"type":"new",!')
    server.peer.send({ type: 'tick' })
    expect(client.connection.stats.unhandledMessages).to.equal(102)
    expect(picky.notes).to.have.length(1)
  })

  it('is found through the route', async () => {
    const rig = await start({ route: 'e' })
    for (const text of ['{"e":"x"}', '{"e":"x",!', '{"type":"x",!']) rig.server.peer.send(text)
    expect(rig.client.connection.stats.unhandledMessages).to.equal(2)
    expect(rig.picky.notes).to.deep.equal(['decode DecodeError'])
  })

  it('can have a second property with the name of the key, which is not noticed', async () => {
    const { client, picky, server } = await start()
    for (const text of ['{"type":"x"}', '{"type":"x","type":"tick"}']) server.peer.send(text)
    expect(client.connection.stats.unhandledMessages).to.equal(2)
    expect(picky.notes).to.deep.equal([])
  })

  it('does not wait for a running handler', async () => {
    const gate = deferred<undefined>()
    class Slow extends Picky {
      override tick(): Promise<unknown> {
        return gate.promise
      }
    }
    WebSocketClient({ inject: [Connection, Heartbeat, Subscriptions] })(Slow)
    const { client, server } = await start({}, Slow)
    for (const text of ['{"type":"x"}', '{"type":"tick"}', '{"type":"x",!']) server.peer.send(text)
    expect(client.connection.stats.unhandledMessages).to.equal(2)
    gate.resolve(undefined)
  })

  describe('is parsed', () => {
    const always: [string, ClientOptions][] = [
      ['parseUnwanted is true', { parseUnwanted: true }],
      ['unpack is set', { unpack: (decoded) => [decoded] }],
      ['route is a function', { route: (message) => (message as { type: string }).type }],
      ['route is a list', { route: ['type', 'e'] }],
      ['route is a path', { route: 'a.type' }],
      ['route is an index', { route: 0 }],
      ['the codec has a reviver', { codec: createJsonCodec({ reviver: (_, value) => value }) }],
      ['the codec is not a JSON codec', { codec: compressedCodec({ format: 'gzip' }) }],
      [
        'the codec has a custom decode function',
        { codec: { ...jsonCodec, decode: (data) => JSON.parse(data as string) as unknown } },
      ],
      ['a function finds replies', { requests: { replyId: () => undefined } }],
      ['a preset finds replies', { requests: jsonRpc() }],
      ['a function finds request errors', { requests: { error: () => undefined } }],
    ]
    for (const [when, options] of always) {
      it(`if ${when}`, async () => {
        expect(parses(await start(options))).to.equal(true)
      })
    }

    it('if a class has a handler for all other messages', async () => {
      const { picky, server } = await start({}, Curious)
      for (const text of ['{"type":"other"}', BROKEN]) server.peer.send(text)
      expect(picky.notes).to.deep.equal(['decode DecodeError'])
    })

    it('if a property only has the same name as the path to the key', async () => {
      const { picky, server } = await start({ route: 'a.type' })
      for (const text of ['{"a":{"type":"x"}}', '{"a.type":"x"}', '{"a.type":"x",!']) server.peer.send(text)
      expect(picky.notes).to.deep.equal(['decode DecodeError'])
    })

    const never: [string, ClientOptions][] = [
      ['with a codec that also decodes binary frames', { codec: createJsonCodec({ binary: true }) }],
      ['with a replacer', { codec: createJsonCodec({ replacer: (_, value) => value }) }],
      ['with a spread codec', { codec: { ...jsonCodec, encode: String } }],
      ['with another name for the ID', { requests: { id: 'reqId' } }],
      ['with parseUnwanted: false', { parseUnwanted: false }],
    ]
    for (const [how, options] of never) {
      it(`but not ${how}`, async () => {
        expect(parses(await start(options))).to.equal(false)
      })
    }

    it('while a waiter waits', async () => {
      const rig = await start()
      const abort = new AbortController()
      const waiting = rig.picky.connection.waitFor((message) => (message as { a?: 1 }).a === 1, {
        signal: abort.signal,
      })
      expect(parses(rig)).to.equal(true)
      rig.server.peer.send('{"type":"other","a":1}')
      expect(await waiting).to.deep.equal({ type: 'other', a: 1 })
      expect(parses(rig)).to.equal(false)
    })

    it('while a request is pending', async () => {
      const rig = await start()
      const reply = rig.picky.connection.request({ ask: 1 })
      expect(parses(rig)).to.equal(true)
      rig.server.peer.send('{"type":"other","id":1}')
      expect(await reply).to.deep.equal({ type: 'other', id: 1 })
      expect(parses(rig)).to.equal(false)
    })

    it('while a request by match is pending', async () => {
      const rig = await start({ requests: { id: false } })
      void rig.picky.connection.request({ ask: 1 }, { match: (message) => 'a' in (message as object) })
      expect(parses(rig)).to.equal(true)
    })

    it('if it may be a late reply', async () => {
      const rig = await start()
      const reply = rig.picky.connection.request({ ask: 1 })
      rig.server.peer.send('{"type":"other","id":1}')
      await reply
      expect(parses(rig)).to.equal(false)
      for (const text of ['{"type":"other","id":1}', '{"type":"other","\\u0069d":1}'])
        rig.server.peer.send(text)
      expect(rig.client.connection.stats.unmatchedReplies).to.equal(2)
      const named = await start({ requests: { id: 'reqId' } })
      expect(parses(named)).to.equal(false)
      named.server.peer.send('{"type":"other","reqId":1}')
      expect(named.client.connection.stats.unmatchedReplies).to.equal(1)
    })

    it('while an iterator is open', async () => {
      const rig = await start()
      const messages = rig.picky.connection.messages()
      expect(parses(rig)).to.equal(true)
      expect((await messages.next()).value).to.deep.equal({ type: 'other' })
      await messages.return()
      expect(parses(rig)).to.equal(false)
    })

    it('while the diagnostics have a subscriber', async () => {
      const rig = await start()
      const listener = (): void => undefined
      subscribe('holdfast:message', listener)
      try {
        expect(parses(rig)).to.equal(true)
      } finally {
        unsubscribe('holdfast:message', listener)
      }
      expect(parses(rig)).to.equal(false)
    })

    it('while an acknowledgment is pending', async () => {
      const rig = await start()
      rig.picky.subscriptions.add('a', { op: 'sub' }, { ack: (message) => 'ack' in (message as object) })
      expect(parses(rig)).to.equal(true)
      rig.server.peer.send('{"type":"other","ack":1}')
      expect(parses(rig)).to.equal(false)
    })

    it('while a heartbeat is unanswered, if there is isReply', async () => {
      const isReply = (message: unknown): boolean => 'pong' in (message as object)
      const beat = { interval: 1_000, timeout: 5_000, message: () => ({ ping: 1 }) }
      const rig = await start({ heartbeat: { ...beat, isReply } })
      expect(parses(rig)).to.equal(false)
      await rig.clock.advance(1_000)
      expect(parses(rig)).to.equal(true)
      rig.server.peer.send('{"type":"other","pong":1}')
      expect(rig.picky.heartbeat.latency).to.equal(0)
      expect(parses(rig)).to.equal(false)
      const without = await start({ heartbeat: beat })
      await without.clock.advance(1_000)
      expect(parses(without)).to.equal(false)
    })

    it('before @OnOpen has completed', async () => {
      const gate = deferred<undefined>()
      let number = 0
      class Opening extends Picky {
        opened(): Promise<unknown> | undefined {
          number += 1
          return number === 2 ? gate.promise : undefined
        }
      }
      OnOpen()(
        Opening.prototype,
        'opened',
        Object.getOwnPropertyDescriptor(Opening.prototype, 'opened') as never,
      )
      WebSocketClient({ inject: [Connection, Heartbeat, Subscriptions] })(Opening)
      const { client, picky, clock, server } = await start({ reconnect: { delays: [1] } }, Opening)
      server.peer.send('{"type":"other"}')
      server.peer.drop()
      await clock.advance(10_000)
      expect(client.connection.state.status).to.equal('opening')
      server.peer.send(BROKEN)
      gate.resolve(undefined)
      await eventually('it is open', () => client.connection.state.status === 'open')
      await eventually('the message is parsed', () => picky.notes.includes('decode DecodeError'))
    })

    it('during a handover', async () => {
      const rig = await start()
      const { client, server } = rig
      server.onAttempt = () => undefined
      client.connection.reconnect({ overlap: true })
      await eventually('there is a second attempt', () => server.peers.length === 2)
      const [first] = server.peers
      const errors = rig.picky.notes.length
      for (const text of ['{"type":"other"}', BROKEN]) first?.send(text)
      expect(rig.picky.notes.length - errors).to.equal(1)
    })
  })

  it('is not counted after close() was called', async () => {
    const { client, server } = await start()
    server.peer.send('{"type":"other"}')
    const closing = client.close()
    server.peer.send(BROKEN)
    await closing
    expect(client.connection.stats.unhandledMessages).to.equal(1)
  })

  it('is the last message that a failure reports', async () => {
    const failures: Failure[] = []
    const shouldReconnect = (failure: Failure): boolean => failures.push(failure) > 9
    const { server, client } = await start({ reconnect: { shouldReconnect } })
    for (const text of ['{"type":"x"}', '{"type":"x","last":true}']) server.peer.send(text)
    server.peer.drop()
    await client.closed
    expect(failures.map(({ lastMessage }) => lastMessage)).to.deep.equal([{ type: 'x', last: true }])
  })

  it('is not the last message if it is broken', async () => {
    const failures: Failure[] = []
    const shouldReconnect = (failure: Failure): boolean => failures.push(failure) > 9
    const { server, client } = await start({ reconnect: { shouldReconnect } })
    for (const text of ['{"type":"other"}', BROKEN]) server.peer.send(text)
    server.peer.drop()
    await client.closed
    expect(failures.map(({ lastMessage }) => lastMessage)).to.deep.equal([undefined])
  })

  it('does not have the ID of a subscription as its key', async () => {
    const rig = await start()
    const { picky, server, client } = rig
    for (const text of ['{"type":55}', '{"type":55,!']) server.peer.send(text)
    picky.subscriptions.add(
      'tick',
      { op: 'sub' },
      { ack: (message) => 'ack' in (message as object), id: () => 55 },
    )
    server.peer.send('{"ack":1}')
    for (const text of ['{"type":"56"}', '{"type":55,"a":1}', '{"type":"56",!']) server.peer.send(text)
    expect(picky.notes).to.deep.equal(['tick {"type":55,"a":1} {"type":55,"a":1}'])
    expect(client.connection.stats.unhandledMessages).to.equal(4)
  })
})
