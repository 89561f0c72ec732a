import { expect } from 'chai'
import { Injectable } from '@nestjs/common'
import {
  Connection,
  Heartbeat,
  JsonSender,
  Logger,
  OnMessage,
  Subscriptions,
  WebSocketClient,
} from 'holdfast'
import { HoldfastClients, HoldfastModule, InjectConnection, getConnectionToken } from 'holdfast/nestjs'
import { MemoryServer } from 'holdfast/testing'
import { KeepingLogger } from '../support/keeping-logger.js'
import { closeNest, createContext, moduleOf, startNest } from '../support/nest-app.js'

@Injectable()
class PriceStore {
  readonly prices: unknown[] = []
}

@WebSocketClient({ url: 'ws://feed.test/', route: 'type' })
class Feed {
  constructor(
    readonly store: PriceStore,
    readonly connection: Connection,
    readonly json: JsonSender,
    readonly heartbeat: Heartbeat,
    readonly subscriptions: Subscriptions,
    readonly logger: Logger,
  ) {}
  @OnMessage('ticker') tick(message: unknown): void {
    this.store.prices.push(message)
  }
}

@Injectable()
class Reader {
  constructor(
    readonly feed: Feed,
    readonly store: PriceStore,
    @InjectConnection(Feed) readonly connection: Connection,
  ) {}
}

class Plain {
  @OnMessage() received(): void {}
}

describe('HoldfastModule', () => {
  afterEach(closeNest)

  it('connects the one instance that Nest creates and app.get returns', async () => {
    const { app, server, clock } = await startNest({ providers: [PriceStore, Feed] })
    await clock.settle()
    server.peer.send({ type: 'ticker' })
    await clock.settle()
    expect(app.get(PriceStore).prices).to.have.length(1)
    expect(app.get(HoldfastClients).get(Feed).instance).to.equal(app.get(Feed))
  })

  it('shares the providers of a client with the rest of the application', async () => {
    const feature = HoldfastModule.forFeature([Feed])
    const { app } = await startNest({ imports: [feature], providers: [PriceStore, Feed, Reader] })
    const { feed, store } = app.get(Reader)
    expect(feed).to.equal(app.get(Feed))
    expect(feed.store).to.equal(store)
  })

  it("injects the values of a client's connection", async () => {
    const log = new KeepingLogger()
    const { app, server, clock } = await startNest({ providers: [PriceStore, Feed] }, { logger: log })
    await clock.settle()
    const { json, heartbeat, subscriptions, connection, logger } = app.get(Feed)
    void json.send({ hello: 1 })
    expect(server.peer.received).to.deep.equal(['{"hello":1}'])
    expect(connection).to.equal(app.get(HoldfastClients).get(Feed).connection)
    expect(heartbeat.lastSeen).to.be.a('number')
    expect(subscriptions).to.be.instanceOf(Subscriptions)
    logger.warn('by hand')
    expect(log.lines).to.deep.equal(['warn [Feed] by hand'])
  })

  it('injects the connection of a listed client into any class of any module', async () => {
    const feed = moduleOf({
      imports: [HoldfastModule.forFeature([Feed])],
      providers: [PriceStore, Feed],
      exports: [Feed, PriceStore],
    })
    const { app } = await startNest({ imports: [feed], providers: [Reader] })
    expect(app.get(Reader).connection).to.equal(app.get(Feed, { strict: false }).connection)
  })

  it('injects the connection of a listed client into a factory', async () => {
    const id = { provide: 'ID', inject: [getConnectionToken(Plain)], useFactory: ({ id }: Connection) => id }
    const { app } = await startNest({
      imports: [HoldfastModule.forFeature([{ use: Plain, url: 'ws://plain.test/' }])],
      providers: [Plain, id],
    })
    expect(app.get('ID')).to.match(/^Plain#/)
  })

  it('uses the options of forFeature over those of the class, and those of the class over those of forRoot', async () => {
    @WebSocketClient({ url: 'ws://class.test/', userAgent: 'class', origin: 'https://class.test' })
    class Layered {
      @OnMessage() received(): void {}
    }
    const feature = HoldfastModule.forFeature([{ use: Layered, origin: 'https://feature.test' }])
    const { server, clock } = await startNest(
      { imports: [feature], providers: [Layered] },
      { userAgent: 'root', origin: 'https://root.test', headers: { 'x-from': 'root' } },
    )
    await clock.settle()
    const { headers } = server.peer.request
    expect(headers).to.include({ 'User-Agent': 'class', Origin: 'https://feature.test', 'x-from': 'root' })
  })

  it('connects the clients of an application that imports it without options', async () => {
    const server = new MemoryServer()
    @WebSocketClient({ url: 'ws://feed.test/', transport: server.connect, logger: false })
    class Own {
      @OnMessage() received(): void {}
    }
    await createContext(moduleOf({ imports: [HoldfastModule], providers: [Own] }))
    expect(server.peers).to.have.length(1)
  })

  it('takes options from factories that inject providers', async () => {
    const config = moduleOf({
      providers: [{ provide: 'URL', useValue: 'ws://config.test/' }],
      exports: ['URL'],
    })
    const server = new MemoryServer()
    const app = await createContext(
      moduleOf({
        imports: [
          HoldfastModule.forRootAsync({
            imports: [config],
            inject: ['URL'],
            useFactory: async (url: string) => ({ transport: server.connect, logger: false, userAgent: url }),
          }),
          HoldfastModule.forFeatureAsync([
            { use: Feed, imports: [config], inject: ['URL'], useFactory: async (url: string) => ({ url }) },
          ]),
        ],
        providers: [PriceStore, Feed],
      }),
    )
    await app.get(Feed).connection.whenOpen()
    expect(server.peer.request.url).to.equal('ws://config.test/')
    expect(server.peer.request.headers).to.include({ 'User-Agent': 'ws://config.test/' })
  })

  it('creates a client whose compiler emits no types, with the tokens of inject', async () => {
    class Untyped {
      readonly given: readonly unknown[]
      constructor(...given: unknown[]) {
        this.given = given
      }
      @OnMessage() received(): void {}
    }
    WebSocketClient({ url: 'ws://untyped.test/', inject: [PriceStore, Connection] })(Untyped)
    const feature = HoldfastModule.forFeature([Untyped])
    const { app } = await startNest({ imports: [feature], providers: [PriceStore, Untyped] })
    const { connection } = app.get(HoldfastClients).get(Untyped)
    expect(app.get(Untyped).given).to.deep.equal([app.get(PriceStore), connection])
  })

  it('leaves the metadata of the classes that Nest creates unchanged', async () => {
    const types = (): unknown => Reflect.getMetadata('design:paramtypes', Feed)
    const before = types()
    await startNest({ imports: [HoldfastModule.forFeature([Feed])], providers: [PriceStore, Feed] })
    expect(types()).to.equal(before)
  })

  it('connects instances that factories and values provide', async () => {
    const url = 'ws://plain.test/'
    class Other {
      @OnMessage() received(): void {}
    }
    const { app, server, clock } = await startNest({
      imports: [
        HoldfastModule.forFeature([
          { use: Plain, url },
          { use: Other, url },
        ]),
      ],
      providers: [
        { provide: 'MADE', useFactory: () => new Plain() },
        { provide: Other, useValue: new Other() },
      ],
    })
    await clock.settle()
    expect(server.live).to.equal(2)
    expect(app.get(HoldfastClients).get(Plain).instance).to.equal(app.get('MADE'))
    expect(app.get(HoldfastClients).get(Other).instance).to.equal(app.get(Other))
  })

  it('ignores aliases of a client', async () => {
    const { server, clock } = await startNest({
      providers: [PriceStore, Feed, { provide: 'ALIAS', useExisting: Feed }],
    })
    await clock.settle()
    expect(server.peers).to.have.length(1)
  })

  it('keeps the clients of two applications in one process apart', async () => {
    const module = { imports: [HoldfastModule.forFeature([Feed])], providers: [PriceStore, Feed] }
    const one = await startNest(module)
    const two = await startNest(module)
    await one.clock.settle()
    await two.clock.settle()
    expect(one.app.get(Feed)).not.to.equal(two.app.get(Feed))
    await one.app.close()
    expect([one.server.live, two.server.live]).to.deep.equal([0, 1])
    expect(one.app.get(HoldfastClients).all).to.have.length(0)
    expect(two.app.get(HoldfastClients).all).to.have.length(1)
  })

  it('leaves nothing behind when an application has closed', async () => {
    const module = { imports: [HoldfastModule.forFeature([Feed])], providers: [PriceStore, Feed] }
    for (let times = 0; times < 3; times += 1) {
      const { app, server, clock } = await startNest(module)
      await clock.settle()
      await app.close()
      expect(server.live).to.equal(0)
      expect(clock.timers).to.equal(0)
    }
  })
})
