import { expect } from 'chai'
// Who is tested needs them, and their globals would be taken for leaks of a test.
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

/** Starts clients, and closes them after each of a block's tests. */
function starts(): Start {
  const use = disposal()
  return async <T extends object>(target: Class<T>, url?: string) => {
    const [server, clock] = [new MemoryServer(), new FakeClock()]
    const options = { transport: server.connect, clock, random: () => 0, logger: false, url } as const
    return { client: use((await bootstrap(target, options)) as Client<T>), server, clock }
  }
}

/** The facts that hold however a class says what handles what. */
function describeHandlers(sources: () => Sources, start: Start): void {
  describe('gives the handler table of', () => {
    for (const [name, wanted] of Object.entries(TABLES)) {
      it(name, () => {
        const { table, mistakes } = handlersOf(sources()[name as 'Every'])
        expect(mistakes).to.deep.equal([])
        expect(viewOf(table, sources().schemas)).to.deep.equal(wanted)
      })
    }
  })

  it('B43: gives two subclasses of one base the handlers of the base, and not of each other', () => {
    const keys = (target: Class) => [...handlersOf(target).table.messages.keys()].sort()
    const { Base, Left, Right } = sources()
    expect([keys(Left), keys(Right), keys(Base)]).to.deep.equal([
      ['a', 'b', 'left'],
      ['a', 'b', 'right'],
      ['a', 'b'],
    ])
  })

  it('B38: tells of every second handler for one place at the start', async () => {
    const { mistakes } = await failedStart(sources().Twins)
    expect(mistakes.map(({ place, fix }) => `${place}: ${fix}`)).to.have.members(TWINS)
  })

  it('tells of a class without handlers at the start', async () => {
    const { mistakes } = await failedStart(sources().Empty)
    expect(causes(mistakes)).to.deep.equal(['Empty: no handlers found'])
  })

  it('calls the override of a handler', async () => {
    const { server, clock } = await start(sources().Overriding, PEER)
    server.peer.send({ type: 'a' })
    await clock.settle()
    expect(server.peer.received).to.deep.equal(['"overriding"', '"overriding"'])
  })

  it('calls a handler under the wrapper that another decorator puts around it', async () => {
    const { client, server, clock } = await start(sources().Wrapping, PEER)
    server.peer.send({ type: 'over' })
    server.peer.send({ type: 'under' })
    await clock.settle()
    expect(client.connection.stats.unhandledMessages).to.equal(0)
  })
}

/** What the feeds of all dialects do with the same messages. */
function describeClient(sources: () => Sources, start: Start): void {
  it('injects what the constructor asks for', async () => {
    const { client } = await start(sources().Feed)
    expect(client.instance.connection).to.equal(client.connection)
    expect(client.instance.store.prices).to.deep.equal([])
    expect(client.connection.url).to.equal('ws://feed.test/')
  })

  it('handles what arrives, answers with what handlers return, and closes once for each opening', async () => {
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
    // Two starts are 1 second apart at least, after a young connection.
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

  it('injects into a constructor that is inherited, whatever the compiler writes in its place', async () => {
    const { client } = await start(sources().Inheriting)
    expect(client.instance.connection).to.equal(client.connection)
    expect(client.connection.url).to.equal('ws://inheriting.test/')
    expect(client.instance.greetings).to.deep.equal(['opened'])
    await client.close()
    expect(client.instance.log).to.deep.equal(['open 1', 'close 1000'])
  })
}

/** Providers have no `inject` of their own: where no types are noted, a factory says what they need. */
function describeProviders(sources: () => Sources, use: <T extends AsyncDisposable>(client: T) => T): void {
  it('tells at the start what a provider lacks, and is content with a factory for it', async () => {
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
    it('injects by the types that the compiler notes', async () => {
      const { client } = await start(sources().Typed, PEER)
      expect(client.instance.connection).to.equal(client.connection)
    })
    return
  }
  it('tells at the start that no types are noted, and how to name the tokens', async () => {
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

    it('are told at the start where they are on anything but a method', async () => {
      const { mistakes } = await failedStart(sources().Misplaced)
      expect(causes(mistakes)).to.have.members(MISPLACED)
    })

    it('are told at the start where they are written without parentheses', async () => {
      const { mistakes } = await failedStart(sources().Uncalled)
      expect(causes(mistakes)).to.have.members(UNCALLED)
    })

    it('are told at the start where they or their methods are given something odd', async () => {
      const { mistakes } = await failedStart(sources().Misused)
      expect(causes(mistakes)).to.have.members(MISUSED)
    })

    if (!dialect.isStandard) return
    const members = source(dialect, 'standard/members') as () => { Standard: Class }

    it('are told at the start where they are on what only standard decorators can be on', async () => {
      const { mistakes } = await failedStart(members().Standard)
      // Without its keepNames, esbuild gives classes names of its own.
      expect(causes(mistakes).map((line) => line.replace(/^_?Standard/, ''))).to.have.members(STANDARD)
    })
  })
}

for (const dialect of NAMED) {
  describe(`${dialect.name},`, () => {
    const sources = source(dialect, 'dialects/named') as () => Sources
    const start = starts()
    describeHandlers(sources, start)
    describeClient(sources, start)
    describeProviders(sources, disposal())
    describeInjectionByType(dialect, sources, start)
  })
}
