import { expect } from 'chai'
import {
  ClientOption,
  OnMessage,
  OnOpen,
  Subscriptions,
  WebSocketClient,
  bootstrap,
  defineHandlers,
} from 'holdfast'
import type { AttemptInfo, ClientOptions, Failure, Logger } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { CLIENT_OPTION_NAMES } from '#src/annotations/client-option.js'
import { handlersOf } from '#src/annotations/handler-table.js'
import { OptionMethods } from '#src/app/option-methods.js'
import { onlyMistake } from '../support/startup-error.js'

/** Options of all clients here: in memory, each with its own clock. */
function world(): { server: MemoryServer; clock: FakeClock; options: ClientOptions } {
  const server = new MemoryServer()
  const clock = new FakeClock()
  return { server, clock, options: { transport: server.connect, clock, logger: false, heartbeat: false } }
}

/** Records the lines of a level. */
function linesOf(level: keyof Logger): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const ignored = (): void => undefined
  const logger: Logger = { debug: ignored, info: ignored, warn: ignored, error: ignored }
  logger[level] = (line: string) => void lines.push(line)
  return { lines, logger }
}

describe('@ClientOption', () => {
  it('calls the method on the instance', async () => {
    class Feed {
      token = 'first'
      @OnMessage() received(): void {}
      @ClientOption('headers') headers(): Record<string, string> {
        return { authorization: this.token }
      }
    }
    const { server, clock, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    expect(server.peer.request.headers).to.deep.equal({ authorization: 'first' })
    client.instance.token = 'second'
    client.connection.reconnect()
    await clock.settle()
    expect(server.peer.request.headers).to.deep.equal({ authorization: 'second' })
    await client.close()
  })

  it('calls the method on the right client if there are two of the same class', async () => {
    class Shard {
      last = 0
      @OnMessage() received({ s }: { s: number }): void {
        this.last = s
      }
      @ClientOption('heartbeat.message') beat(): object {
        return { op: 1, d: this.last }
      }
    }
    const { server, clock, options } = world()
    const start = (): Promise<{ close(): Promise<unknown> }> =>
      bootstrap(Shard, 'ws://peer.test/', { ...options, heartbeat: { interval: 1_000, timeout: 5_000 } })
    const [one, two] = [await start(), await start()]
    const [first, second] = server.peers
    first?.send({ s: 100 })
    second?.send({ s: 900 })
    await clock.advance(1_100)
    expect(first?.received).to.deep.equal(['{"op":1,"d":100}'])
    expect(second?.received).to.deep.equal(['{"op":1,"d":900}'])
    await Promise.all([one.close(), two.close()])
  })

  it('uses a method as the route', async () => {
    class Feed {
      readonly seen: unknown[] = []
      @ClientOption('route') keyOf(message: { kind: string }): string {
        return message.kind
      }
      @OnMessage('tick') tick(message: unknown): void {
        this.seen.push(message)
      }
    }
    const { server, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    server.peer.send({ kind: 'tick' })
    expect(client.instance.seen).to.deep.equal([{ kind: 'tick' }])
    await client.close()
  })

  it('calls methods for the retry decision and for the delay', async () => {
    class Feed {
      readonly failures: unknown[] = []
      @OnOpen() opened(): void {}
      @ClientOption('reconnect.shouldReconnect') again(failure: Failure): undefined {
        this.failures.push(failure.code)
      }
      @ClientOption('reconnect.delays') delays(failures: number): number {
        return failures * 7
      }
    }
    const { server, clock, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', { ...options, reconnect: { minUptime: 0 } })
    server.peer.close(4001)
    await clock.settle()
    expect(client.instance.failures).to.deep.equal([4001])
    expect(client.connection.state).to.include({ status: 'waiting', delay: 7 })
    await client.close()
  })

  it('always calls a url method, passing it the URL from the options', async () => {
    class Feed {
      readonly chosen: (string | undefined)[] = []
      next: string | undefined
      @OnMessage() received(): void {}
      @ClientOption('url') url(attempt: AttemptInfo): string {
        this.chosen.push(attempt.url)
        expect(attempt.signal.aborted).to.equal(false)
        return this.next ?? attempt.url ?? 'ws://default.test/'
      }
    }
    const { server, clock, options } = world()
    const client = await bootstrap(Feed, () => Promise.resolve('ws://peer.test/'), options)
    expect(server.peer.request.url).to.equal('ws://peer.test/')
    client.instance.next = 'ws://moved.test/'
    client.connection.reconnect()
    await clock.settle()
    expect(server.peer.request.url).to.equal('ws://moved.test/')
    expect(client.instance.chosen).to.deep.equal(['ws://peer.test/', 'ws://peer.test/'])
    await client.close()
    const alone = await bootstrap(Feed, options)
    expect(server.peer.request.url).to.equal('ws://default.test/')
    expect(alone.instance.chosen).to.deep.equal([undefined])
    await alone.close()
  })

  it('checks the URL from the options', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('url') url(attempt: AttemptInfo): string {
        return String(attempt.url)
      }
    }
    expect((await onlyMistake(Feed, { url: 'http://peer.test' })).place).to.equal('options.url')
  })

  it('joins the option group that the class sets, by name', async () => {
    @WebSocketClient({ concurrency: { limit: 4, conflate: true }, reconnect: { initialDelay: 100 } })
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('concurrency.key') keyOf(message: { id: unknown }): unknown {
        return message.id
      }
      @ClientOption('reconnect.shouldReconnect') again(): boolean {
        return true
      }
    }
    const { server, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    server.peer.send({ id: 1 })
    await client.close()
  })

  it('overrides the class options', async () => {
    @WebSocketClient({ route: 'type', reconnect: { minUptime: 0, delays: [9_000] } })
    class Feed {
      readonly seen: unknown[] = []
      @OnMessage('tick') tick(message: unknown): void {
        this.seen.push(message)
      }
      @ClientOption('route') keyOf({ kind }: { kind: string }): string {
        return kind
      }
      @ClientOption('reconnect.delays') delays(): number {
        return 7
      }
    }
    const { server, clock, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    server.peer.send({ type: 'other', kind: 'tick' })
    expect(client.instance.seen).to.have.length(1)
    server.peer.close(4001)
    await clock.settle()
    expect(client.connection.state).to.include({ status: 'waiting', delay: 7 })
    await client.close()
  })

  it('can choose the proxy and keep the cookies', async () => {
    @WebSocketClient()
    class Feed {
      readonly kept: string[] = ['a=1']
      @OnMessage() received(): void {}
      @ClientOption('proxy') proxy(url: string): string {
        return `http://${new URL(url).hostname}:3128`
      }
      @ClientOption('cookies.get') cookies(): string {
        return this.kept.join('; ')
      }
      @ClientOption('cookies.set') keep(_url: string, setCookie: string[]): void {
        this.kept.push(...setCookie)
      }
    }
    const { server, options } = world()
    server.onAttempt = (peer) => peer.accept({ headers: { 'set-cookie': ['b=2'] } })
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    expect(server.peer.request.socket).to.deep.equal({ proxy: 'http://peer.test:3128' })
    expect(server.peer.request.headers).to.deep.equal({ Cookie: 'a=1' })
    expect(client.instance.kept).to.deep.equal(['a=1', 'b=2'])
    await client.close()
  })

  it('can create subscription messages and read acknowledgments', async () => {
    @WebSocketClient({ subscriptions: { ackTimeout: 500 }, inject: [Subscriptions] })
    class Feed {
      token = 'fresh'
      constructor(readonly subscriptions: Subscriptions) {}
      @OnOpen() opened(): void {
        this.subscriptions.subscribe('book')
      }
      @ClientOption('subscriptions.subscribe') subscribe(args: readonly string[]): object {
        return { op: 'subscribe', args, token: this.token }
      }
      @ClientOption('subscriptions.ack') ack({
        acked,
      }: {
        acked?: string[]
      }): { topics: string[] } | undefined {
        return acked && { topics: acked }
      }
    }
    const { server, clock, options } = world()
    const client = await bootstrap(Feed, 'ws://peer.test/', options)
    await clock.settle()
    expect(server.peer.received).to.deep.equal(['{"op":"subscribe","args":["book"],"token":"fresh"}'])
    server.peer.send({ acked: ['book'] })
    expect(client.connection.stats.unhandledMessages).to.equal(0)
    await client.close()
  })

  it('is not called if other options replace its group, and logs a warning', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('route') keyOf(): string {
        throw new Error('it is called')
      }
      @ClientOption('heartbeat.message') beat(): object {
        throw new Error('it is called')
      }
      @ClientOption('reconnect.shouldReconnect') again(): boolean {
        return true
      }
    }
    const { server, options } = world()
    const { lines, logger } = linesOf('info')
    const given = { ...options, logger, route: 'kind', reconnect: { maxDelay: 9_000 } }
    const client = await bootstrap(Feed, 'ws://peer.test/', given)
    server.peer.send({ kind: 'a' })
    await client.close()
    expect(lines.filter((line) => line.includes('is never called'))).to.deep.equal([
      '[Feed] Feed#keyOf is never called: other options override or disable route',
      '[Feed] Feed#beat is never called: other options override or disable heartbeat.message',
    ])
  })

  it('does not turn on a group that the class turns off', async () => {
    @WebSocketClient({ outbox: false })
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('outbox.conflate') kindOf(): string {
        return 'all'
      }
    }
    const { options } = world()
    const { lines, logger } = linesOf('info')
    const client = await bootstrap(Feed, 'ws://peer.test/', { ...options, logger })
    expect(lines).to.include(
      '[Feed] Feed#kindOf is never called: other options override or disable outbox.conflate',
    )
    await client.close()
  })

  it('is called if bootstrap turns on a group that the class turns off', async () => {
    @WebSocketClient({ reconnect: false })
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('reconnect.delays') delays(): number {
        return 7
      }
    }
    const { server, clock, options } = world()
    const given = { ...options, reconnect: { minUptime: 0 } }
    const client = await bootstrap(Feed, 'ws://peer.test/', given)
    server.peer.close(4001)
    await clock.settle()
    expect(client.connection.state).to.include({ status: 'waiting', delay: 7 })
    await client.close()
  })

  it('joins the heartbeat times that turn its group on', () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('heartbeat.message') beat(): object {
        return {}
      }
    }
    const methods = new OptionMethods(handlersOf(Feed).table.options)
    const { heartbeat } = methods.merge({ heartbeat: false }, [{ heartbeat: { interval: 5 } }])
    expect(heartbeat).to.have.all.keys('interval', 'message')
    expect(methods.merge({ heartbeat: false }, [{}])).to.deep.equal({ heartbeat: false })
    expect(methods.merge({}, [{ heartbeat: false }])).to.deep.equal({ heartbeat: false })
  })

  it('is named in the error if the options that replace its group lack its option', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('subscriptions.subscribe') subscribe(topics: readonly unknown[]): unknown {
        return topics
      }
    }
    const { fix } = await onlyMistake(Feed, { url: 'ws://peer.test/', subscriptions: { ackTimeout: 5 } })
    expect(fix).to.contain('Feed#subscribe')
  })

  it('can also be set by defineHandlers', async () => {
    class Feed {
      url(): string {
        return 'ws://own.test/'
      }
      received(): void {}
    }
    defineHandlers(Feed, { message: 'received', option: { url: 'url' } })
    const { server, options } = world()
    const client = await bootstrap(Feed, options)
    expect(server.peer.request.url).to.equal('ws://own.test/')
    await client.close()
  })

  it('keeps its role if a subclass overrides the method', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('url') url(): string {
        return 'ws://base.test/'
      }
    }
    class Derived extends Feed {
      override url(): string {
        return 'ws://derived.test/'
      }
    }
    const { server, options } = world()
    const client = await bootstrap(Derived, options)
    expect(server.peer.request.url).to.equal('ws://derived.test/')
    await client.close()
  })

  it('rejects an unknown name and a method whose promise would not be awaited', async () => {
    class Named {
      received(): void {}
      timeout(): number {
        return 1
      }
    }
    defineHandlers(Named, { message: 'received', option: { 'heartbeat.mesage': 'timeout' } as object })
    const named = await onlyMistake(Named, { url: 'ws://peer.test/' })
    expect(named.place).to.equal('Named#timeout')
    expect(named.cause).to.contain('a method cannot provide the option "heartbeat.mesage"')
    expect(named.fix).to.contain('heartbeat.message')

    class Late {
      received(): void {}
      async route(): Promise<string> {
        return Promise.resolve('a')
      }
    }
    defineHandlers(Late, { message: 'received', option: { route: 'route' } as object })
    expect((await onlyMistake(Late, { url: 'ws://peer.test/' })).cause).to.contain('must be synchronous')
  })

  it('can be async only for what an attempt asks for', () => {
    const awaited = CLIENT_OPTION_NAMES.filter((name) => {
      class Feed {
        received(): void {}
        async option(): Promise<void> {
          return Promise.resolve()
        }
      }
      defineHandlers(Feed, { message: 'received', option: { [name]: 'option' } })
      return handlersOf(Feed).mistakes.length === 0
    })
    expect(awaited).to.deep.equal([
      'url',
      'headers',
      'protocols',
      'tls',
      'proxy',
      'cookies.get',
      'cookies.set',
    ])
  })

  it('rejects two methods for one option', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('url') one(): string {
        return ''
      }
      @ClientOption('url') two(): string {
        return ''
      }
    }
    expect((await onlyMistake(Feed, {})).place).to.equal('Feed#two')
  })

  it('throws if an option is needed before the constructor has returned', async () => {
    class Feed {
      @OnMessage() received(): void {}
      @ClientOption('outbox.conflate') kindOf(): string {
        return 'all'
      }
    }
    const methods = new OptionMethods(handlersOf(Feed).table.options)
    const { outbox } = methods.merge({}, [])
    if (!outbox) throw new Error('the outbox is off')
    expect(() => outbox.conflate?.('a')).to.throw('Feed#kindOf')
  })
})
