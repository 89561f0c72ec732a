import { expect } from 'chai'
import { container as globalContainer, inject, injectable } from 'tsyringe'
import {
  Application,
  bootstrap,
  Connection,
  HandshakeError,
  Module,
  OnClose,
  OnMessage,
  OnOpen,
  StartupError,
  WebSocketClient,
} from 'holdfast'
import type { ClientEntry, ClientOptions, CloseInfo, Logger, ModuleOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { startupError } from '../support/startup-error.js'

/** Events, in order. */
let notes: string[] = []

class Store {
  dispose(): void {
    notes.push('dispose Store')
  }
}

@injectable()
class Prices {
  constructor(readonly store: Store) {}
  dispose(): void {
    notes.push('dispose Prices')
  }
}

@WebSocketClient({ url: 'ws://ticker.test/' })
class Ticker {
  constructor(
    readonly prices: Prices,
    readonly connection: Connection,
  ) {}
  @OnOpen() opened(): void {
    notes.push('open Ticker')
  }
  @OnClose() closed({ sentCode }: CloseInfo): void {
    notes.push(`close Ticker ${String(sentCode)}`)
  }
  dispose(): void {
    notes.push('dispose Ticker')
  }
}

class Chat {
  @OnMessage() received(): void {}
  @OnClose() closed(): void {
    notes.push('close Chat')
  }
}

/** Creates a module, and starts it on a server in memory. */
function start(declared: ModuleOptions, options: ClientOptions = {}) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  class AppModule {}
  Module(declared)(AppModule)
  const given = { transport: server.connect, clock, random: () => 0.5, logger: false, ...options } as const
  const starting = bootstrap(AppModule, given)
  starting.catch(() => undefined)
  return { server, clock, starting }
}

function urlsOf(server: MemoryServer): string[] {
  return server.peers.map(({ request }) => request.url)
}

describe('Application', () => {
  beforeEach(() => {
    notes = []
  })

  it("connects all clients, giving each its own connection and the modules' providers", async () => {
    const { server, starting } = start({
      providers: [Store, Prices],
      clients: [Ticker, { use: Ticker, name: 'second', url: 'ws://second.test/' }],
    })
    const application = await starting
    expect(application).to.be.instanceOf(Application)
    const [first, second] = application.clients.map(({ instance }) => instance as Ticker)
    expect(first!.prices).to.equal(second!.prices)
    expect(first!.connection).not.to.equal(second!.connection)
    expect(urlsOf(server)).to.deep.equal(['ws://ticker.test/', 'ws://second.test/'])
    await application.close()
  })

  it('prefers bootstrap options to entry options, and entry options to class options', async () => {
    @WebSocketClient({ url: 'ws://class.test/', protocols: 'class', headers: { from: 'class' } })
    class Layered extends Chat {}
    const entry = { use: Layered, url: 'ws://entry.test/', protocols: 'entry' }
    const { server, starting } = start({ clients: [entry] }, { protocols: 'bootstrap' })
    server.onAttempt = (peer) => peer.accept({ protocol: 'bootstrap' })
    const application = await starting
    const { url, protocols, headers } = server.peer.request
    expect({ url, protocols, headers }).to.deep.equal({
      url: 'ws://entry.test/',
      protocols: ['bootstrap'],
      headers: { from: 'class' },
    })
    await application.close()
  })

  it('uses a URL that only the entry has', async () => {
    const { server, starting } = start({ clients: [{ use: Chat, url: () => 'ws://entry.test/' }] })
    const application = await starting
    expect(urlsOf(server)).to.deep.equal(['ws://entry.test/'])
    await application.close()
  })

  it('starts without clients', async () => {
    const application = await start({ providers: [Store] }).starting
    expect(application.clients).to.deep.equal([])
    await application.close()
    expect(notes).to.deep.equal(['dispose Store'])
  })

  describe('#get', () => {
    it("returns a provider's value under each of its tokens", async () => {
      const application = await start({ providers: [Store, { provide: 'other', useExisting: Store }] })
        .starting
      expect(application.get(Store)).to.be.instanceOf(Store)
      expect(application.get('other')).to.equal(application.get(Store))
      await application.close()
    })

    it('throws for a token without a provider, and names the fix', async () => {
      const application = await start({}).starting
      expect(() => application.get(Store)).to.throw(
        'No provider for Store. Add it to the providers of a module',
      )
      expect(() => application.get('limit')).to.throw("No provider for 'limit'")
      await application.close()
    })
  })

  describe('#client', () => {
    it('returns a client by class and, if there are several, by name', async () => {
      const lobby = { use: Chat, name: 'lobby', url: 'ws://lobby.test/' }
      const games = { use: Chat, name: 'games', url: 'ws://games.test/' }
      const { starting } = start({ providers: [Store, Prices], clients: [Ticker, lobby, games] })
      const application = await starting
      expect(application.client(Ticker).instance).to.be.instanceOf(Ticker)
      expect(application.client(Chat, 'games').connection.url).to.equal('ws://games.test/')
      const clients = "Ticker 'Ticker', Chat 'lobby', Chat 'games'"
      expect(() => application.client(Chat)).to.throw(
        "Several Chat clients exist: 'lobby', 'games'. Pass a name: app.client(Chat, 'lobby')",
      )
      expect(() => application.client(Chat, 'bar')).to.throw(
        `No client Chat named 'bar'. Clients of this application: ${clients}`,
      )
      await application.close()
    })

    it('throws if there are no clients', async () => {
      const application = await start({}).starting
      expect(() => application.client(Chat)).to.throw('No client Chat. Clients of this application: none')
      await application.close()
    })
  })

  describe('#close', () => {
    it('closes all clients, then disposes of the providers, last created first', async () => {
      const chat = { use: Chat, url: 'ws://chat.test/' }
      const { starting, clock } = start({ providers: [Store, Prices], clients: [Ticker, chat] })
      const application = await starting
      await application.close(3000, 'bye')
      expect(notes.slice(1)).to.have.members([
        'close Ticker 3000',
        'close Chat',
        'dispose Ticker',
        'dispose Prices',
        'dispose Store',
      ])
      expect(notes.slice(-2)).to.deep.equal(['dispose Prices', 'dispose Store'])
      expect(clock.timers).to.equal(0)
    })

    it('has no effect when called again', async () => {
      const { starting } = start({ providers: [Store] })
      const application = await starting
      await Promise.all([application.close(), application.close()])
      await application.close()
      expect(notes).to.deep.equal(['dispose Store'])
    })

    it('rejects an invalid code or reason, and can then be called again', async () => {
      const { starting, server } = start({ clients: [{ use: Chat, url: 'ws://chat.test/' }] })
      const application = await starting
      const thrown: unknown = await application.close(999).catch((error: unknown) => error)
      expect(thrown).to.be.instanceOf(RangeError)
      expect(server.live).to.equal(1)
      await application.close()
      expect(server.live).to.equal(0)
    })

    it('runs at the end of an await using block', async () => {
      const { starting, server } = start({ clients: [{ use: Chat, url: 'ws://chat.test/' }] })
      {
        await using application = await starting
        expect(application.clients).to.have.length(1)
      }
      expect(server.peer.closeFrame?.code).to.equal(1000)
    })

    it('logs a dispose method that throws, and continues', async () => {
      class Failing {
        dispose(): void {
          throw new Error('stuck')
        }
      }
      const lines: string[] = []
      const logger: Logger = { debug() {}, info() {}, warn() {}, error: (line) => lines.push(line) }
      const { starting } = start({ providers: [Store, Failing] }, { logger })
      await (await starting).close()
      expect(lines).to.have.length(1)
      expect(lines[0]).to.contain('[AppModule] close: a dispose method threw: stuck')
      expect(notes).to.deep.equal(['dispose Store'])
    })

    it('waits for a dispose method for at most closeTimeout', async () => {
      class Hanging {
        dispose(): Promise<void> {
          return new Promise(() => {})
        }
      }
      const lines: string[] = []
      const logger: Logger = { debug() {}, info() {}, warn() {}, error: (line) => lines.push(line) }
      const { starting, clock } = start({ providers: [Hanging] }, { logger, closeTimeout: 100 })
      const closing = (await starting).close()
      await clock.advance(100)
      await closing
      expect(lines).to.deep.equal([
        '[AppModule] close: a dispose method did not complete within 100 ms (closeTimeout); no longer waiting for it',
      ])
    })

    it('keeps the singletons for the other clients when one is closed (B45)', async () => {
      const second = { use: Ticker, name: 'second' }
      const { starting } = start({ providers: [Store, Prices], clients: [Ticker, second] })
      const application = await starting
      await application.client(Ticker, 'second').close()
      expect(notes.filter((note) => note.startsWith('dispose'))).to.deep.equal(['dispose Ticker'])
      await application.close()
    })
  })

  describe('starting', () => {
    it('closes the other clients and disposes of everything if one fails permanently', async () => {
      const chat = { use: Chat, url: 'ws://chat.test/' }
      const { starting, server } = start({ providers: [Store, Prices], clients: [Ticker, chat] })
      const refusal = new HandshakeError('ws://chat.test/', 'answered with 401', { status: 401 })
      server.onAttempt = (peer) => {
        if (peer.request.url === 'ws://chat.test/') peer.refuse(refusal)
        else peer.accept()
      }
      expect(await starting.catch((error: unknown) => error)).to.equal(refusal)
      expect(server.live).to.equal(0)
      expect(notes).to.deep.equal([
        'open Ticker',
        'close Ticker 1000',
        'dispose Ticker',
        'dispose Prices',
        'dispose Store',
      ])
    })

    it('does not wait for a client with waitForOpen: false, which keeps retrying', async () => {
      const chat = { use: Chat, url: 'ws://chat.test/', waitForOpen: false }
      const { starting, server, clock } = start({ providers: [Store, Prices], clients: [Ticker, chat] })
      server.onAttempt = (peer) => {
        if (peer.request.url === 'ws://chat.test/') peer.refuse()
        else peer.accept()
      }
      const application = await starting
      await clock.settle()
      expect(application.client(Chat).connection.state.status).to.equal('waiting')
      server.onAttempt = (peer) => peer.accept()
      await clock.advance(2_000)
      expect(application.client(Chat).connection.state.status).to.equal('open')
      await application.close()
    })

    it('ends only the client itself if a client with waitForOpen: false fails permanently', async () => {
      const chat = { use: Chat, url: 'ws://chat.test/', waitForOpen: false }
      const { starting, server } = start({ providers: [Store, Prices], clients: [Ticker, chat] })
      server.onAttempt = (peer) => {
        if (peer.request.url === 'ws://chat.test/') peer.refuse(new HandshakeError('', '', { status: 401 }))
        else peer.accept()
      }
      const application = await starting
      await application.client(Chat).closed
      expect(application.client(Ticker).connection.state.status).to.equal('open')
      await application.close()
    })

    it('closes everything when its signal aborts', async () => {
      const controller = new AbortController()
      const chat = { use: Chat, url: 'ws://chat.test/' }
      const options = { signal: controller.signal }
      const { starting, server, clock } = start(
        { providers: [Store, Prices], clients: [Ticker, chat] },
        options,
      )
      server.onAttempt = (peer) => {
        if (peer.request.url !== 'ws://chat.test/') peer.accept()
      }
      await clock.settle()
      controller.abort(new Error('too long'))
      expect(await starting.catch((error: unknown) => error)).to.equal(controller.signal.reason)
      expect(server.live).to.equal(0)
      expect(notes.slice(-3)).to.deep.equal(['dispose Ticker', 'dispose Prices', 'dispose Store'])
      expect(clock.timers).to.equal(0)
    })

    it('creates all providers in order, imports first, before it creates the first client', async () => {
      const made: string[] = []
      const factory = (name: string) => ({ provide: name, useFactory: () => made.push(name) })
      @Module({ providers: [factory('inner')] })
      class Inner {}
      @injectable()
      class Late extends Chat {
        constructor() {
          super()
          made.push('client')
        }
      }
      const late = { use: Late, url: 'ws://late.test/' }
      const declared = { imports: [Inner], providers: [factory('a'), factory('b')], clients: [late] }
      const application = await start(declared).starting
      expect(made).to.deep.equal(['inner', 'a', 'b', 'client'])
      await application.close()
    })

    it('never disposes of the container that was passed in', async () => {
      const container = globalContainer.createChildContainer()
      container.registerSingleton(Store)
      const application = await start({ providers: [Prices] }, { container }).starting
      expect(application.get(Prices).store).to.equal(container.resolve(Store))
      await application.close()
      expect(notes).to.deep.equal(['dispose Prices'])
      expect(container.resolve(Store)).to.be.instanceOf(Store)
    })
  })

  describe('#closed', () => {
    it('resolves once all clients have ended and everything has been disposed of', async () => {
      const { starting, clock } = start({ providers: [Prices, Store], clients: [Ticker] })
      const application = await starting
      const { closed } = application
      void application.client(Ticker).connection.terminate()
      await clock.settle()
      await closed
      expect(notes.slice(-3)).to.deep.equal(['dispose Ticker', 'dispose Prices', 'dispose Store'])
      expect(application.closed).to.equal(closed)
    })

    it('resolves after close() if there are no clients', async () => {
      const application = await start({ providers: [Store] }).starting
      let isClosed = false
      const closed = application.closed.then(() => (isClosed = true))
      await Promise.resolve()
      expect(isClosed).to.equal(false)
      await application.close()
      await closed
      expect(notes).to.deep.equal(['dispose Store'])
    })
  })

  describe('"provide" of a client entry', () => {
    class Room {
      constructor(readonly name: string) {}
      dispose(): void {
        notes.push(`dispose ${this.name}`)
      }
    }
    @WebSocketClient({ url: 'ws://room.test/', inject: [Room, 'limit'] })
    class Member {
      constructor(
        readonly room: Room,
        readonly limit: number,
      ) {}
      @OnMessage() received(): void {}
    }
    const entryOf = (name: string, limit: number): ClientEntry => ({
      use: Member,
      name,
      provide: [
        {
          provide: Room,
          useFactory: (connection: Connection) => new Room(`${name} ${connection.id.slice(0, -2)}`),
          inject: [Connection],
        },
        { provide: 'limit', useValue: limit },
      ],
    })

    it('creates its values per connection, and overrides the modules', async () => {
      const { starting } = start({
        providers: [{ provide: 'limit', useValue: 0 }],
        clients: [entryOf('lobby', 1), entryOf('attic', 2)],
      })
      const application = await starting
      const members = application.clients.map(({ instance }) => instance as Member)
      expect(members.map(({ limit }) => limit)).to.deep.equal([1, 2])
      expect(members.map(({ room }) => room.name.split(' ')[0])).to.deep.equal(['lobby', 'attic'])
      expect(application.get('limit')).to.equal(0)
      await application.close()
    })

    it('can be set for a client that injects nothing in a module without providers', async () => {
      const entry = { use: Chat, url: 'ws://chat.test/', provide: [{ provide: 'limit', useValue: 1 }] }
      const application = await start({ clients: [entry] }).starting
      await application.close()
    })

    it('reports an invalid provider, and names the entry', async () => {
      const provide = [{ provide: 'limit' } as never]
      const { starting } = start({ clients: [{ ...entryOf('lobby', 1), provide }] })
      const { mistakes } = await startupError(starting)
      expect(mistakes.map(({ place }) => place)).to.include(
        "AppModule clients[0] (Member) provide[0] ('limit')",
      )
    })
  })

  describe('the providers option of bootstrap', () => {
    const useValue = { name: 'another store' }

    it("overrides the modules' providers", async () => {
      const { starting } = start(
        { providers: [Store, Prices] },
        { providers: [{ provide: Store, useValue }] },
      )
      const application = await starting
      expect(application.get(Prices).store).to.equal(useValue)
      await application.close()
      expect(notes).to.deep.equal(['dispose Prices'])
    })

    it('supplies values to a client that is started alone, which owns them', async () => {
      class Own {
        dispose(): void {
          notes.push('dispose Own')
        }
      }
      @WebSocketClient({ inject: [Own] })
      class Alone {
        constructor(readonly own: Own) {}
        @OnMessage() received(): void {}
      }
      const { connect } = new MemoryServer()
      const client = await bootstrap(Alone, 'ws://peer.test/', { transport: connect, providers: [Own] })
      expect(client.instance.own).to.be.instanceOf(Own)
      await client.close()
      expect(notes).to.deep.equal(['dispose Own'])
    })

    it("is checked like the modules' providers", async () => {
      const { starting } = start(
        { clients: [Chat] },
        { providers: [{ provide: 'x' } as never], url: 'ws://peer.test/' },
      )
      const { mistakes } = await startupError(starting)
      expect(mistakes.map(({ place }) => place)).to.deep.equal(["options.providers[0] ('x')"])
      const alone = await startupError(bootstrap(Chat, 'ws://peer.test/', { providers: [Ticker] }))
      expect(alone.mistakes.map(({ place }) => place)).to.deep.equal(['options.providers[0]'])
    })

    it('is reported along with all other mistakes, even if it is not an array', async () => {
      class Other {}
      const providers = [{ provide: 'x' } as never, Other]
      const several = await startupError(bootstrap(Chat, 'http://peer.test/', { providers }))
      expect(several.mistakes.map(({ place }) => place)).to.deep.equal([
        "options.providers[0] ('x')",
        'options.url',
      ])
      const given = { providers: Other as never, url: 'ws://peer.test/' }
      const place = 'options.providers'
      const alone = await startupError(bootstrap(Chat, given))
      expect(alone.mistakes.map((mistake) => mistake.place)).to.deep.equal([place])
      const application = await startupError(start({ clients: [Chat] }, given).starting)
      expect(application.mistakes.map((mistake) => mistake.place)).to.deep.equal([place])
    })
  })

  it("causes a warning about a container's token that a module also provides", async () => {
    const lines: string[] = []
    const ignored = (): void => undefined
    const logger: Logger = {
      debug: ignored,
      info: ignored,
      error: ignored,
      warn: (line: string) => void lines.push(line),
    }
    const container = globalContainer.createChildContainer()
    container.register(Store, { useValue: new Store() })
    const application = await start({ providers: [Store] }, { container, logger }).starting
    expect(lines).to.have.length(1)
    expect(lines[0]).to.contain("container's Store is ignored")
    await application.close()
  })

  describe('creating', () => {
    class Exploding {
      constructor() {
        throw new Error('boom')
      }
    }

    it('disposes of the earlier providers if a provider throws, and names the failing one', async () => {
      const { starting, server } = start({ providers: [Store, Prices, Exploding], clients: [Ticker] })
      const error = await startupError(starting)
      expect(error.mistakes).to.have.length(1)
      expect(error.mistakes[0]?.place).to.equal('Exploding')
      expect(error.mistakes[0]?.cause).to.equal('could not be created: boom')
      expect((error.cause as Error).message).to.equal('boom')
      expect(notes).to.deep.equal(['dispose Prices', 'dispose Store'])
      expect(server.peers).to.have.length(0)
    })

    it("disposes of everything and never connects if a later client's constructor throws", async () => {
      let connection: Connection | undefined
      @WebSocketClient({ url: 'ws://bad.test/' })
      class Bad extends Chat {
        constructor(given: Connection) {
          super()
          connection = given
          throw new Error('boom')
        }
      }
      const { starting, server, clock } = start({ providers: [Store, Prices], clients: [Ticker, Bad] })
      const error = await startupError(starting)
      expect(error.mistakes[0]?.place).to.equal('Bad')
      expect(notes).to.deep.equal(['dispose Ticker', 'dispose Prices', 'dispose Store'])
      expect(server.peers).to.have.length(0)
      expect(connection?.state.status).to.equal('closed')
      expect(clock.timers).to.equal(0)
    })

    it('reports a factory that throws, and names its token', async () => {
      const failing = {
        provide: 'config',
        useFactory: () => {
          throw new Error('no file')
        },
      }
      const error = await startupError(start({ providers: [failing] }).starting)
      expect(error.mistakes).to.deep.equal([
        {
          place: "'config'",
          cause: 'could not be created: no file',
          fix: 'do the work that can fail before you call bootstrap(), and pass the result as useValue',
        },
      ])
    })

    it('reports a factory that returns a promise', async () => {
      const later = { provide: 'config', useFactory: () => Promise.reject(new Error('not awaited')) }
      const error = await startupError(start({ providers: [Store, later] }).starting)
      expect(error.mistakes).to.deep.equal([
        {
          place: "'config'",
          cause: 'the factory returned a promise',
          fix: 'await the value before bootstrap() and pass it as useValue',
        },
      ])
      expect(notes).to.deep.equal(['dispose Store'])
    })
  })

  describe('checking', () => {
    it('reports each mistake in all modules and clients once, in one error', async () => {
      @injectable()
      class Needy {
        constructor(@inject('missing') readonly missing: unknown) {}
      }
      @WebSocketClient({ url: 'http://ticker.test/' })
      class Wrong extends Chat {
        constructor(readonly needy: Needy) {
          super()
        }
      }
      const { starting, server } = start({
        imports: [Store],
        providers: [Needy, Prices],
        clients: [Wrong, { use: Chat, name: 'lobby' }],
      })
      const error = await startupError(starting)
      expect(error).to.be.instanceOf(StartupError)
      expect(error.mistakes.map(({ place, cause }) => `${place}: ${cause}`)).to.deep.equal([
        'AppModule imports[0]: Store is not a module',
        "Needy, constructor parameter 1: no provider for 'missing'",
        'AppModule clients[0] (Wrong), options.url: http://ticker.test/ has the unsupported scheme "http"',
        'AppModule clients[1] (Chat): no URL given',
      ])
      expect(server.peers).to.have.length(0)
      expect(notes).to.deep.equal([])
    })

    it('reports a provider that injects a per-connection value', async () => {
      @injectable()
      class Captive {
        constructor(readonly connection: Connection) {}
      }
      const error = await startupError(start({ providers: [Captive] }).starting)
      expect(error.mistakes).to.have.length(1)
      expect(error.mistakes[0]?.place).to.equal('Captive, constructor parameter 1')
      expect(error.mistakes[0]?.cause).to.contain('a singleton cannot inject Connection')
    })
  })
})
