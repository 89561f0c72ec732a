import { expect } from 'chai'
import { container as globalContainer, inject, injectable, singleton } from 'tsyringe'
import {
  Application,
  bootstrap,
  defineHandlers,
  Client,
  Connection,
  ConnectionClosedError,
  HandshakeError,
  Heartbeat,
  InvalidUrlError,
  JsonSender,
  Logger,
  Module,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  RetriesExhaustedError,
  WebSocketClient,
} from 'holdfast'
import type { Class, ClientOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { failedStart, startupError } from '../support/startup-error.js'

/** Names of the disposed instances, in order. */
let disposed: string[] = []

class Listener {
  readonly messages: unknown[] = []
  closes = 0
  @OnMessage() received(message: unknown): void {
    this.messages.push(message)
  }
  @OnClose() closed(): void {
    this.closes += 1
  }
}

/** A clock and a server in memory, and the options that use them. */
function fakes(more: ClientOptions = {}) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const options: ClientOptions = {
    transport: server.connect,
    clock,
    random: () => 0.5,
    logger: false,
    ...more,
  }
  return { server, clock, options }
}

/** Returns the reason of a promise's rejection. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (thrown: unknown) => thrown,
  )
}

describe('bootstrap', () => {
  beforeEach(() => {
    disposed = []
  })

  it('connects, passes messages to the handlers, and closes without leaving a timer running', async () => {
    const { server, clock, options } = fakes()
    const client = await bootstrap(Listener, 'ws://peer.test/', options)
    server.peer.send({ a: 1 })
    expect(client.instance.messages).to.deep.equal([{ a: 1 }])
    await client.close()
    expect(clock.timers).to.equal(0)
  })

  it('resolves once @OnOpen has completed', async () => {
    let finish: (() => void) | undefined
    class Slow {
      @OnOpen() opened(): Promise<void> {
        return new Promise((resolve) => {
          finish = resolve
        })
      }
    }
    const { clock, options } = fakes()
    let isReady = false
    const starting = bootstrap(Slow, 'ws://peer.test/', options)
    void starting.then(() => {
      isReady = true
    })
    await clock.settle()
    expect(isReady).to.equal(false)
    finish?.()
    await (await starting).close()
  })

  it('retries the first connection attempt like any other', async () => {
    const { server, clock, options } = fakes()
    server.onAttempt = (peer) => peer.refuse()
    const starting = bootstrap(Listener, 'ws://peer.test/', options)
    await clock.advance(2_000)
    server.onAttempt = (peer) => peer.accept()
    await clock.advance(10_000)
    const client = await starting
    expect(server.peers.length).to.be.at.least(3)
    await client.close()
  })

  describe('if @OnOpen is synchronous', () => {
    @WebSocketClient({ outbox: false })
    class Eager {
      constructor(protected readonly connection: Connection) {}

      @OnOpen() opened(): void {
        void this.connection.send('at once')
        void this.later()
      }

      protected async later(): Promise<void> {
        await Promise.resolve()
        void this.connection.send('later')
      }
    }

    it('sends its messages and those of the work it started, even without an outbox', async () => {
      const { server, options } = fakes()
      await bootstrap(Eager, 'ws://peer.test/', options)
      expect(server.peer.received).to.deep.equal(['at once', 'later'])
    })

    it('rejects with its error', async () => {
      class Failing {
        @OnOpen() opened(): void {
          throw new Error('no')
        }
      }
      const { options } = fakes()
      expect(await rejection(bootstrap(Failing, 'ws://peer.test/', options)))
        .to.be.an('error')
        .with.property('message', 'no')
    })

    it('waits for an asynchronous override', async () => {
      let finish: (() => void) | undefined
      @WebSocketClient()
      class Wrapped extends Eager {
        constructor(connection: Connection) {
          super(connection)
          const gate = new Promise<void>((resolve) => (finish = resolve))
          this.opened = () => gate.then(() => void connection.send('after the gate')) as never
        }
      }
      const { server, options } = fakes()
      let isReady = false
      const starting = bootstrap(Wrapped, 'ws://peer.test/', options).then(() => (isReady = true))
      while (!finish) await Promise.resolve()
      for (let count = 0; count < 100; count += 1) await Promise.resolve()
      expect(isReady).to.equal(false)
      finish()
      await starting
      expect(server.peer.received).to.deep.equal(['after the gate'])
    })
  })

  describe('arguments', () => {
    it('are a class and a URL, as a string, a URL object or a function', async () => {
      for (const url of ['ws://peer.test/a', new URL('ws://peer.test/a'), () => 'ws://peer.test/a']) {
        const { server, options } = fakes()
        const client = await bootstrap(Listener, url, options)
        expect(client).to.be.instanceOf(Client)
        expect(server.peer.request.url).to.equal('ws://peer.test/a')
        await client.close()
      }
    })

    it('can be a class and options only', async () => {
      const { server, options } = fakes()
      const client = await bootstrap(Listener, { ...options, url: 'ws://peer.test/b' })
      expect(server.peer.request.url).to.equal('ws://peer.test/b')
      await client.close()
    })

    it('can be a class, no URL, and options', async () => {
      const { server, options } = fakes()
      const client = await bootstrap(Listener, undefined, { ...options, url: 'ws://peer.test/c' })
      expect(server.peer.request.url).to.equal('ws://peer.test/c')
      await client.close()
    })

    it('make bootstrap return an Application if the target is a module', async () => {
      @Module({})
      class AppModule {}
      const application = await bootstrap(AppModule)
      expect(application).to.be.instanceOf(Application)
      await application.close()
    })

    it('are reported if a module is passed with a URL, because its clients have their own URLs', async () => {
      @Module({})
      class AppModule {}
      const error = await startupError(bootstrap(AppModule, 'ws://peer.test/'))
      expect(error.mistakes).to.deep.equal([
        {
          place: 'AppModule',
          cause: 'a module cannot take a URL',
          fix: "set it on a client: clients: [{ use: TheClient, url: 'wss://…' }]",
        },
      ])
    })

    it('are reported if the target is not a class', async () => {
      const wrong: [unknown, string][] = [
        [undefined, 'expected a class, received undefined (circular import?)'],
        ['Listener', 'expected a class, received a string'],
        [new Listener(), 'expected a class, received an instance of Listener'],
        [WebSocketClient(), 'expected a class, received a function'],
        [async () => Listener, 'expected a class, received a function'],
        [Promise.resolve(Listener), 'expected a class, received an instance of Promise'],
        [[Listener], 'expected a class, received an array'],
        [Object.create(null), 'expected a class, received a plain object'],
        ['wss://peer.test/?token=secret', 'expected a class, received a string'],
      ]
      for (const [target, cause] of wrong) {
        const error = await startupError(bootstrap(target as Class, 'ws://peer.test/'))
        expect(error.message).to.match(/^Cannot start the application: 1 mistake found/)
        expect(error.mistakes[0]).to.deep.include({ place: 'bootstrap', cause })
      }
    })

    it('are reported with a fix if the target is not a class', async () => {
      const right: [unknown, string][] = [
        [undefined, 'break the circular import'],
        [new Listener(), 'bootstrap(Listener, url)'],
        ['Listener', 'bootstrap(TheClient, url)'],
        [() => Listener, 'add parentheses to its decorators: @WebSocketClient(), @Module({ … })'],
        [Promise.resolve(Listener), 'await it'],
        [[Listener], '@Module({ clients: [A, B] })'],
      ]
      for (const [target, fix] of right) {
        const error = await startupError(bootstrap(target as Class))
        expect(error.mistakes[0]?.fix).to.contain(fix)
      }
    })

    it('are reported if the options are not an object', async () => {
      const starting = bootstrap(Listener, 'ws://peer.test/', 'secret' as ClientOptions)
      expect((await startupError(starting)).mistakes).to.deep.equal([
        {
          place: 'options',
          cause: 'expected an object, received a string',
          fix: 'call bootstrap(Listener, url, { … })',
        },
      ])
    })

    it('can be an unnamed class, which error messages describe', async () => {
      const anonymous = (() =>
        class {
          opened(): void {}
          again(): void {}
        })()
      defineHandlers(anonymous, { open: ['opened', 'again'] as never })
      const error = await startupError(bootstrap(anonymous))
      expect(error.message.split('\n').slice(0, 2)).to.deep.equal([
        'Cannot start an anonymous class: 2 mistakes found',
        "  1. an anonymous class#again: duplicate open: ['again']: an anonymous class#opened already has it",
      ])
    })

    it('treat null as a missing URL, not as options', async () => {
      const error = await startupError(bootstrap(Listener, null as unknown as string))
      expect(error.mistakes[0]?.place).to.equal('options.url')
    })
  })

  describe('options', () => {
    @WebSocketClient({ url: 'ws://class.test/', protocols: 'class', name: 'fromClass' })
    class Configured extends Listener {}

    it('from the class are the defaults', async () => {
      const { server, options } = fakes()
      server.onAttempt = (peer) => peer.accept({ protocol: 'class' })
      const client = await bootstrap(Configured, options)
      expect(server.peer.request.url).to.equal('ws://class.test/')
      expect(server.peer.request.protocols).to.deep.equal(['class'])
      expect(client.name).to.equal('fromClass')
      await client.close()
    })

    it('passed to bootstrap override those from the class, and its URL argument overrides both', async () => {
      const { server, options } = fakes({ url: 'ws://options.test/', protocols: [], name: 'given' })
      const client = await bootstrap(Configured, 'ws://argument.test/', options)
      expect(server.peer.request.url).to.equal('ws://argument.test/')
      expect(server.peer.request.protocols).to.deep.equal([])
      expect(client.name).to.equal('given')
      await client.close()
    })

    it('that are undefined keep the class options and the defaults (B42)', async () => {
      const { server, options } = fakes({ url: undefined, name: undefined, protocols: undefined })
      server.onAttempt = (peer) => peer.accept({ protocol: 'class' })
      const client = await bootstrap(Configured, undefined, { ...options, maxPayload: undefined })
      expect(server.peer.request.url).to.equal('ws://class.test/')
      expect(server.peer.request.maxPayload).to.equal(32 * 1024 * 1024)
      expect(client.name).to.equal('fromClass')
      await client.close()
    })

    it('are inherited by subclasses', async () => {
      class Derived extends Configured {}
      const { server, options } = fakes({ protocols: [] })
      const client = await bootstrap(Derived, options)
      expect(server.peer.request.url).to.equal('ws://class.test/')
      await client.close()
    })

    it('for bootstrap only are rejected on a class, and inject is rejected by bootstrap', async () => {
      const { mistakes } = await failedStart(Listener, {
        url: 'ws://peer.test/',
        inject: [],
      } as ClientOptions)
      expect(mistakes.map(({ place }) => place)).to.deep.equal(['options.inject'])
    })
  })

  describe('signal', () => {
    it('aborts an attempt, and bootstrap rejects with the reason (B14)', async () => {
      const controller = new AbortController()
      const { server, clock, options } = fakes({ signal: controller.signal })
      server.onAttempt = () => {}
      const starting = rejection(bootstrap(Listener, 'ws://peer.test/', options))
      await clock.settle()
      const reason = new Error('too long')
      controller.abort(reason)
      expect(await starting).to.equal(reason)
      expect(server.peer.isEnded).to.equal(true)
      await clock.advance(60_000)
      expect(server.peers).to.have.length(1)
      expect(clock.timers).to.equal(0)
    })

    it('aborts the wait for the next attempt (B14)', async () => {
      const controller = new AbortController()
      const { server, clock, options } = fakes({ signal: controller.signal })
      server.onAttempt = (peer) => peer.refuse()
      const starting = rejection(bootstrap(Listener, 'ws://peer.test/', options))
      await clock.settle()
      controller.abort('a reason that is not an Error')
      expect(await starting).to.equal('a reason that is not an Error')
      await clock.advance(60_000)
      expect(server.peers).to.have.length(1)
    })

    it('ends a pending @OnOpen within closeTimeout, and @OnClose still runs', async () => {
      const controller = new AbortController()
      let closes = 0
      class Slow {
        @OnOpen() opened(): Promise<void> {
          return new Promise(() => {})
        }
        @OnClose() closed(): void {
          closes += 1
        }
      }
      const { clock, options } = fakes({ signal: controller.signal, closeTimeout: 100 })
      const starting = rejection(bootstrap(Slow, 'ws://peer.test/', options))
      await clock.settle()
      controller.abort()
      await clock.advance(100)
      expect(await starting).to.equal(controller.signal.reason)
      expect(closes).to.equal(1)
      expect(clock.timers).to.equal(0)
    })

    it('creates nothing if it has already aborted', async () => {
      let made = 0
      class Counted extends Listener {
        constructor() {
          super()
          made += 1
        }
      }
      const { server, options } = fakes({ signal: AbortSignal.abort('before') })
      expect(await rejection(bootstrap(Counted, 'ws://peer.test/', options))).to.equal('before')
      expect(made).to.equal(0)
      expect(server.peers).to.have.length(0)
    })

    it('ends the attempt if a constructor aborts it', async () => {
      const controller = new AbortController()
      class Aborting extends Listener {
        constructor() {
          super()
          controller.abort('from within')
        }
      }
      const { server, clock, options } = fakes({ signal: controller.signal })
      server.onAttempt = () => {}
      expect(await rejection(bootstrap(Aborting, 'ws://peer.test/', options))).to.equal('from within')
      expect(clock.timers).to.equal(0)
    })

    it('has no effect after bootstrap', async () => {
      const controller = new AbortController()
      const { server, options } = fakes({ signal: controller.signal })
      const client = await bootstrap(Listener, 'ws://peer.test/', options)
      controller.abort()
      expect(client.connection.state.status).to.equal('open')
      expect(server.live).to.equal(1)
      await client.close()
    })
  })

  describe('rejects', () => {
    it('with ConnectionClosedError if the connection is closed before it has opened', async () => {
      let connection: Connection | undefined
      @WebSocketClient()
      class Closing extends Listener {
        constructor(given: Connection) {
          super()
          connection = given
        }
      }
      const { server, clock, options } = fakes()
      server.onAttempt = () => {}
      const starting = rejection(bootstrap(Closing, 'ws://peer.test/', options))
      await clock.settle()
      await connection!.close()
      expect(await starting).to.be.instanceOf(ConnectionClosedError)
      expect(clock.timers).to.equal(0)
    })

    it('with ConnectionClosedError if a constructor closes the connection, and never connects', async () => {
      @WebSocketClient()
      class Closing extends Listener {
        constructor(connection: Connection) {
          super()
          void connection.close()
        }
      }
      const { server, options } = fakes()
      const starting = bootstrap(Closing, 'ws://peer.test/', options)
      expect(await rejection(starting)).to.be.instanceOf(ConnectionClosedError)
      expect(server.peers).to.have.length(0)
    })

    it('with the error that caused a fatal failure', async () => {
      const refusal = new HandshakeError('ws://peer.test/', 'answered with 401', { status: 401 })
      const { server, options } = fakes()
      server.onAttempt = (peer) => peer.refuse(refusal)
      expect(await rejection(bootstrap(Listener, 'ws://peer.test/', options))).to.equal(refusal)
      expect(server.peers).to.have.length(1)
    })

    it('with InvalidUrlError if the url function returns an invalid URL', async () => {
      const { server, options } = fakes()
      const starting = bootstrap(Listener, () => 'http://peer.test/', options)
      expect(await rejection(starting)).to.be.instanceOf(InvalidUrlError)
      expect(server.peers).to.have.length(0)
    })

    it('with RetriesExhaustedError if all attempts fail', async () => {
      const { server, clock, options } = fakes({ reconnect: { maxAttempts: 2 } })
      server.onAttempt = (peer) => peer.refuse()
      const starting = rejection(bootstrap(Listener, 'ws://peer.test/', options))
      await clock.advance(10_000)
      expect(await starting).to.be.instanceOf(RetriesExhaustedError)
      expect(server.peers).to.have.length(2)
    })

    it('with the error from the first @OnOpen, once everything is closed', async () => {
      const failure = new Error('no login')
      class Refused {
        @OnOpen() opened(): void {
          throw failure
        }
        @OnError() failed(): void {}
      }
      const { server, clock, options } = fakes()
      const starting = rejection(bootstrap(Refused, 'ws://peer.test/', options))
      await clock.settle()
      expect(await starting).to.equal(failure)
      expect(server.live).to.equal(0)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('creating', () => {
    @injectable()
    class Resource {
      dispose(): void {
        disposed.push('Resource')
      }
    }

    it('injects everything that belongs to its connection', async () => {
      @WebSocketClient()
      class Equipped extends Listener {
        constructor(
          readonly connection: Connection,
          readonly sender: JsonSender,
          readonly heartbeat: Heartbeat,
          readonly logger: Logger,
        ) {
          super()
        }
      }
      const lines: string[] = []
      const logger: Logger = { debug() {}, info: (line) => lines.push(line), warn() {}, error() {} }
      const { server, options } = fakes({ logger })
      const client = await bootstrap(Equipped, 'ws://peer.test/', options)
      expect(client.instance.connection).to.equal(client.connection)
      void client.instance.sender.send({ hello: 1 })
      expect(server.peer.received).to.deep.equal(['{"hello":1}'])
      expect(client.instance.heartbeat).to.be.instanceOf(Heartbeat)
      client.instance.logger.info('mine')
      expect(lines.at(-1)).to.equal('[Equipped] mine')
      await client.close()
    })

    it('shares nothing between two clients of one class', async () => {
      @WebSocketClient()
      class Owner extends Listener {
        constructor(
          readonly resource: Resource,
          readonly connection: Connection,
        ) {
          super()
        }
      }
      const first = await bootstrap(Owner, 'ws://peer.test/', fakes().options)
      const second = await bootstrap(Owner, 'ws://peer.test/', fakes().options)
      expect(first.instance.resource).not.to.equal(second.instance.resource)
      expect(first.connection.id).not.to.equal(second.connection.id)
      await first.close()
      expect(disposed).to.deep.equal(['Resource'])
      await second.close()
    })

    it('uses inject instead of the types that a compiler omits', async () => {
      class Untyped extends Listener {
        constructor(
          readonly resource: Resource,
          readonly limit: number,
        ) {
          super()
        }
      }
      WebSocketClient({ inject: [Resource, 'limit'] })(Untyped)
      const container = globalContainer.createChildContainer()
      container.register('limit', { useValue: 3 })
      const client = await bootstrap(Untyped, 'ws://peer.test/', fakes({ container }).options)
      expect(client.instance.resource).to.be.instanceOf(Resource)
      expect(client.instance.limit).to.equal(3)
      await client.close()
    })

    it('accepts a class with @injectable() from tsyringe, and a class without parameters or a class decorator', async () => {
      @injectable()
      class Tsyringe extends Listener {
        constructor(@inject(Resource) readonly resource: Resource) {
          super()
        }
      }
      const client = await bootstrap(Tsyringe, 'ws://peer.test/', fakes().options)
      expect(client.instance.resource).to.be.instanceOf(Resource)
      await client.close()
    })

    it('disposes of the dependencies, ends the connection, and names the class if the constructor throws', async () => {
      let connection: Connection | undefined
      @WebSocketClient()
      class Exploding extends Listener {
        constructor(_resource: Resource, given: Connection) {
          super()
          connection = given
          throw new RangeError('boom')
        }
      }
      const { server, clock, options } = fakes()
      const error = await startupError(bootstrap(Exploding, 'ws://peer.test/', options))
      expect(error.mistakes).to.deep.equal([
        {
          place: 'Exploding',
          cause: 'could not be created: boom',
          fix: 'only assign fields in the constructor; move work that can fail to @OnOpen',
        },
      ])
      expect(error.cause).to.be.instanceOf(RangeError)
      expect(disposed).to.deep.equal(['Resource'])
      expect(connection!.state.status).to.equal('closed')
      expect(server.peers).to.have.length(0)
      expect(clock.timers).to.equal(0)
    })

    it("reports a constructor that returns a promise, and ignores the promise's rejection", async () => {
      for (const container of [undefined, globalContainer.createChildContainer()]) {
        class Async extends Listener {
          constructor() {
            super()
            return Promise.reject(new Error('no token')) as unknown as this
          }
        }
        const { server, options } = fakes({ ...(container && { container }) })
        const error = await startupError(bootstrap(Async, 'ws://peer.test/', options))
        expect(error.mistakes).to.deep.equal([
          {
            place: 'Async',
            cause: 'the constructor returned a promise, not an instance',
            fix: 'only assign fields there; move asynchronous work to @OnOpen',
          },
        ])
        expect(server.peers).to.have.length(0)
      }
    })

    it('reports a provider whose constructor returns a promise', async () => {
      class Async {
        constructor() {
          return Promise.resolve(this)
        }
      }
      @Module({ providers: [Async], clients: [{ use: Listener, url: 'ws://peer.test/' }] })
      class AppModule {}
      const error = await startupError(bootstrap(AppModule, fakes().options))
      expect(error.mistakes[0]).to.deep.include({
        place: 'Async',
        cause: 'the constructor returned a promise',
      })
    })

    it('reports a singleton whose constructor throws like any other class', async () => {
      @singleton()
      class Broken {
        constructor() {
          throw new Error('no disk')
        }
      }
      @WebSocketClient()
      class Needy extends Listener {
        constructor(readonly broken: Broken) {
          super()
        }
      }
      const error = await startupError(bootstrap(Needy, 'ws://peer.test/', fakes().options))
      expect(error.mistakes[0]?.cause).to.equal('could not be created: no disk')
    })
  })

  describe('disposing', () => {
    class Inner {
      [Symbol.dispose](): void {
        disposed.push('Inner')
      }
    }
    @injectable()
    class Middle {
      constructor(readonly inner: Inner) {}
      async [Symbol.asyncDispose](): Promise<void> {
        await Promise.resolve()
        disposed.push('Middle')
      }
    }
    @WebSocketClient()
    class Outer extends Listener {
      constructor(readonly middle: Middle) {
        super()
      }
      dispose(): void {
        disposed.push(`Outer after ${this.closes} @OnClose`)
      }
    }

    it('follows @OnClose in reverse order, using dispose(), Symbol.asyncDispose, or Symbol.dispose', async () => {
      const client = await bootstrap(Outer, 'ws://peer.test/', fakes().options)
      await client.close()
      expect(disposed).to.deep.equal(['Outer after 1 @OnClose', 'Middle', 'Inner'])
    })

    it('also follows when the server ends the connection', async () => {
      const { server, clock, options } = fakes({ reconnect: false })
      const client = await bootstrap(Outer, 'ws://peer.test/', options)
      server.peer.close(1000)
      await clock.settle()
      await client.closed
      expect(disposed).to.have.length(3)
    })

    it('logs a failure and continues (B44)', async () => {
      class Failing {
        dispose(): void {
          throw new Error('stuck')
        }
      }
      @WebSocketClient()
      class Two extends Listener {
        constructor(
          readonly inner: Inner,
          readonly failing: Failing,
        ) {
          super()
        }
      }
      const lines: string[] = []
      const logger: Logger = { debug() {}, info() {}, warn() {}, error: (line) => lines.push(line) }
      const client = await bootstrap(Two, 'ws://peer.test/', fakes({ logger }).options)
      await client.close()
      expect(disposed).to.deep.equal(['Inner'])
      expect(lines).to.have.length(1)
      expect(lines[0]).to.contain('[Two] close: a dispose method threw: stuck')
    })

    it('stops waiting after closeTimeout, and logs that', async () => {
      class Hanging {
        dispose(): Promise<void> {
          return new Promise(() => {})
        }
      }
      @WebSocketClient()
      class Stuck extends Listener {
        constructor(readonly hanging: Hanging) {
          super()
        }
      }
      const lines: string[] = []
      const logger: Logger = { debug() {}, info() {}, warn() {}, error: (line) => lines.push(line) }
      const { clock, options } = fakes({ logger, closeTimeout: 100 })
      const client = await bootstrap(Stuck, 'ws://peer.test/', options)
      const closing = client.close()
      await clock.advance(100)
      await closing
      expect(lines).to.deep.equal([
        '[Stuck] close: a dispose method did not complete within 100 ms (closeTimeout); no longer waiting for it',
      ])
    })

    it('never affects the container that was passed in, or its values and singletons', async () => {
      @injectable()
      class Kept extends Inner {}
      @WebSocketClient()
      class Using extends Listener {
        constructor(
          readonly kept: Kept,
          @inject('value') readonly value: Inner,
        ) {
          super()
        }
      }
      const container = globalContainer.createChildContainer()
      container.registerSingleton(Kept)
      container.register('value', { useValue: new Inner() })
      const client = await bootstrap(Using, 'ws://peer.test/', fakes({ container }).options)
      expect(client.instance.kept).to.equal(container.resolve(Kept))
      await client.close()
      expect(disposed).to.deep.equal([])
      expect(container.resolve(Kept)).to.equal(client.instance.kept)
    })

    it('does not dispose of a @singleton() even if this client was the first to need it (B45)', async () => {
      @singleton()
      class Shared extends Inner {}
      @WebSocketClient()
      class Sharing extends Listener {
        constructor(readonly shared: Shared) {
          super()
        }
      }
      const first = await bootstrap(Sharing, 'ws://peer.test/', fakes().options)
      await first.close()
      expect(disposed).to.deep.equal([])
      const second = await bootstrap(Sharing, 'ws://peer.test/', fakes().options)
      expect(second.instance.shared).to.equal(first.instance.shared)
      await second.close()
    })
  })
})
