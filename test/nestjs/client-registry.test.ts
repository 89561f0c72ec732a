import { expect } from 'chai'
import { Injectable, Scope } from '@nestjs/common'
import type { ModuleMetadata } from '@nestjs/common'
import { LazyModuleLoader } from '@nestjs/core'
import { Connection, HandshakeError, OnMessage, WebSocketClient } from 'holdfast'
import { HoldfastModule, getConnectionToken, provideClient } from 'holdfast/nestjs'
import { MemoryServer } from 'holdfast/testing'
import type { Class } from '#src/core/token.js'
import { closeNest, createContext, moduleOf, nestStartupError, startNest } from '../support/nest-app.js'
import { rejection } from '../support/rejection.js'

class Feed {
  @OnMessage() received(): void {}
}

class Chat {
  @OnMessage() received(): void {}
}

const FEED = { use: Feed, url: 'ws://feed.test/' }

@Injectable({ scope: Scope.REQUEST })
class RequestStore {}

/** Returns `place: cause` of each mistake of an application that must not start, and checks that nothing has connected. */
async function mistakesOf(...given: Parameters<typeof startNest>): Promise<string[]> {
  const server = new MemoryServer()
  const error = await nestStartupError(startNest(given[0], given[1], server))
  expect(server.peers).to.have.length(0)
  expect(error.target).to.equal('the application')
  return error.mistakes.map(({ place, cause }) => `${place}: ${cause}`)
}

describe('ClientRegistry', () => {
  afterEach(closeNest)

  describe('#start', () => {
    it('does not wait for connections by default', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const { app } = await startNest(
        { imports: [HoldfastModule.forFeature([FEED])], providers: [Feed] },
        {},
        server,
      )
      expect(server.peers).to.have.length(1)
      expect(app).to.be.an('object')
    })

    it('starts all clients at the same time', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const chat = { use: Chat, url: 'ws://chat.test/' }
      await startNest(
        { imports: [HoldfastModule.forFeature([FEED, chat])], providers: [Feed, Chat] },
        {},
        server,
      )
      expect(server.peers).to.have.length(2)
    })

    it('waits for a client with waitForOpen: true', async () => {
      const server = new MemoryServer()
      server.onAttempt = (peer) => void setImmediate(() => peer.accept())
      const feature = HoldfastModule.forFeature([{ ...FEED, waitForOpen: true }])
      await startNest({ imports: [feature], providers: [Feed] }, {}, server)
      expect(server.live).to.equal(1)
    })

    it('waits for a client up to waitForOpen milliseconds', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const feature = HoldfastModule.forFeature([{ ...FEED, waitForOpen: 20 }])
      const started = await startNest({ imports: [feature], providers: [Feed] }, { clock: undefined }, server)
      expect(started.server.live).to.equal(0)
    })

    it('fails with the error of a client that it waits for, and closes the others', async () => {
      const server = new MemoryServer()
      server.onAttempt = (peer) => {
        if (peer.request.url.includes('chat'))
          peer.refuse(new HandshakeError(peer.request.url, 'HTTP 401', { status: 401, headers: {} }))
        else peer.accept()
      }
      const chat = { use: Chat, url: 'ws://chat.test/', waitForOpen: true }
      const feature = HoldfastModule.forFeature([FEED, chat])
      const error = await rejection(startNest({ imports: [feature], providers: [Feed, Chat] }, {}, server))
      expect(error).to.be.instanceOf(HandshakeError)
      expect(server.live).to.equal(0)
    })

    it('reports the mistakes of all clients in one error, before anything connects', async () => {
      const feature = HoldfastModule.forFeature([{ ...FEED, closeTimeout: -1 }])
      expect(await mistakesOf({ imports: [feature], providers: [Feed, Chat] })).to.deep.equal([
        'Feed, options.closeTimeout: expected milliseconds from 1 to 2147483647, received -1',
        'Chat: no URL given',
      ])
    })

    it('reports the mistakes of a client whose connection has been injected', async () => {
      @WebSocketClient({ outbox: 7 as never })
      class Needy {
        constructor(readonly connection: Connection) {
          void connection.sendJson({})
        }
        @OnMessage() received(): void {}
      }
      expect(await mistakesOf({ providers: [Needy] })).to.deep.equal([
        'Needy: no URL given',
        'Needy, options.outbox: expected an object or false, received 7',
      ])
    })

    it('names the entry to add for a client without a URL', async () => {
      const started = startNest({ providers: [provideClient(Feed, 'futures')] })
      const { mistakes } = await nestStartupError(started)
      expect(mistakes).to.deep.equal([
        {
          place: "Feed 'futures'",
          cause: 'no URL given',
          fix: "add one: HoldfastModule.forFeature([{ use: Feed, name: 'futures', url: 'wss://…' }]), or @WebSocketClient({ url: 'wss://…' }) on Feed",
        },
      ])
    })

    it('ends connections that have been injected if it does not start', async () => {
      const injected: Connection[] = []
      @WebSocketClient({ url: 'ws://feed.test/' })
      class Injected {
        constructor(connection: Connection) {
          injected.push(connection)
        }
        @OnMessage() received(): void {}
      }
      await mistakesOf({ providers: [Injected, Chat] })
      expect(injected.map(({ state }) => state.status)).to.deep.equal(['closed'])
    })

    it('reports a class that two modules provide', async () => {
      class OneModule {}
      const one = { module: OneModule, providers: [Feed] }
      const [mistake] = await mistakesOf({
        imports: [one, HoldfastModule.forFeature([FEED])],
        providers: [Feed],
      })
      expect(mistake).to.equal(
        'Feed: is provided 2 times (AnyModule, OneModule), and each instance would have its own connection',
      )
    })

    it('reports a request-scoped dependency, and how to avoid it', async () => {
      @WebSocketClient({ url: 'ws://feed.test/' })
      class Scoped {
        constructor(readonly store: RequestStore) {}
        @OnMessage() received(): void {}
      }
      const { mistakes } = await nestStartupError(startNest({ providers: [RequestStore, Scoped] }))
      expect(mistakes).to.deep.equal([
        {
          place: 'Scoped',
          cause: 'injects RequestStore, which is request-scoped, but a message is not a request',
          fix: 'inject ModuleRef, and call moduleRef.resolve() in the handler, or use AsyncLocalStorage (nestjs-cls) instead of the request scope',
        },
      ])
    })

    it('reports a client that is itself request-scoped', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class Scoped extends Feed {}
      WebSocketClient({ url: 'ws://feed.test/' })(Scoped)
      expect(await mistakesOf({ providers: [Scoped] })).to.deep.equal([
        'Scoped: is request-scoped, but a message is not a request',
      ])
    })

    it('reports a transient client', async () => {
      @Injectable({ scope: Scope.TRANSIENT })
      class Transient extends Feed {}
      WebSocketClient({ url: 'ws://feed.test/' })(Transient)
      expect(await mistakesOf({ providers: [Transient] })).to.deep.equal([
        'Transient: is transient, so each class that injects it would receive another instance, without a connection',
      ])
    })

    it('reports a client that is configured but not provided', async () => {
      const named = { ...FEED, name: 'futures' }
      expect(await mistakesOf({ imports: [HoldfastModule.forFeature([FEED, named])] })).to.deep.equal([
        'HoldfastModule.forFeature: no module provides the client Feed, so it would never connect',
        "HoldfastModule.forFeature: no module provides the client Feed 'futures', so it would never connect",
      ])
    })

    it('reports a client that is configured twice', async () => {
      const imports = [HoldfastModule.forFeature([FEED]), HoldfastModule.forFeature([FEED])]
      expect(await mistakesOf({ imports, providers: [Feed] })).to.deep.equal([
        'HoldfastModule.forFeature: lists Feed more than once',
      ])
    })

    it('reports a second forRoot', async () => {
      const imports = [HoldfastModule.forRoot(), HoldfastModule.forFeature([FEED])]
      expect(await mistakesOf({ imports, providers: [Feed] })).to.deep.equal([
        'HoldfastModule.forRoot: is imported more than once, so the application would use the options of either',
      ])
    })

    it('reports options of a factory that are not an object', async () => {
      const feature = HoldfastModule.forFeatureAsync([
        { use: Feed, useFactory: () => 'ws://feed.test/' as never },
      ])
      expect((await mistakesOf({ imports: [feature], providers: [Feed] }))[0]).to.equal(
        'HoldfastModule.forFeatureAsync, Feed, useFactory: expected an object, received a string',
      )
    })

    it('reports a waitForOpen that is neither a boolean nor a time', async () => {
      const feature = HoldfastModule.forFeature([{ ...FEED, waitForOpen: 'soon' as never }])
      expect(await mistakesOf({ imports: [feature], providers: [Feed] })).to.deep.equal([
        'Feed, options.waitForOpen: expected a boolean or milliseconds, received a string',
      ])
    })

    it('reports a class without types that Nest has created without its tokens', async () => {
      class Untyped {
        constructor(readonly given?: unknown) {}
        @OnMessage() received(): void {}
      }
      WebSocketClient({ url: 'ws://untyped.test/', inject: ['KEY'] })(Untyped)
      expect(await mistakesOf({ providers: [Untyped, { provide: 'KEY', useValue: 1 }] })).to.deep.equal([
        'Untyped: the compiler emitted no type metadata, and Nest does not read inject by itself',
      ])
    })

    it('reports a constructor with parameters in a class without a decorator', async () => {
      class Undecorated {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(): void {}
      }
      const feature = HoldfastModule.forFeature([{ use: Undecorated, url: 'ws://feed.test/' }])
      expect(await mistakesOf({ imports: [feature], providers: [Undecorated] })).to.deep.equal([
        'Undecorated: Nest does not know what to inject into the constructor, because the compiler emitted no type metadata for Undecorated',
      ])
    })

    it('accepts a class without a decorator that a factory creates', async () => {
      class Undecorated {
        constructor(readonly key: number) {}
        @OnMessage() received(): void {}
      }
      const feature = HoldfastModule.forFeature([{ use: Undecorated, url: 'ws://feed.test/' }])
      const made = { provide: Undecorated, useFactory: () => new Undecorated(7) }
      const { app } = await startNest({ imports: [feature], providers: [made] })
      expect(app.get(Undecorated).key).to.equal(7)
    })

    it('reports a class that injects a connection but is not a client', async () => {
      @Injectable()
      class Service {
        constructor(readonly connection: Connection) {}
      }
      const maker = {
        provide: 'MADE',
        inject: [Connection],
        useFactory: (connection: Connection) => connection,
      }
      expect((await mistakesOf({ providers: [Service, maker] })).sort()).to.deep.equal([
        'Service: cannot inject Connection, which only belongs to clients',
        'a factory: cannot inject Connection, which only belongs to clients',
      ])
    })

    it('reports a client that is listed as a controller', async () => {
      const feature = HoldfastModule.forFeature([FEED])
      expect((await mistakesOf({ imports: [feature], controllers: [Feed] })).sort()).to.deep.equal([
        'Feed: is in the controllers of AnyModule, so it would never connect',
        'HoldfastModule.forFeature: no module provides the client Feed, so it would never connect',
      ])
    })

    it('connects a client once that a factory also returns', async () => {
      const server = new MemoryServer()
      const alias = { provide: 'ALIAS', inject: [Feed], useFactory: (feed: Feed) => feed }
      const feature = HoldfastModule.forFeature([FEED])
      await startNest({ imports: [feature], providers: [alias, Feed] }, {}, server)
      expect(server.peers).to.have.length(1)
    })

    describe('with a factory that depends on its client', () => {
      @WebSocketClient()
      class Needy {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(): void {}
      }
      @Injectable()
      class Reader {
        constructor(readonly needy: Needy) {}
      }
      const module = moduleOf({ providers: [Needy, Reader, Feed], exports: [Needy, Reader, Feed] })
      const url = 'ws://feed.test/'

      /** Returns the only mistake of an application whose factory injects a token. */
      async function circleOf(use: typeof Needy | typeof Feed, token: Class | symbol): Promise<string> {
        const feature = HoldfastModule.forFeatureAsync([
          { use, imports: [module], inject: [token], useFactory: () => ({ url }) },
        ])
        const mistakes = await mistakesOf({ imports: [module, feature] })
        return mistakes.join()
      }

      const cause = (name: string): string =>
        `HoldfastModule.forFeatureAsync, ${name}, useFactory: injects ${name} or its connection, directly or indirectly, and that waits for these options`

      it('reports it if the client waits for its connection', async () => {
        expect(await circleOf(Needy, Needy)).to.equal(cause('Needy'))
        expect(await circleOf(Needy, Reader)).to.equal(cause('Needy'))
      })

      it('reports it if the factory injects the connection', async () => {
        expect(await circleOf(Feed, getConnectionToken(Feed))).to.equal(cause('Feed'))
      })

      it('accepts it if the client waits for nothing', async () => {
        const feature = HoldfastModule.forFeatureAsync([
          { use: Feed, imports: [module], inject: [Feed], useFactory: () => ({ url }) },
          { use: Needy, useFactory: () => new Promise((resolve) => setTimeout(resolve, 150, { url })) },
        ])
        const server = new MemoryServer()
        await startNest({ imports: [module, feature] }, {}, server)
        expect(server.peers).to.have.length(2)
      })
    })

    describe('in a module that is loaded later', () => {
      @WebSocketClient({ url: 'ws://feed.test/' })
      class Late {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(): void {}
      }

      /** Returns the first mistake of a module that an application loads once it has started. */
      async function lateMistake(metadata: ModuleMetadata): Promise<string> {
        const { app } = await startNest({})
        const loaded = app.get(LazyModuleLoader).load(() => moduleOf(metadata))
        const [{ place, cause } = {}] = (await nestStartupError(loaded)).mistakes
        return `${place}: ${cause}`
      }

      it('reports a client that injects its connection', async () => {
        expect(await lateMistake({ providers: [Late] })).to.equal(
          'Late: was created after the application started, so it would never connect',
        )
      })

      it('reports options of a client', async () => {
        expect(
          await lateMistake({ imports: [HoldfastModule.forFeature([FEED])], providers: [Feed] }),
        ).to.equal(
          'Feed: was listed in HoldfastModule.forFeature after the application started, so it would never connect',
        )
      })
    })

    it('starts without forRoot', async () => {
      const server = new MemoryServer()
      const feature = HoldfastModule.forFeature([{ ...FEED, transport: server.connect, logger: false }])
      await createContext(moduleOf({ imports: [feature], providers: [Feed] }))
      expect(server.peers).to.have.length(1)
    })
  })
})
