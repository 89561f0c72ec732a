import { expect } from 'chai'
import { Inject, Injectable } from '@nestjs/common'
import { Connection, Logger, OnMessage, OnOpen, StartupError, WebSocketClient } from 'holdfast'
import {
  HoldfastClients,
  HoldfastModule,
  InjectClient,
  InjectConnection,
  getClientToken,
  getConnectionToken,
  provideClient,
} from 'holdfast/nestjs'
import { closeNest, moduleOf, startNest } from '../support/nest-app.js'
import { KeepingLogger } from '../support/keeping-logger.js'

@Injectable()
class Store {}

@WebSocketClient({ url: 'ws://spot.test/' })
class Feed {
  constructor(
    readonly store: Store,
    readonly connection: Connection,
    readonly logger: Logger,
  ) {}
  @OnOpen() opened(): void {
    this.logger.warn('opened')
  }
  @OnMessage() received(): void {}
}

@Injectable()
class Reader {
  constructor(
    @InjectClient(Feed) readonly spot: Feed,
    @InjectClient(Feed, 'futures') readonly futures: Feed,
    @InjectConnection(Feed, 'futures') readonly connection: Connection,
  ) {}
}

const FUTURES = { use: Feed, name: 'futures', url: 'ws://futures.test/' }

describe('getClientToken', () => {
  it('returns the class of a client without a name', () => {
    expect(getClientToken(Feed)).to.equal(Feed)
  })

  it('returns the same token for the same class and name', () => {
    expect(getClientToken(Feed, 'a')).to.equal(getClientToken(Feed, 'a'))
    expect(getConnectionToken(Feed, 'a')).to.equal(getConnectionToken(Feed, 'a'))
  })

  it('returns different tokens for classes that share a name', () => {
    const other = class Feed {}
    expect(getClientToken(Feed, 'a')).not.to.equal(getClientToken(other, 'a'))
  })

  it('rejects what is not a class', () => {
    expect(() => getClientToken(undefined as never)).to.throw(
      StartupError,
      'getClientToken: expected a class, received undefined (circular import?)',
    )
  })
})

describe('provideClient', () => {
  afterEach(closeNest)

  it('provides another instance with its own connection', async () => {
    const { app, server, clock } = await startNest({
      imports: [HoldfastModule.forFeature([FUTURES])],
      providers: [Store, Feed, provideClient(Feed, 'futures'), Reader],
    })
    await clock.settle()
    const { spot, futures, connection } = app.get(Reader)
    expect(futures).to.be.instanceOf(Feed)
    expect(futures).not.to.equal(spot)
    expect(futures.connection).to.equal(connection)
    expect(futures.connection).not.to.equal(spot.connection)
    expect(app.get<Feed>(getClientToken(Feed, 'futures'))).to.equal(futures)
    expect(server.peers.map(({ request }) => request.url).sort()).to.deep.equal([
      'ws://futures.test/',
      'ws://spot.test/',
    ])
  })

  it('creates the instance from what the module that lists it sees', async () => {
    class OtherStore extends Store {}
    const other = moduleOf({
      providers: [{ provide: Store, useClass: OtherStore }, provideClient(Feed, 'futures')],
      exports: [getClientToken(Feed, 'futures')],
    })
    const { app } = await startNest({
      imports: [other, HoldfastModule.forFeature([FUTURES])],
      providers: [Store, Feed, Reader],
    })
    const { spot, futures } = app.get(Reader)
    expect(spot.store).not.to.be.instanceOf(OtherStore)
    expect(futures.store).to.be.instanceOf(OtherStore)
  })

  it('gives a named client the options of all clients of its class, and its own over them', async () => {
    const { server, clock } = await startNest({
      imports: [
        HoldfastModule.forFeature([
          { use: Feed, url: 'ws://feature.test/', userAgent: 'feature' },
          { use: Feed, name: 'futures', userAgent: 'futures' },
        ]),
      ],
      providers: [Store, provideClient(Feed, 'futures')],
    })
    await clock.settle()
    expect(server.peer.request.url).to.equal('ws://feature.test/')
    expect(server.peer.request.headers).to.include({ 'User-Agent': 'futures' })
  })

  it('gives the name to the connection and its log lines, and the class to its handlers', async () => {
    const logger = new KeepingLogger()
    const { app, clock } = await startNest(
      { imports: [HoldfastModule.forFeature([FUTURES])], providers: [Store, provideClient(Feed, 'futures')] },
      { logger },
    )
    await clock.settle()
    expect(logger.lines).to.include('warn [futures] opened')
    expect(app.get(HoldfastClients).get(Feed, 'futures').name).to.equal('futures')
  })

  it('passes the tokens of inject to Nest', async () => {
    class Untyped {
      constructor(readonly store: unknown) {}
      @OnMessage() received(): void {}
    }
    WebSocketClient({ url: 'ws://untyped.test/', inject: ['STORE'] })(Untyped)
    const { app } = await startNest({
      providers: [{ provide: 'STORE', useValue: 7 }, provideClient(Untyped, 'a')],
    })
    expect(app.get<Untyped>(getClientToken(Untyped, 'a')).store).to.equal(7)
  })

  it('passes the tokens of inject to Nest for an inherited constructor', async () => {
    class Untyped {
      constructor(readonly store: unknown) {}
      @OnMessage() received(): void {}
    }
    WebSocketClient({ url: 'ws://untyped.test/', inject: ['STORE'] })(Untyped)
    class Inherited extends Untyped {}
    const store = { provide: 'STORE', useValue: 7 }
    const { app } = await startNest({
      imports: [HoldfastModule.forFeature([Inherited])],
      providers: [store, Inherited, provideClient(Inherited, 'a')],
    })
    expect(app.get(Inherited).store).to.equal(7)
    expect(app.get(getClientToken(Inherited, 'a')).store).to.equal(7)
  })

  it('works with parameters that Nest injects by token', async () => {
    @WebSocketClient({ url: 'ws://keyed.test/' })
    class Keyed {
      constructor(@Inject('KEY') readonly key: string) {}
      @OnMessage() received(): void {}
    }
    const { app } = await startNest({
      providers: [{ provide: 'KEY', useValue: 'k' }, provideClient(Keyed, 'a')],
    })
    expect(app.get<Keyed>(getClientToken(Keyed, 'a')).key).to.equal('k')
  })
})
