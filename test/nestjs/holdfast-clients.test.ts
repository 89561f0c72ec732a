import { expect } from 'chai'
import { Injectable, Scope } from '@nestjs/common'
import { Connection, OnClose, OnMessage, OnOpen, StartupError, WebSocketClient } from 'holdfast'
import { HoldfastClients, HoldfastModule } from 'holdfast/nestjs'
import { MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import { closeNest, moduleOf, startNest } from '../support/nest-app.js'
import { rejection } from '../support/rejection.js'

@Injectable()
class Store {}

/** Events, in order. */
let notes: string[] = []

@WebSocketClient({ userAgent: 'class' })
class Tenant {
  constructor(
    readonly store: Store,
    readonly connection: Connection,
  ) {}
  @OnMessage() received(): void {}
  @OnClose() closed(): void {
    notes.push(`close ${this.connection.id}`)
  }
  dispose(): void {
    notes.push('dispose')
  }
}

@WebSocketClient({ url: 'ws://feed.test/' })
class Feed {
  @OnOpen() opened(): void {}
}

describe('HoldfastClients', () => {
  beforeEach(() => {
    notes = []
  })
  afterEach(closeNest)

  describe('#open', () => {
    it('creates a client with its own connection, from the providers of the application', async () => {
      const { app, server } = await startNest({ providers: [Store] })
      const clients = app.get(HoldfastClients)
      const client = await clients.open(Tenant, { name: 'acme', url: 'ws://acme.test/', waitForOpen: true })
      expect(client.instance.store).to.equal(app.get(Store))
      expect(client.instance.connection).to.equal(client.connection)
      expect(client.name).to.equal('acme')
      expect(server.peer.request.url).to.equal('ws://acme.test/')
      expect(server.peer.request.headers).to.include({ 'User-Agent': 'class' })
    })

    it('gives each of two clients that open at the same time its own connection', async () => {
      const { app } = await startNest({ providers: [Store] })
      const clients = app.get(HoldfastClients)
      const [one, two] = await Promise.all([
        clients.open(Tenant, { name: 'one', url: 'ws://one.test/' }),
        clients.open(Tenant, { name: 'two', url: 'ws://two.test/' }),
      ])
      expect(one.instance.connection).to.equal(one.connection)
      expect(two.instance.connection).to.equal(two.connection)
      expect(one.connection).not.to.equal(two.connection)
    })

    it('creates the instance in the module that provides its class', async () => {
      @WebSocketClient({ url: 'ws://inner.test/' })
      class Inner {
        constructor(readonly store: Store) {}
        @OnMessage() received(): void {}
      }
      class InnerStore extends Store {}
      const inner = moduleOf({ providers: [{ provide: Store, useClass: InnerStore }, Inner] })
      const { app } = await startNest({ imports: [inner], providers: [Store] })
      const { instance } = await app.get(HoldfastClients).open(Inner, { name: 'a' })
      expect(instance.store).to.be.instanceOf(InnerStore)
    })

    it('uses the options of forFeature', async () => {
      const feature = HoldfastModule.forFeature([{ use: Feed, userAgent: 'feature' }])
      const { app, server } = await startNest({ imports: [feature], providers: [Feed] })
      await app.get(HoldfastClients).open(Feed, { name: 'a', waitForOpen: true })
      expect(server.peer.request.headers).to.include({ 'User-Agent': 'feature' })
    })

    it('reports mistakes, and opens nothing', async () => {
      const { app, server } = await startNest({ providers: [Store] })
      const error = await rejection(app.get(HoldfastClients).open(Tenant, { name: 'acme' }))
      expect(error).to.be.instanceOf(StartupError)
      expect((error as StartupError).mistakes[0]?.place).to.equal("Tenant 'acme'")
      expect(server.peers).to.have.length(0)
    })

    it('reports what no module provides', async () => {
      const { app } = await startNest({})
      const error = await rejection(app.get(HoldfastClients).open(Tenant, { url: 'ws://acme.test/' }))
      expect(error).to.be.instanceOf(StartupError)
      expect((error as StartupError).mistakes[0]?.cause).to.match(
        /^no module provides everything that its constructor injects: Nest can't resolve dependencies of the Tenant/,
      )
    })

    it('reports a request-scoped dependency', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class Scoped {}
      @WebSocketClient({ url: 'ws://feed.test/' })
      class Needy {
        constructor(readonly scoped: Scoped) {}
        @OnMessage() received(): void {}
      }
      const { app } = await startNest({ providers: [Scoped] })
      const error = await rejection(app.get(HoldfastClients).open(Needy, {}))
      expect((error as StartupError).mistakes[0]?.cause).to.equal(
        'injects something that is request-scoped, but a message is not a request',
      )
    })

    it('reports what the constructor throws', async () => {
      class Broken {
        constructor() {
          throw new Error('no')
        }
        @OnMessage() received(): void {}
      }
      const { app } = await startNest({})
      const error = await rejection(app.get(HoldfastClients).open(Broken, { url: 'ws://feed.test/' }))
      expect((error as StartupError).mistakes[0]?.cause).to.equal('the constructor threw: no')
    })

    it('refuses a name that is taken, until its client has closed', async () => {
      const { app } = await startNest({})
      const clients = app.get(HoldfastClients)
      const first = await clients.open(Feed, { name: 'a' })
      expect(await rejection(clients.open(Feed, { name: 'a' }))).to.have.property(
        'message',
        "Cannot open Feed 'a': a client with this name is already running. Close it, or use another name",
      )
      await first.close()
      expect((await clients.open(Feed, { name: 'a' })).name).to.equal('a')
    })

    it('keeps only one of two clients that open with one name at the same time', async () => {
      const { app, server, clock } = await startNest({})
      const clients = app.get(HoldfastClients)
      const opened = await Promise.allSettled([
        clients.open(Feed, { name: 'a' }),
        clients.open(Feed, { name: 'a' }),
      ])
      await clock.settle()
      expect(opened.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected'])
      expect(server.live).to.equal(1)
    })

    it('closes and disposes of the client with the application', async () => {
      const { app } = await startNest({ providers: [Store] })
      const client = await app
        .get(HoldfastClients)
        .open(Tenant, { url: 'ws://acme.test/', waitForOpen: true })
      await app.close()
      expect(notes).to.deep.equal([`close ${client.connection.id}`, 'dispose'])
    })

    it('ends the connection of a client whose constructor throws', async () => {
      const injected: Connection[] = []
      @WebSocketClient()
      class Broken {
        constructor(connection: Connection) {
          injected.push(connection)
          throw new Error('no')
        }
        @OnMessage() received(): void {}
      }
      const { app } = await startNest({})
      await rejection(app.get(HoldfastClients).open(Broken, { url: 'ws://feed.test/' }))
      expect(injected.map(({ state }) => state.status)).to.deep.equal(['closed'])
    })

    it('disposes of an instance whose connection fails permanently', async () => {
      const { app, server } = await startNest({ providers: [Store] })
      server.onAttempt = (peer) => peer.refuse(401)
      const opening = app
        .get(HoldfastClients)
        .open(Tenant, { url: 'ws://acme.test/', waitForOpen: true, logger: false })
      expect(await rejection(opening)).to.include({ name: 'HandshakeError', status: 401 })
      expect(notes).to.deep.equal(['dispose'])
    })

    it('refuses to open a client while the application closes', async () => {
      const release = deferred<undefined>()
      const reached = deferred<undefined>()
      class Slow {
        async beforeApplicationShutdown(): Promise<void> {
          reached.resolve(undefined)
          await release.promise
        }
      }
      const { app } = await startNest({ providers: [Slow] })
      const clients = app.get(HoldfastClients)
      const closed = app.close()
      await reached.promise
      expect(await rejection(clients.open(Feed, {}))).to.have.property(
        'message',
        'Cannot open Feed: the application is closing',
      )
      release.resolve(undefined)
      await closed
    })

    it('keeps nothing of a client that has closed', async () => {
      const { app } = await startNest({ providers: [Store] })
      const clients = app.get(HoldfastClients)
      const kept = await openAndClose(clients)
      // Nest lets go of an instance in a later turn.
      for (let turn = 0; turn < 20 && kept.deref(); turn += 1) {
        await new Promise(setImmediate)
        globalThis.gc?.()
      }
      expect(clients.all).to.have.length(0)
      if (globalThis.gc) expect(kept.deref()).to.equal(undefined)
    })
  })

  describe('#get', () => {
    it('returns the client of a module, also once it has ended', async () => {
      const { app } = await startNest({ providers: [Feed] })
      const clients = app.get(HoldfastClients)
      const client = clients.get(Feed)
      await client.close()
      expect(clients.get(Feed)).to.equal(client)
      expect(clients.all).to.deep.equal([])
    })

    it('throws if no client matches', async () => {
      const { app } = await startNest({ providers: [Feed] })
      expect(() => app.get(HoldfastClients).get(Feed, 'a')).to.throw(
        "No client Feed 'a'. Running clients: Feed 'Feed'",
      )
    })

    it('throws if several clients match', async () => {
      const server = new MemoryServer()
      const { app } = await startNest({ providers: [Feed] }, {}, server)
      const clients = app.get(HoldfastClients)
      await clients.open(Feed, {})
      expect(() => clients.get(Feed)).to.throw('Several Feed clients are running. Give each a name')
    })
  })
})

/** Opens and closes a client, and returns a weak reference to its connection. */
async function openAndClose(clients: HoldfastClients): Promise<WeakRef<Connection>> {
  const client = await clients.open(Tenant, { url: 'ws://acme.test/', waitForOpen: true })
  await client.close()
  return new WeakRef(client.connection)
}
