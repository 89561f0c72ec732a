import { expect } from 'chai'
// The compiled code needs these globals, which would otherwise be reported as leaks of a test.
import 'tsyringe'
import 'zod'
import { bootstrap, Module } from 'holdfast'
import type { Class, Client, Mistake } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { handlersOf } from '#src/annotations/handler-table.js'
import { disposal } from '../support/disposal.js'
import { failedStart } from '../support/startup-error.js'
import { DECORATED, NAMED } from './compilers.js'
import type { Dialect } from './compilers.js'
import { MISPLACED, MISUSED, STANDARD, TABLES, TWINS, UNCALLED, viewOf } from './facts.js'
import type { Sources } from './facts.js'

const PEER = 'ws://peer.test/'

function causes(mistakes: readonly Mistake[]): string[] {
  return mistakes.map(({ place, cause }) => `${place}: ${cause}`)
}

/** Compiles a source once for all tests of a dialect. */
function source(dialect: Dialect, path: string): () => unknown {
  let loaded: unknown
  before(async () => {
    loaded = await dialect.load(path)
  })
  return () => loaded
}

interface Started<T extends object> {
  readonly client: Client<T>
  readonly server: MemoryServer
  readonly clock: FakeClock
}

type Start = <T extends object>(target: Class<T>, url?: string) => Promise<Started<T>>

/** Starts clients, and closes them after each test of a block. */
function starts(): Start {
  const use = disposal()
  return async <T extends object>(target: Class<T>, url?: string) => {
    const [server, clock] = [new MemoryServer(), new FakeClock()]
    const options = { transport: server.connect, clock, random: () => 0, logger: false, url } as const
    return { client: use((await bootstrap(target, options)) as Client<T>), server, clock }
  }
}

/** Facts that hold in every dialect. */
function describeHandlers(sources: () => Sources, start: Start): void {
  describe('build the handler table of', () => {
    for (const [name, wanted] of Object.entries(TABLES)) {
      it(name, () => {
        const { table, mistakes } = handlersOf(sources()[name as 'Every'])
        expect(mistakes).to.deep.equal([])
        expect(viewOf(table, sources().schemas)).to.deep.equal(wanted)
      })
    }
  })

  it("B43: give two subclasses their base class's handlers, but not each other's", () => {
    const keys = (target: Class) => [...handlersOf(target).table.messages.keys()].sort()
    const { Base, Left, Right } = sources()
    expect([keys(Left), keys(Right), keys(Base)]).to.deep.equal([
      ['a', 'b', 'left'],
      ['a', 'b', 'right'],
      ['a', 'b'],
    ])
  })

  it('B38: report every duplicate handler at startup', async () => {
    const { mistakes } = await failedStart(sources().Twins)
    expect(mistakes.map(({ place, fix }) => `${place}: ${fix}`)).to.have.members(TWINS)
  })

  it('report a class without handlers at startup', async () => {
    const { mistakes } = await failedStart(sources().Empty)
    expect(causes(mistakes)).to.deep.equal(['Empty: no handlers found'])
  })

  it('call the override of a handler', async () => {
    const { server, clock } = await start(sources().Overriding, PEER)
    server.peer.send({ type: 'a' })
    await clock.settle()
    expect(server.peer.received).to.deep.equal(['"overriding"', '"overriding"'])
  })

  it('call a handler through the wrapper of another decorator', async () => {
    const { client, server, clock } = await start(sources().Wrapping, PEER)
    server.peer.send({ type: 'over' })
    server.peer.send({ type: 'under' })
    await clock.settle()
    expect(client.connection.stats.unhandledMessages).to.equal(0)
  })
}

/** The clients of all dialects must treat the same messages alike. */
function describeClient(sources: () => Sources, start: Start): void {
  it("inject the constructor's dependencies", async () => {
    const { client } = await start(sources().Feed)
    expect(client.instance.connection).to.equal(client.connection)
    expect(client.instance.store.prices).to.deep.equal([])
    expect(client.connection.url).to.equal('ws://feed.test/')
  })

  it("handle messages, send the handlers' return values, and call @OnClose once per opening", async () => {
    const { client, server, clock } = await start(sources().Feed)
    const first = server.peer
    first.send({ type: 'price', price: '1.5' })
    first.send({ type: 'price', price: 1.5 })
    first.send({ type: 'b' })
    first.send({ type: 'fail' })
    first.send({ type: 'other' })
    first.send(new Uint8Array([1, 2]))
    await clock.settle()
    first.drop()
    // After a young connection, two starts are at least 1 second apart.
    await clock.advance(1_000)
    await client.close()
    expect(first.received).to.deep.equal([
      '{"hello":1}',
      '{"seen":1.5}',
      '{"letter":"b"}',
      '{"rest":{"type":"other"}}',
      new Uint8Array([1, 2]),
    ])
    expect(server.peer.received).to.deep.equal(['{"hello":2}'])
    expect(client.instance.store.prices).to.deep.equal([1.5])
    expect(client.instance.log).to.deep.equal([
      'open 1',
      'price, key price',
      'invalid price',
      'error thrown by a handler',
      'close 1006',
      'open 2',
      'close 1000',
    ])
  })

  it('inject into an inherited constructor, whatever constructor the compiler generates', async () => {
    const { client } = await start(sources().Inheriting)
    expect(client.instance.connection).to.equal(client.connection)
    expect(client.connection.url).to.equal('ws://inheriting.test/')
    expect(client.instance.greetings).to.deep.equal(['opened'])
    await client.close()
    expect(client.instance.log).to.deep.equal(['open 1', 'close 1000'])
  })
}

/** Providers have no `inject`. If the compiler emits no types, they need a factory. */
function describeProviders(sources: () => Sources, use: <T extends AsyncDisposable>(client: T) => T): void {
  it('report a provider without type metadata at startup, and accept a factory for it', async () => {
    const { Bookkeeping, Ledger, Store } = sources()
    const { mistakes } = await failedStart(Bookkeeping)
    expect(causes(mistakes)).to.have.length(1)
    expect(mistakes[0]?.place).to.equal('Ledger')

    const makeLedger = (store: object): object => new (Ledger as new (store: object) => object)(store)
    const ledger = { provide: Ledger, useFactory: makeLedger, inject: [Store] }
    const server = new MemoryServer()
    const entry = { use: Bookkeeping, url: PEER, transport: server.connect, logger: false } as const
    @Module({ providers: [ledger], clients: [entry] })
    class AppModule {}
    const application = use(await bootstrap(AppModule))
    expect(application.client(Bookkeeping).instance.ledger.store).to.be.instanceOf(Store)
  })
}

function describeInjectionByType(dialect: Dialect, sources: () => Sources, start: Start): void {
  if (dialect.notesTypes) {
    it('inject by the types the compiler emits', async () => {
      const { client } = await start(sources().Typed, PEER)
      expect(client.instance.connection).to.equal(client.connection)
    })
    return
  }
  it('report missing type metadata at startup, and explain how to list the tokens', async () => {
    const { mistakes } = await failedStart(sources().Typed)
    expect(causes(mistakes)).to.deep.equal([
      'Typed: the constructor has 1 parameter, but the compiler emitted no type metadata',
    ])
    expect(mistakes[0]?.fix).to.contain(
      'or list the tokens: @WebSocketClient({ inject: [A, B] }), or { inject: [A, B] } as the third argument of defineHandlers',
    )
  })
}

for (const dialect of DECORATED) {
  describe(`The decorators, compiled by ${dialect.name},`, () => {
    const sources = source(dialect, 'dialects/annotated') as () => Sources
    const start = starts()
    describeHandlers(sources, start)
    describeClient(sources, start)
    describeProviders(sources, disposal())
    describeInjectionByType(dialect, sources, start)

    it('are reported at startup on anything but a method', async () => {
      const { mistakes } = await failedStart(sources().Misplaced)
      expect(causes(mistakes)).to.have.members(MISPLACED)
    })

    it('are reported at startup if they have no parentheses', async () => {
      const { mistakes } = await failedStart(sources().Uncalled)
      expect(causes(mistakes)).to.have.members(UNCALLED)
    })

    it('are reported at startup if they or their methods have invalid parameters', async () => {
      const { mistakes } = await failedStart(sources().Misused)
      expect(causes(mistakes)).to.have.members(MISUSED)
    })

    if (!dialect.isStandard) return
    const members = source(dialect, 'standard/members') as () => { Standard: Class }

    it('are reported at startup on members that only standard decorators can be applied to', async () => {
      const { mistakes } = await failedStart(members().Standard)
      // Without keepNames, esbuild renames classes.
      expect(causes(mistakes).map((line) => line.replace(/^_?Standard/, ''))).to.have.members(STANDARD)
    })
  })
}

for (const dialect of NAMED) {
  describe(`Classes with ${dialect.name},`, () => {
    const sources = source(dialect, 'dialects/named') as () => Sources
    const start = starts()
    describeHandlers(sources, start)
    describeClient(sources, start)
    describeProviders(sources, disposal())
    describeInjectionByType(dialect, sources, start)
  })
}
