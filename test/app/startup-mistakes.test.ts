import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Inject, Injectable } from '@nestjs/common'
import { expect } from 'chai'
import { transform } from 'esbuild'
import { container, delay, inject, injectable } from 'tsyringe'
import {
  bootstrap,
  Connection,
  Module,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  StartupError,
  WebSocketClient,
} from 'holdfast'
import type * as holdfast from 'holdfast'
import type { Class, Mistake } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import { failedStart, onlyMistake, startupError } from '../support/startup-error.js'

// Typical mistakes of newcomers, and the error that reports them with place, cause and fix.

class Listener {
  @OnMessage() received(): void {}
}

class Store {}

interface Settings {
  readonly limit: number
}

/** A decorator without its types, as in JavaScript. */
type Loose = (target: object, member: string, descriptor?: PropertyDescriptor) => void

/** Expects one mistake at this place whose cause and fix contain these words. */
function expectMistake({ place, cause, fix }: Mistake, wanted: Mistake): void {
  expect(place).to.equal(wanted.place)
  expect(cause).to.contain(wanted.cause)
  expect(fix).to.contain(wanted.fix)
}

describe('startup mistakes', () => {
  it('are thrown as one error whose message lists the place, cause, and fix of each mistake', async () => {
    class Ticker {
      @OnOpen() first(): void {}
      @OnOpen() second(): void {}
      @OnMessage('a') three(): void {}
      constructor(readonly store: Store) {}
    }
    Object.defineProperty(Ticker.prototype.three, 'length', { value: 3 })
    const error = await failedStart(Ticker, {
      url: 'http://peer.test/?token=secret',
      heartbeat: { interval: 1, silence: 2 },
    })
    expect(error).to.be.instanceOf(StartupError)
    expect(error.code).to.equal('HOLDFAST_STARTUP')
    expect(error.target).to.equal('Ticker')
    expect(error.message).to.equal(
      [
        'Cannot start Ticker: 5 mistakes found',
        '  1. Ticker#second: duplicate @OnOpen(): Ticker#first already has it',
        '     Fix: keep one, and call the other from it',
        '  2. Ticker#three: has 3 parameters, but handlers receive 2: the event and its context',
        '     Fix: inject the rest through the constructor',
        '  3. Ticker: the constructor has 1 parameter, but the class has no decorator',
        '     Fix: add @WebSocketClient() to the class',
        '  4. options.url: http://peer.test/ has the unsupported scheme "http"',
        '     Fix: use ws://',
        '  5. options.heartbeat: silence cannot be combined with interval',
        '     Fix: keep silence to listen only, or remove it',
      ].join('\n'),
    )
  })

  it('are reported again by the next bootstrap(), which creates nothing either', async () => {
    let made = 0
    class Twins {
      constructor() {
        made += 1
      }
      @OnOpen() first(): void {}
      @OnOpen() second(): void {}
    }
    expect((await onlyMistake(Twins)).place).to.equal('Twins#second')
    expect((await onlyMistake(Twins)).place).to.equal('Twins#second')
    expect(made).to.equal(0)
  })

  describe('in handlers', () => {
    it('no handlers', async () => {
      class Forgetful {
        received(): void {}
      }
      expectMistake(await onlyMistake(Forgetful), {
        place: 'Forgetful',
        cause: 'no handlers found',
        fix: 'decorate a method, for example with @OnMessage()',
      })
    })

    it('a module without @Module', async () => {
      class AppModule {}
      const { mistakes } = await failedStart(AppModule)
      expect(mistakes[0]?.fix).to.contain('add @Module({ clients: [TheClient] }) to make the class a module')
    })

    it('two @OnOpen', async () => {
      class Twins {
        @OnOpen() first(): void {}
        @OnOpen() second(): void {}
      }
      expectMistake(await onlyMistake(Twins), {
        place: 'Twins#second',
        cause: 'duplicate @OnOpen(): Twins#first already has it',
        fix: 'keep one',
      })
    })

    it('two handlers for one key', async () => {
      class Twins {
        @OnMessage('ticker') first(): void {}
        @OnMessage('ticker') second(): void {}
      }
      expectMistake(await onlyMistake(Twins), {
        place: 'Twins#second',
        cause: "duplicate @OnMessage('ticker'): Twins#first already has it",
        fix: 'keep one',
      })
    })

    it('two catch-alls', async () => {
      class Twins {
        @OnMessage() first(): void {}
        @OnMessage() second(): void {}
      }
      expectMistake(await onlyMistake(Twins), {
        place: 'Twins#second',
        cause: 'duplicate @OnMessage(): Twins#first already has it',
        fix: 'keep one',
      })
    })

    it('a decorator on a static method', async () => {
      class Static extends Listener {
        @OnClose() static closed(): void {}
      }
      expectMistake(await onlyMistake(Static), {
        place: 'Static#closed',
        cause: '@OnClose() cannot decorate a static member',
        fix: 'remove "static"',
      })
    })

    it('a decorator on an accessor', async () => {
      class Getter extends Listener {
        get closed(): number {
          return 1
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(Getter.prototype, 'closed')
      ;(OnClose() as Loose)(Getter.prototype, 'closed', descriptor)
      expectMistake(await onlyMistake(Getter), {
        place: 'Getter#closed',
        cause: '@OnClose() cannot decorate an accessor',
        fix: 'use a method: closed() { … }',
      })
    })

    it('a decorator on an arrow function in a property', async () => {
      class Arrow extends Listener {
        readonly closed = (): void => {}
      }
      ;(OnClose() as Loose)(Arrow.prototype, 'closed')
      expectMistake(await onlyMistake(Arrow), {
        place: 'Arrow#closed',
        cause: '@OnClose() cannot decorate a property',
        fix: 'use a method: closed() { … } instead of closed = () => …',
      })
    })

    it('a handler with three parameters', async () => {
      class Greedy {
        received(message: unknown, context: unknown, store: Store): unknown[] {
          return [message, context, store]
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(Greedy.prototype, 'received')
      ;(OnMessage() as Loose)(Greedy.prototype, 'received', descriptor)
      expectMistake(await onlyMistake(Greedy), {
        place: 'Greedy#received',
        cause: 'has 3 parameters, but handlers receive 2',
        fix: 'inject the rest through the constructor',
      })
    })

    it('an @OnError without an error class', async () => {
      class Odd {
        @OnError(undefined as never) failed(): void {}
      }
      expectMistake(await onlyMistake(Odd), {
        place: 'Odd#failed',
        cause: 'the argument of @OnError(undefined) is not an error class (circular import?)',
        fix: 'pass Error, a subclass, or nothing',
      })
    })
  })

  describe('in injection', () => {
    it('constructor parameters without a class decorator', async () => {
      class Undecorated extends Listener {
        constructor(readonly store: Store) {
          super()
        }
        @OnOpen() opened(): void {}
      }
      expectMistake(await onlyMistake(Undecorated), {
        place: 'Undecorated',
        cause: 'the constructor has 1 parameter, but the class has no decorator',
        fix: 'add @WebSocketClient() to the class',
      })
    })

    it('an undecorated subclass of a decorated class', async () => {
      @WebSocketClient()
      class Base extends Listener {
        constructor(
          readonly store: Store,
          readonly connection: Connection,
        ) {
          super()
        }
      }
      class Derived extends Base {}
      expectMistake(await onlyMistake(Derived), {
        place: 'Derived',
        cause: 'inherits a constructor with 2 parameters but has no class decorator',
        fix: 'add @WebSocketClient() to Derived',
      })
    })

    it('@inject with a token that has no provider', async () => {
      @WebSocketClient()
      class Limited extends Listener {
        constructor(
          readonly store: Store,
          @inject('limit') readonly limit: number,
        ) {
          super()
        }
      }
      expectMistake(await onlyMistake(Limited), {
        place: 'Limited, constructor parameter 2',
        cause: "no provider for 'limit'",
        fix: "add { provide: 'limit', useValue: … } to a module",
      })
    })

    it('an interface as a parameter type', async () => {
      @WebSocketClient()
      class Configured extends Listener {
        constructor(readonly settings: Settings) {
          super()
        }
      }
      expectMistake(await onlyMistake(Configured), {
        place: 'Configured, constructor parameter 1',
        cause: 'the type is an interface, a union, an object type, or a class imported with `import type`',
        fix: "provide a token and use @inject('theToken') from tsyringe",
      })
    })

    it('a dependency that cannot be created, at any depth', async () => {
      @injectable()
      class Repository {
        constructor(readonly path: string) {}
      }
      @injectable()
      class Prices {
        constructor(readonly repository: Repository) {}
      }
      @WebSocketClient()
      class Ticker extends Listener {
        constructor(readonly prices: Prices) {
          super()
        }
      }
      expect((await onlyMistake(Ticker)).place).to.equal('Repository, constructor parameter 1')
    })

    it('a provider of Nest, which would be a second instance', async () => {
      @Injectable()
      class NestStore {}
      @WebSocketClient()
      class Client {
        constructor(readonly store: NestStore) {}
        @OnMessage() received(): void {}
      }
      expect(await onlyMistake(Client)).to.deep.equal({
        place: 'Client, constructor parameter 1',
        cause:
          "NestStore has Nest's @Injectable, so Nest creates it, and Holdfast would create a second instance",
        fix: 'in a NestJS application, use HoldfastModule from holdfast/nestjs, which lets Nest create the client. Otherwise, add NestStore to the providers of a module, or remove @Injectable',
      })
    })

    it("no mistake if a module or the container provides a class with Nest's @Injectable", async () => {
      @Injectable()
      class NestStore {}
      @WebSocketClient({ url: 'ws://peer.test' })
      class Client {
        constructor(readonly store: NestStore) {}
        @OnMessage() received(): void {}
      }
      @Module({ providers: [NestStore], clients: [Client] })
      class AppModule {}
      const { connect } = new MemoryServer()
      const app = await bootstrap(AppModule, { transport: connect })
      expect(app.client(Client).instance.store).to.equal(app.get(NestStore))
      await app.close()
      const child = container.createChildContainer().register(NestStore, { useClass: NestStore })
      const client = await bootstrap(Client, { transport: connect, container: child })
      expect(client.instance.store).to.be.instanceOf(NestStore)
      await client.close()
    })

    it("Nest's @Inject, which only Nest reads", async () => {
      @WebSocketClient()
      class Client {
        constructor(@Inject('API_KEY') readonly key: string) {}
        @OnMessage() received(): void {}
      }
      expect(await onlyMistake(Client)).to.deep.equal({
        place: 'Client, constructor parameter 1',
        cause: "only Nest reads Nest's @Inject('API_KEY')",
        fix: "in a NestJS application, use HoldfastModule from holdfast/nestjs, which lets Nest create the client. Otherwise, list the tokens: @WebSocketClient({ inject: ['API_KEY'] })",
      })
    })

    it('a cycle, reported immediately', async () => {
      class First {
        constructor(readonly second: object) {}
      }
      class Second {
        constructor(readonly first: object) {}
      }
      inject(Second)(First, undefined, 0)
      inject(First)(Second, undefined, 0)
      injectable()(First)
      injectable()(Second)
      @WebSocketClient()
      class Circular extends Listener {
        constructor(readonly first: First) {
          super()
        }
      }
      const begun = performance.now()
      expectMistake(await onlyMistake(Circular), {
        place: 'First',
        cause: 'circular dependency: First → Second → First',
        fix: 'or use @inject(delay(() => TheClass)) from tsyringe',
      })
      // tsyringe itself would take seconds, or crash the process.
      expect(performance.now() - begun).to.be.below(500)
    })

    it('no mistake if delay() breaks a cycle', async () => {
      class First {
        constructor(readonly second: { readonly name: string }) {}
      }
      class Second {
        readonly name = 'second'
        constructor(readonly first: object) {}
      }
      inject(delay(() => Second))(First, undefined, 0)
      inject(First)(Second, undefined, 0)
      injectable()(First)
      injectable()(Second)
      @WebSocketClient()
      class Lazy extends Listener {
        constructor(readonly first: First) {
          super()
        }
      }
      const server = new MemoryServer()
      const client = await bootstrap(Lazy, 'ws://peer.test/', { transport: server.connect, logger: false })
      expect(client.instance.first.second.name).to.equal('second')
      await client.close()
    })
  })

  describe('caused by compilers', () => {
    const source = `
      import 'reflect-metadata'
      import { Connection, OnMessage, WebSocketClient } from 'holdfast'

      @WebSocketClient()
      export class Compiled {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(message: unknown) {}
      }

      export class Undecorated {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(message: unknown) {}
      }

      @WebSocketClient({ inject: [Connection] })
      export class Named {
        constructor(readonly connection: Connection) {}
        @OnMessage() received(message: unknown) {}
      }

      export class Arrow {
        @OnMessage() received = (message: unknown) => {}
      }

      export class Elsewhere {
        @OnMessage() static received(message: unknown) {}
        @OnMessage() get value() { return 1 }
      }
    `

    type Compiled = Record<'Compiled' | 'Undecorated' | 'Named' | 'Arrow' | 'Elsewhere', Class>

    let folder: string

    /** Compiles with esbuild, which emits no types for decorators, and loads the result. */
    async function compile(experimentalDecorators: boolean): Promise<Compiled> {
      const tsconfigRaw = { compilerOptions: { experimentalDecorators, emitDecoratorMetadata: true } }
      const { code } = await transform(source, { loader: 'ts', target: 'es2022', tsconfigRaw })
      const file = join(folder, `experimental-${experimentalDecorators}.mjs`)
      await writeFile(file, code)
      return (await import(pathToFileURL(file).href)) as Compiled
    }

    before(async () => {
      // Inside the project, so that the package can import itself by name.
      folder = await mkdtemp(fileURLToPath(new URL('../../compiled-', import.meta.url)))
    })

    after(() => rm(folder, { recursive: true }))

    it('a compiler that omits the types (esbuild, with experimentalDecorators)', async () => {
      const { Compiled, Undecorated } = await compile(true)
      expectMistake(await onlyMistake(Compiled), {
        place: 'Compiled',
        cause: 'the constructor has 1 parameter, but the compiler emitted no type metadata',
        fix: 'set "experimentalDecorators": true and "emitDecoratorMetadata": true in tsconfig.json, and compile with tsc, or list the tokens: ',
      })
      const { fix } = await onlyMistake(Undecorated)
      expect(fix).to.contain('add @WebSocketClient() to the class, then set "experimentalDecorators"')
      expect(fix).to.contain('or list the tokens: @WebSocketClient({ inject: [A, B] })')
    })

    it('no mistake if inject lists the tokens', async () => {
      const { Named } = await compile(true)
      const server = new MemoryServer()
      const client = await bootstrap(Named, 'ws://peer.test/', { transport: server.connect, logger: false })
      expect((client.instance as { connection: Connection }).connection).to.equal(client.connection)
      await client.close()
    })

    it('a property, a static member, and an accessor, even under esbuild', async () => {
      const { Arrow, Elsewhere } = await compile(true)
      expectMistake((await failedStart(Arrow)).mistakes[0]!, {
        place: 'Arrow#received',
        cause: '@OnMessage() cannot decorate a property',
        fix: 'use a method: received() { … }',
      })
      const { mistakes } = await failedStart(Elsewhere)
      expect(mistakes.map(({ place, cause }) => `${place}: ${cause}`)).to.have.members([
        'Elsewhere#received: @OnMessage() cannot decorate a static member',
        'Elsewhere#value: @OnMessage() cannot decorate an accessor',
      ])
    })

    it('standard decorators (esbuild, without experimentalDecorators)', async () => {
      const { Compiled, Arrow, Elsewhere } = await compile(false)
      const { mistakes } = await failedStart(Compiled)
      expect(mistakes).to.have.length(1)
      expectMistake(mistakes[0]!, {
        place: 'Compiled',
        cause: 'the compiler emitted no type metadata',
        fix: 'or list the tokens: @WebSocketClient({ inject: [A, B] })',
      })
      expect((await onlyMistake(Arrow)).place).to.equal('Arrow#received')
      expect((await failedStart(Elsewhere)).mistakes.map(({ place }) => place)).to.have.members([
        'Elsewhere#received',
        'Elsewhere#value',
      ])
    })
  })

  describe('in options', () => {
    const rows: [what: string, options: object, wanted: Mistake][] = [
      [
        'no URL',
        {},
        {
          place: 'Listener',
          cause: 'no URL given',
          fix: "pass one: bootstrap(Listener, 'wss://…'), or @WebSocketClient({ url: 'wss://…' })",
        },
      ],
      [
        'an invalid URL',
        { url: 'peer.test/feed?token=secret' },
        {
          place: 'options.url',
          cause: "'peer.test/feed' is not an absolute URL",
          fix: "include scheme and host: 'wss://example.com/feed'",
        },
      ],
      [
        'the scheme of http',
        { url: 'http://peer.test/' },
        {
          place: 'options.url',
          cause: 'http://peer.test/ has the unsupported scheme "http"',
          fix: 'use ws://',
        },
      ],
      [
        'the scheme of https',
        { url: 'https://peer.test/' },
        { place: 'options.url', cause: 'has the unsupported scheme "https"', fix: 'use wss://' },
      ],
      [
        'a fragment',
        { url: 'wss://peer.test/feed#top' },
        { place: 'options.url', cause: 'contains a fragment', fix: 'remove "#"' },
      ],
      [
        'an invalid subprotocol',
        { protocols: ['a, b'] },
        {
          place: 'options.protocols[0]',
          cause: 'invalid subprotocol name',
          fix: 'no spaces, commas, or slashes',
        },
      ],
      [
        'a duplicate subprotocol',
        { protocols: ['a', 'a'] },
        { place: 'options.protocols[1]', cause: 'duplicate subprotocol', fix: 'remove the duplicate' },
      ],
      [
        'a header with a line feed',
        { headers: { authorization: 'Bearer tok-5d0c\n' } },
        {
          place: 'options.headers["authorization"]',
          cause: 'the value contains U+000A at position 15',
          fix: 'value.trim()',
        },
      ],
      [
        'a header name with a space',
        { headers: { 'x a': 'b' } },
        { place: 'options.headers["x a"]', cause: 'invalid header name', fix: 'no spaces' },
      ],
      [
        'a heartbeat with silence and interval',
        { heartbeat: { silence: 1_000, interval: 1_000 } },
        {
          place: 'options.heartbeat',
          cause: 'silence cannot be combined with interval',
          fix: 'keep silence',
        },
      ],
      [
        'an initialDelay above maxDelay',
        { reconnect: { initialDelay: 5_000, maxDelay: 1_000 } },
        {
          place: 'options.reconnect',
          cause: 'initialDelay (5000) exceeds maxDelay (1000)',
          fix: 'lower initialDelay or raise maxDelay',
        },
      ],
      [
        'delays with maxDelay',
        { reconnect: { delays: [1_000], maxDelay: 1_000 } },
        { place: 'options.reconnect', cause: 'delays replaces maxDelay', fix: 'remove one' },
      ],
      [
        'a misspelled option',
        { hartbeat: false },
        { place: 'options.hartbeat', cause: 'unknown option', fix: 'did you mean "heartbeat"?' },
      ],
      [
        'a misspelled member of an option',
        { reconnect: { maxattempts: 1 } },
        {
          place: 'options.reconnect.maxattempts',
          cause: 'unknown option',
          fix: 'did you mean "maxAttempts"?',
        },
      ],
      [
        'an invalid time',
        { connectTimeout: -1 },
        {
          place: 'options.connectTimeout',
          cause: 'expected milliseconds from 1 to 2147483647, received -1',
          fix: 'use a number',
        },
      ],
    ]

    for (const [what, options, wanted] of rows) {
      it(what, async () => {
        const url = what === 'no URL' ? {} : { url: 'ws://peer.test/' }
        expectMistake(await onlyMistake(Listener, { ...url, ...options }), wanted)
      })
    }

    it('an option on the class', async () => {
      @WebSocketClient({ url: 'https://peer.test/' })
      class Secure extends Listener {}
      expect((await onlyMistake(Secure, {})).fix).to.equal('use wss://')
    })
  })

  describe('caused by several copies of Holdfast', () => {
    it("another copy's Connection, reported as such and not as a class without types", async () => {
      // Next to the package, so that its imports are found.
      const folder = await mkdtemp(fileURLToPath(new URL('../../copy-', import.meta.url)))
      try {
        await cp(fileURLToPath(new URL('../../../dist', import.meta.url)), folder, { recursive: true })
        const other = (await import(pathToFileURL(join(folder, 'index.js')).href)) as typeof holdfast
        class Ticker extends Listener {
          constructor(readonly connection: holdfast.Connection) {
            super()
          }
        }
        WebSocketClient({ inject: [other.Connection] })(Ticker)
        expect(other.Connection).not.to.equal(Connection)
        expectMistake(await onlyMistake(Ticker), {
          place: 'Ticker, constructor parameter 1',
          cause: 'Connection comes from another copy of holdfast (version ',
          fix: '"npm ls holdfast"',
        })
        // Decorators of another copy count.
        class Feed {
          received(): void {}
        }
        other.defineHandlers(Feed, { message: 'received' })
        expect((await onlyMistake(Feed, {})).cause).to.equal('no URL given')
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  })

  describe('in modules', () => {
    /** Starts a module, and returns its only mistake. */
    async function moduleMistake(module: Class): Promise<Mistake> {
      const server = new MemoryServer()
      const { mistakes } = await startupError(bootstrap(module, { transport: server.connect, logger: false }))
      expect(mistakes, JSON.stringify(mistakes)).to.have.length(1)
      expect(server.peers).to.have.length(0)
      return mistakes[0]!
    }

    it('a token provided twice', async () => {
      @Module({ providers: [Store] })
      class StorageModule {}
      @Module({
        imports: [StorageModule],
        providers: [Store],
        clients: [{ use: Listener, url: 'ws://peer.test/' }],
      })
      class AppModule {}
      expectMistake(await moduleMistake(AppModule), {
        place: 'AppModule',
        cause: 'Store is provided by both StorageModule and AppModule',
        fix: 'remove one: all modules share a container',
      })
    })

    it('an import that is not a module', async () => {
      @Module({ imports: [Store], clients: [{ use: Listener, url: 'ws://peer.test/' }] })
      class AppModule {}
      expectMistake(await moduleMistake(AppModule), {
        place: 'AppModule imports[0]',
        cause: 'Store is not a module',
        fix: 'add @Module({ … }) to it',
      })
    })

    it('a client without a URL', async () => {
      @Module({ clients: [Listener] })
      class AppModule {}
      expect((await moduleMistake(AppModule)).place).to.equal('AppModule clients[0] (Listener)')
    })

    it('an undefined URL, for example from an environment variable that is not set', async () => {
      const other = { use: Listener, url: 'ws://peer.test/', name: 'other' }
      @Module({ clients: [other, { use: Listener, url: process.env['NOT_SET'] }] })
      class AppModule {}
      expect(await moduleMistake(AppModule)).to.deep.equal({
        place: 'AppModule clients[1] (Listener)',
        cause: 'no URL given: url is undefined',
        fix: "add one: { use: Listener, url: 'wss://…' }, or @WebSocketClient({ url: 'wss://…' }) on Listener",
      })
    })

    it('an option in a client entry, reported with the entry', async () => {
      @Module({ clients: [{ use: Listener, name: 'lobby', url: 'localhost:8080' }] })
      class AppModule {}
      expectMistake(await moduleMistake(AppModule), {
        place: 'AppModule clients[0] (Listener), options.url',
        cause: "'localhost:8080' has no scheme",
        fix: 'include the scheme: ws://localhost:8080',
      })
    })

    it('a client that a provider or another client injects', async () => {
      class Service {
        constructor(readonly listener: Listener) {}
      }
      @WebSocketClient({ inject: [Listener] })
      class Other {
        constructor(readonly listener: Listener) {}
        @OnMessage() received(): void {}
      }
      const provider = { provide: Service, useFactory: (l: Listener) => new Service(l), inject: [Listener] }
      const url = 'ws://peer.test/'
      const clients = [{ use: Listener, url }]
      for (const options of [
        { providers: [provider], clients },
        { clients: [...clients, { use: Other, url }] },
      ]) {
        class AppModule {}
        Module(options)(AppModule)
        expect((await moduleMistake(AppModule)).cause).to.contain('cannot inject the client Listener')
      }
    })

    it('a cycle among providers', async () => {
      @Module({
        providers: [
          { provide: 'a', useFactory: () => 1, inject: ['b'] },
          { provide: 'b', useExisting: 'a' },
        ],
      })
      class AppModule {}
      expectMistake(await moduleMistake(AppModule), {
        place: "'a'",
        cause: "circular dependency: 'a' → 'b' → 'a'",
        fix: 'extract the shared part into a third class',
      })
    })
  })
})
