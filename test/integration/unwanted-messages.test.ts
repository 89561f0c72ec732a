import { expect } from 'chai'
import fc from 'fast-check'
import { Connection, OnBinary, OnError, OnMessage, WebSocketClient, bootstrap } from 'holdfast'
import type { Client, ClientOptions } from 'holdfast'
import { MemoryServer, startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { isFullVolume } from '../support/test-volume.js'
import { BOTH_WAYS } from '../ws/ws-scene.js'

/** A client that handles messages with only a few keys. */
@WebSocketClient({ inject: [Connection] })
class Picky {
  readonly notes: unknown[] = []

  constructor(readonly connection: Connection) {}

  @OnMessage('tick')
  tick(message: unknown): void {
    this.notes.push(['tick', message])
  }

  @OnMessage(7)
  async seven(message: unknown): Promise<void> {
    await Promise.resolve()
    this.notes.push([7, message])
  }

  @OnMessage('end')
  end(): void {
    this.notes.push('end')
  }

  @OnBinary()
  binary(bytes: Uint8Array): void {
    this.notes.push(bytes.length)
  }

  @OnError()
  failed(error: Error): void {
    this.notes.push(error.message)
  }
}

const END = '{"type":"end"}'

function seesTheEnd({ instance }: Client<Picky>): boolean {
  return instance.notes.at(-1) === 'end'
}

describe('A feed of mostly unwanted messages', function () {
  this.timeout(120_000)
  const use = disposal()

  for (const { way, transport } of BOTH_WAYS) {
    it(`is parsed only up to the keys, ${way}`, async () => {
      const server = use(await startTestServer())
      const client = use(await bootstrap(Picky, server.url, { logger: false, transport }))
      const { socket } = await server.connection(1)
      const beginnings = ['{"type":"trade"', '{ "time": 17, "type": "book"', '{"type":"größe"', '{"type":8']
      for (const beginning of beginnings) socket.send(`${beginning}}`)
      for (let index = 0; index < 1_000; index += 1) {
        socket.send(`${beginnings[index % beginnings.length] as string},!`)
        if (index % 5 === 0) socket.send(`{"type":"tick","index":${index}}`)
      }
      socket.send(END)
      await eventually('the last message has arrived', () => seesTheEnd(client))
      expect(client.connection.stats.unhandledMessages).to.equal(1_004)
      const ticks = Array.from({ length: 200 }, (_, each) => ['tick', { type: 'tick', index: each * 5 }])
      expect(client.instance.notes).to.deep.equal([...ticks, 'end'])
    })

    it(`is closed with 1007 after invalid UTF-8, whether wanted or not, ${way}`, async () => {
      const server = use(await startTestServer())
      const client = use(await bootstrap(Picky, server.url, { logger: false, reconnect: false, transport }))
      const { socket } = await server.connection(1)
      for (let index = 0; index < 20; index += 1) socket.send('{"type":"trade","a":"plain"}')
      await eventually('the messages are counted', () => client.connection.stats.unhandledMessages === 20)
      socket.send(Buffer.from('{"type":"trade","a":"\xff"}', 'latin1'), { binary: false })
      await client.closed.catch(() => undefined)
      expect(client.instance.notes.join()).to.contain('1007')
    })
  }

  it('causes the same calls, counts, and errors as if everything were parsed (fuzz, in memory)', async () => {
    await fc.assert(
      fc.asyncProperty(feeds(), async (feed) => {
        const runs = await Promise.all(
          [true, false].map((parseUnwanted) => runInMemory(feed, { parseUnwanted })),
        )
        expect(runs[1]).to.deep.equal(runs[0])
      }),
      { numRuns: isFullVolume ? 3_000 : 200 },
    )
  })

  it('causes the same calls, counts, and errors as if everything were parsed (fuzz, over sockets)', async () => {
    const server = use(await startTestServer())
    let connections = 0
    await fc.assert(
      fc.asyncProperty(feeds(), async (feed) => {
        const runs: unknown[] = []
        for (const parseUnwanted of [true, false]) {
          const client = await bootstrap(Picky, server.url, {
            logger: false,
            parseUnwanted,
            reconnect: false,
          })
          connections += 1
          const { socket } = await server.connection(connections)
          for (const data of [...feed, END]) socket.send(data)
          await eventually('the last message has arrived', () => seesTheEnd(client))
          runs.push(factsOf(client))
          await client.close()
        }
        expect(runs[1]).to.deep.equal(runs[0])
      }),
      { numRuns: isFullVolume ? 1_000 : 50 },
    )
  })
})

async function runInMemory(feed: readonly (string | Uint8Array)[], options: ClientOptions): Promise<unknown> {
  const server = new MemoryServer()
  const client = await bootstrap(Picky, 'ws://peer.test', {
    logger: false,
    transport: server.connect,
    ...options,
  })
  for (const data of [...feed, END]) server.peer.send(data)
  await eventually('the last message has arrived', () => seesTheEnd(client))
  const facts = factsOf(client)
  await client.close()
  return facts
}

function factsOf({ connection, instance }: Client<Picky>): unknown {
  return { notes: instance.notes, stats: connection.stats }
}

/** Generates valid JSON, messages that are broken before their key, binary frames, and runs of one key. No name occurs twice. */
function feeds(): fc.Arbitrary<(string | Uint8Array)[]> {
  const key = fc.oneof(
    fc.constantFrom<unknown>('tick', 'trade', 'book', 'größe', '', 7, 8, -1.5, '7', null, true, 1e21),
    fc.string({ maxLength: 3 }),
  )
  const scalar = fc.oneof(
    fc.string({ maxLength: 4, unit: 'binary' }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
  )
  const value = fc.oneof(
    { weight: 3, arbitrary: scalar },
    fc.array(scalar, { maxLength: 2 }),
    fc.record({ type: key }),
  )
  const members = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'id', 'typ', 'type2'), value), {
    maxLength: 3,
    selector: ([name]) => name,
  })
  const message = fc
    .record({ key, before: members, space: fc.constantFrom('', '', ' ', '\n') })
    .map(({ key: type, before, space }) => {
      const all = [
        ...before.map(([name, each]) => [name, each] as const),
        ['type', type] as const,
        ['z', 1] as const,
      ]
      const texts = all.map(
        ([name, each]) => `${space}${JSON.stringify(name)}:${space}${JSON.stringify(each)}`,
      )
      return `{${texts.join()}${space}}`
    })
  const first = key.map((type) => JSON.stringify({ type, z: [1, 'x'] }))
  const frame = fc.oneof(
    { weight: 6, arbitrary: first },
    { weight: 4, arbitrary: message },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.constantFrom('{', '{"a":01,"type":"trade"}', '{"type":"trade}', ' ') },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
  )
  const run = fc
    .tuple(frame, fc.integer({ min: 1, max: 12 }))
    .map(([each, times]) => Array<string | Uint8Array>(times).fill(each))
  return fc.array(run, { maxLength: 12 }).map((runs) => runs.flat())
}
