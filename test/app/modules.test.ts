import { expect } from 'chai'
import { Module, OnMessage, WebSocketClient } from 'holdfast'
import type { Class, ClientEntry, Provider } from 'holdfast'
import { readModules, tokenOf } from '#src/app/modules.js'

class Store {}
class Cache {}

class Feed {
  @OnMessage() received(): void {}
}

function linesOf(module: Class): string[] {
  return readModules(module).mistakes.map(({ place, cause }) => `${place}: ${cause}`)
}

describe('readModules', () => {
  it("lists the providers of imported modules before the module's own", () => {
    @Module({ providers: [Cache], clients: [Feed] })
    class Inner {}
    @Module({ imports: [Inner], providers: [Store], clients: [{ use: Feed, name: 'second' }] })
    class Outer {}
    const { providers, clients, mistakes } = readModules(Outer)
    expect(providers).to.deep.equal([Cache, Store])
    expect(clients).to.deep.equal([{ use: Feed }, { use: Feed, name: 'second' }])
    expect(mistakes).to.deep.equal([])
  })

  it('reports a provide option that is not an array', () => {
    const provide = { provide: Store, useValue: new Store() } as unknown as readonly Provider[]
    @Module({ clients: [{ use: Feed, provide }] })
    class AppModule {}
    expect(linesOf(AppModule)).to.deep.equal([
      'AppModule clients[0] (Feed) provide: expected an array, received an object with the keys provide, useValue',
    ])
  })

  it('reads a module once, even if it is imported twice', () => {
    @Module({ providers: [Store] })
    class Shared {}
    @Module({ imports: [Shared] })
    class Left {}
    @Module({ imports: [Shared] })
    class Right {}
    @Module({ imports: [Left, Right] })
    class Both {}
    expect(readModules(Both)).to.deep.include({ providers: [Store], mistakes: [] })
  })

  it('reads modules that import each other', () => {
    const imports: Class[] = []
    @Module({ imports, providers: [Store] })
    class Left {}
    @Module({ imports: [Left], providers: [Cache] })
    class Right {}
    imports.push(Right)
    expect(readModules(Left)).to.deep.include({ providers: [Cache, Store], mistakes: [] })
  })

  it('reads a module that declares nothing', () => {
    @Module({})
    class Empty {}
    expect(readModules(Empty)).to.deep.include({ providers: [], clients: [], mistakes: [] })
  })

  it('names the place of each client', () => {
    @Module({ clients: [Feed] })
    class Inner {}
    @Module({ imports: [Inner], clients: [{}, { use: Feed, name: 'second' }] as ClientEntry[] })
    class Outer {}
    expect(readModules(Outer).places).to.deep.equal(['Inner clients[0] (Feed)', 'Outer clients[1] (Feed)'])
  })

  it('reports mistakes in the module itself, and ignores values that are not arrays', () => {
    @Module({ clients: Feed, client: [] } as never)
    class AppModule {}
    expect(linesOf(AppModule)).to.deep.equal([
      'AppModule clients: expected an array, received the function Feed',
      'AppModule.client: unknown option',
    ])
  })

  describe('imports', () => {
    it('are reported if they are not modules', () => {
      @Module({ imports: [Store, undefined as unknown as Class] })
      class AppModule {}
      expect(linesOf(AppModule)).to.deep.equal([
        'AppModule imports[0]: Store is not a module',
        'AppModule imports[1]: is undefined (circular import?)',
      ])
      const [plain, missing] = readModules(AppModule).mistakes
      expect(plain?.fix).to.equal('add @Module({ … }) to it, or list it under providers or clients')
      expect(missing?.fix).to.contain('break the circular import between the files')
    })

    it('must have their own @Module, not an inherited one', () => {
      @Module({})
      class Base {}
      class Derived extends Base {}
      @Module({ imports: [Derived] })
      class AppModule {}
      expect(linesOf(AppModule)).to.deep.equal(['AppModule imports[0]: Derived is not a module'])
    })
  })

  describe('providers', () => {
    it('can be a class, or a token with one source', () => {
      const right: Provider[] = [
        Store,
        { provide: 'class', useClass: Store },
        { provide: 'value', useValue: undefined },
        { provide: 'factory', useFactory: () => 1 },
        { provide: 'existing', useExisting: Store },
      ]
      @Module({ providers: right })
      class AppModule {}
      expect(linesOf(AppModule)).to.deep.equal([])
      expect(right.map(tokenOf)).to.deep.equal([Store, 'class', 'value', 'factory', 'existing'])
    })

    it('are reported if they are anything else', () => {
      const wrong = [
        null,
        'Store',
        {},
        { provide: 'none' },
        { provide: undefined, useValue: 1 },
        { provide: 'two', useValue: 1, useClass: Store },
        { provide: 'class', useClass: 'Store' },
        { provide: 'factory', useFactory: 1 },
        { provide: 'existing', useExisting: undefined },
      ]
      @Module({ providers: wrong as unknown as Provider[] })
      class AppModule {}
      const { mistakes, providers } = readModules(AppModule)
      expect(mistakes.map(({ place }) => place)).to.deep.equal([
        'AppModule providers[0]',
        'AppModule providers[1]',
        'AppModule providers[2]',
        "AppModule providers[3] ('none')",
        'AppModule providers[4]',
        "AppModule providers[5] ('two')",
        "AppModule providers[6] ('class')",
        "AppModule providers[7] ('factory')",
        "AppModule providers[8] ('existing')",
      ])
      expect(providers).to.deep.equal([])
    })

    it('must provide each token once', () => {
      @Module({ providers: [Store, { provide: 'limit', useValue: 1 }] })
      class Inner {}
      @Module({ imports: [Inner], providers: [Store, Cache, Cache] })
      class Outer {}
      expect(linesOf(Outer)).to.deep.equal([
        'Outer: Store is provided by both Inner and Outer',
        'Outer: Cache is provided twice',
      ])
    })

    it('cannot be clients, because those would never be connected', () => {
      @WebSocketClient()
      class Bare {}
      @Module({ providers: [Feed, Bare] })
      class AppModule {}
      const { mistakes, providers } = readModules(AppModule)
      expect(mistakes.map(({ fix }) => fix)).to.deep.equal([
        'move it to clients: [Feed]',
        'move it to clients: [Bare]',
      ])
      expect(providers).to.deep.equal([])
    })
  })

  describe('clients', () => {
    it('can be a class, or an entry that uses a class', () => {
      const wrong = [undefined, 'Feed', {}, { use: 'Feed' }] as unknown as ClientEntry[]
      @Module({ clients: wrong })
      class AppModule {}
      const { mistakes, clients } = readModules(AppModule)
      expect(mistakes.map(({ place }) => place)).to.deep.equal(
        wrong.map((_each, index) => `AppModule clients[${index}]`),
      )
      expect(clients).to.deep.equal([])
    })

    it('of the same class must have different names', () => {
      @WebSocketClient({ name: 'lobby' })
      class Chat extends Feed {}
      @Module({
        clients: [
          Chat,
          { use: Chat, name: 'lobby' },
          { use: Chat, name: 'games' },
          { use: Feed, name: 'lobby' },
        ],
      })
      class AppModule {}
      const { mistakes } = readModules(AppModule)
      expect(mistakes).to.deep.equal([
        {
          place: 'AppModule',
          cause: 'two Chat clients are named "lobby"',
          fix: 'give each a unique name: { use: Chat, name: … }',
        },
      ])
    })

    it('can have the same name if they use two classes with the same name', () => {
      const other = (() => {
        class Feed {
          @OnMessage() received(): void {}
        }
        return Feed
      })()
      @Module({ clients: [Feed, other] })
      class AppModule {}
      expect(linesOf(AppModule)).to.deep.equal([])
    })
  })
})
