import { expect } from 'chai'
import { type } from 'arktype'
import * as v from 'valibot'
import * as z from 'zod'
import { bootstrap, MessageValidationError, OnError, OnMessage, WebSocketClient } from 'holdfast'
import { keyPair, keyPresent } from 'holdfast/routes'
import type { Class, ClientOptions, ErrorContext, MessageContext } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'

/** Records of a client: a line for each message and each error, in order. */
abstract class Noting {
  readonly notes: string[] = []
  readonly errors: { error: Error; context: ErrorContext }[] = []

  @OnError()
  failed(error: Error, context: ErrorContext): void {
    this.notes.push(`error ${context.stage}`)
    this.errors.push({ error, context })
  }
}

/** Starts a client on a server in memory. `say` resolves when the client has handled the messages that it sends. */
async function started<T extends Noting>(target: Class<T>, options: ClientOptions = {}) {
  const clock = new FakeClock()
  const server = new MemoryServer()
  const given = { clock, transport: server.connect, logger: false as const, ...options }
  const client = await bootstrap(target, 'ws://peer.test/', given)
  const say = async (...messages: readonly unknown[]): Promise<void> => {
    for (const message of messages)
      server.peer.send(typeof message === 'string' ? message : JSON.stringify(message))
    await clock.settle()
  }
  return { client, clock, say, instance: client.instance }
}

const LIBRARIES = {
  zod: z.object({ type: z.literal('ticker'), price: z.string().transform(Number) }),
  valibot: v.object({ type: v.literal('ticker'), price: v.pipe(v.string(), v.transform(Number)) }),
  arktype: type({ type: "'ticker'", price: type('string').pipe((price) => Number(price)) }),
}

describe('Validation', () => {
  for (const [library, schema] of Object.entries(LIBRARIES)) {
    it(`passes the result of a ${library} schema to the handler, and reports messages that the schema rejects`, async () => {
      class Feed extends Noting {
        @OnMessage('ticker', schema)
        tick({ price }: { price: number }): void {
          this.notes.push(`price ${price.toFixed(1)}`)
        }
      }
      const { say, instance, client } = await started(Feed)
      await say(
        { type: 'ticker', price: '1.5' },
        { type: 'ticker', price: null },
        { type: 'ticker', price: '2' },
      )
      expect(instance.notes).to.deep.equal(['price 1.5', 'error validate', 'price 2.0'])
      const [{ error, context }] = instance.errors as [(typeof instance.errors)[0]]
      expect(error).to.be.instanceOf(MessageValidationError)
      const { issues, key, raw, message } = error as MessageValidationError
      expect(issues).to.have.length(1)
      expect(key).to.equal('ticker')
      expect(raw).to.equal('{"type":"ticker","price":null}')
      expect(message).to.match(/^Message "ticker" failed validation for Feed#tick: price: /)
      expect(context).to.include({ stage: 'validate', handler: 'Feed#tick', fatal: false })
      expect(context.message).to.deep.equal({ type: 'ticker', price: null })
      await client.close()
    })
  }

  it('reports consecutive invalid messages immediately, then once a second with their number', async () => {
    class Feed extends Noting {
      @OnMessage('ticker', LIBRARIES.zod)
      tick(): void {}
    }
    const { say, clock, instance, client } = await started(Feed, { heartbeat: false })
    await say(...Array.from({ length: 1_000 }, () => ({ type: 'ticker', price: null })))
    const counts = (): number[] => instance.errors.map(({ context }) => context.count)
    expect(counts()).to.deep.equal([1])
    await clock.advance(1_000)
    expect(counts()).to.deep.equal([1, 999])
    await client.close()
  })

  it('reports all 200,000 issues in a message, and describes the first few', async () => {
    const issues = Array.from({ length: 200_000 }, (_, index) => ({ message: 'no number', path: [index] }))
    const schema = { '~standard': { version: 1 as const, vendor: 'strict', validate: () => ({ issues }) } }
    class Feed extends Noting {
      @OnMessage(schema) list(): void {}
    }
    const { say, instance, client } = await started(Feed)
    await say([])
    const error = instance.errors[0]?.error as MessageValidationError
    expect(error).to.be.instanceOf(MessageValidationError)
    expect(error.issues).to.deep.equal(issues)
    expect(error.message).to.match(
      /^Message failed validation for Feed#list: 0: no number; 1: no number; .{400,500}…$/,
    )
    await client.close()
  })

  it("by a catch-all handler's schema applies to messages without a handler for their key", async () => {
    class Feed extends Noting {
      @OnMessage('a') a(): void {
        this.notes.push('a')
      }
      @OnMessage(z.object({ id: z.number() })) rest({ id }: { id: number }): void {
        this.notes.push(`rest ${id}`)
      }
    }
    const { say, instance, client, clock } = await started(Feed)
    await say({ type: 'a' }, { id: 5 }, { type: 'b', id: 'x' })
    await clock.advance(1_000)
    await say(['no key'])
    expect(instance.notes).to.deep.equal(['a', 'rest 5', 'error validate', 'error validate'])
    expect(instance.errors.map(({ error }) => error.message.split(' failed')[0])).to.deep.equal([
      'Message "b"',
      'Message',
    ])
    await client.close()
  })

  it("passes a message to the first of its key's methods that accepts it", async () => {
    class Feed extends Noting {
      @OnMessage('book', z.object({ snapshot: z.array(z.number()) }))
      snapshot({ snapshot }: { snapshot: number[] }): void {
        this.notes.push(`snapshot ${snapshot.length}`)
      }
      @OnMessage('book', z.object({ update: z.number() }))
      update({ update }: { update: number }): void {
        this.notes.push(`update ${update}`)
      }
      @OnMessage('trade', z.object({ price: z.number() }))
      priced(): void {
        this.notes.push('priced')
      }
      @OnMessage('trade')
      trade(): void {
        this.notes.push('trade')
      }
      @OnMessage()
      rest(): void {
        this.notes.push('not even what no schema of its key accepts')
      }
    }
    const { say, instance, client } = await started(Feed)
    await say({ type: 'book', update: 7 }, { type: 'book', snapshot: [1, 2] }, { type: 'book', odd: true })
    await say({ type: 'trade', price: 1 }, { type: 'trade' })
    expect(instance.notes).to.deep.equal(['update 7', 'snapshot 2', 'error validate', 'priced', 'trade'])
    const { issues } = instance.errors[0]?.error as MessageValidationError
    expect(issues.map(({ path }) => path)).to.deep.equal([['snapshot'], ['update']])
    await client.close()
  })

  it('preserves the order if it is asynchronous, and delays only its own connection', async () => {
    const gates = new Map([1, 2, 3].map((n) => [n, deferred<boolean>()]))
    const slow = z.object({ n: z.number() }).refine(async ({ n }) => {
      await gates.get(n)?.promise
      return n !== 2
    })
    class Feed extends Noting {
      @OnMessage(slow) rest({ n }: { n: number }): void {
        this.notes.push(String(n))
      }
      @OnMessage('now') now(): void {
        this.notes.push('now')
      }
    }
    const { say, instance, client, clock } = await started(Feed)
    await say({ n: 1 }, { n: 2 }, { type: 'now' }, { n: 3 })
    for (const n of [3, 2]) gates.get(n)?.resolve(true)
    await clock.settle()
    expect(instance.notes).to.deep.equal([])
    gates.get(1)?.resolve(true)
    await clock.settle()
    expect(instance.notes).to.deep.equal(['1', 'error validate', 'now', '3'])
    await client.close()
  })

  it('preserves the order for each key if it is asynchronous, and counts as a running handler', async () => {
    const gates = new Map(['a 1', 'a 2', 'b 1', 'b 2'].map((name) => [name, deferred<boolean>()]))
    const slow = z
      .object({ symbol: z.string(), n: z.number() })
      .refine(({ symbol, n }) => gates.get(`${symbol} ${n}`)?.promise)
    class Feed extends Noting {
      @OnMessage(slow) rest({ symbol, n }: { symbol: string; n: number }): void {
        this.notes.push(`${symbol} ${n}`)
      }
    }
    const messages = [
      { symbol: 'a', n: 1 },
      { symbol: 'a', n: 2 },
      { symbol: 'b', n: 1 },
      { symbol: 'b', n: 2 },
    ]
    const rows: [ClientOptions['concurrency'], string[], string[]][] = [
      // The second of two may overtake the first, as its handler could.
      [2, ['b 1', 'a 2', 'a 1', 'b 2'], ['a 2', 'b 1', 'a 1', 'b 2']],
      [{ key: 'symbol' }, ['a 2', 'b 1', 'b 2', 'a 1'], ['b 1', 'b 2', 'a 1', 'a 2']],
    ]
    for (const [concurrency, opened, expected] of rows) {
      for (const name of gates.keys()) gates.set(name, deferred())
      const { say, instance, client, clock } = await started(Feed, { concurrency })
      await say(...messages)
      for (const name of opened) {
        gates.get(name)?.resolve(true)
        await clock.settle()
      }
      expect(instance.notes).to.deep.equal(expected)
      await client.close()
    }
  })

  it('tries the next method after an asynchronous schema rejects the message', async () => {
    class Feed extends Noting {
      @OnMessage('book', z.object({ a: z.number() }).refine(async () => Promise.resolve(false)))
      never(): void {
        this.notes.push('never')
      }
      @OnMessage('book', z.object({ a: z.number() }))
      a(): void {
        this.notes.push('a')
      }
    }
    const { say, instance, client } = await started(Feed)
    await say({ type: 'book', a: 1 })
    expect(instance.notes).to.deep.equal(['a'])
    await client.close()
  })

  it('names a schema that does not complete', async () => {
    const lines: string[] = []
    const logger = { debug() {}, info() {}, warn: (line: string) => void lines.push(line), error() {} }
    class Feed extends Noting {
      @OnMessage(z.unknown().refine(() => new Promise<boolean>(() => undefined))) rest(): void {}
    }
    const { say, client, clock } = await started(Feed, { logger })
    await say({})
    await clock.advance(30_000)
    expect(lines.join()).to.contain('The schema of Feed#rest has been running for 30 s')
    void client.connection.terminate()
    await clock.advance(60_000)
  })

  it('reports the error if a schema throws or rejects', async () => {
    const broken = (thrown: () => never | Promise<never>) => ({
      '~standard': { version: 1 as const, vendor: 'broken', validate: thrown },
    })
    class Feed extends Noting {
      @OnMessage(
        'now',
        broken(() => {
          throw new RangeError('now')
        }),
      )
      now(): void {}
      @OnMessage('later', broken(() => Promise.reject(new RangeError('later')))) later(): void {}
    }
    const { say, instance, client } = await started(Feed)
    await say({ type: 'now' }, { type: 'later' })
    expect(instance.errors.map(({ error, context }) => [error.message, context.stage])).to.deep.equal([
      ['now', 'validate'],
      ['later', 'validate'],
    ])
    await client.close()
  })
})

describe('Routing', () => {
  it('finds the key with every form of the route option', async () => {
    const rows: [ClientOptions['route'], unknown, unknown][] = [
      ['e', { e: 'key' }, 'key'],
      [['e', 'channel'], { channel: 'key' }, 'key'],
      ['data.e', { data: { e: 'key' } }, 'key'],
      [-2, [5, {}, 'key', 'XBT/USD'], 'key'],
      ['0', [7, 'id'], 7],
      [keyPair('op', 't'), { op: 0, t: 'READY' }, '0/READY'],
      [(message) => (message as string[])[1], ['', 'key'], 'key'],
      [keyPresent('ping', 'key'), { key: null }, 'key'],
    ]
    class Feed extends Noting {
      @OnMessage('key')
      @OnMessage(7)
      @OnMessage('0/READY')
      any(_message: unknown, { key }: MessageContext): void {
        this.notes.push(`key ${String(key)}`)
      }
    }
    for (const [route, message, key] of rows) {
      const { say, instance, client } = await started(Feed, { route })
      await say(message)
      expect(instance.notes).to.deep.equal([`key ${String(key)}`])
      await client.close()
    }
  })

  it('finds no handler for names that all objects inherit', async () => {
    class Feed extends Noting {
      @OnMessage('a') a(): void {}
    }
    const { say, instance, client } = await started(Feed)
    await say(
      '{"type":"constructor"}',
      '{"type":"__proto__"}',
      '{"__proto__":{"type":"a"}}',
      '{"type":{"type":"a"}}',
    )
    expect(instance.notes).to.deep.equal([])
    expect(client.connection.stats.unhandledMessages).to.equal(4)
    await client.close()
  })

  it('is inherited from the class options, and overridden by the options of bootstrap', async () => {
    @WebSocketClient({ route: 'e' })
    class Feed extends Noting {
      @OnMessage('a') a(): void {
        this.notes.push('a')
      }
    }
    const first = await started(Feed)
    await first.say({ e: 'a' })
    const second = await started(Feed, { route: 'f' })
    await second.say({ e: 'a' }, { f: 'a' })
    expect([first.instance.notes, second.instance.notes]).to.deep.equal([['a'], ['a']])
    await first.client.close()
    await second.client.close()
  })
})
