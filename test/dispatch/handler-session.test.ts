import { expect } from 'chai'
import {
  bootstrap,
  Connection,
  OnBinary,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
} from 'holdfast'
import type {
  Client,
  ClientOptions,
  ClosingInfo,
  ConnectionContext,
  ErrorContext,
  MessageContext,
  OpenInfo,
} from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { dispatcherFor } from '../support/dispatch-rig.js'
import { KeepingLogger } from '../support/keeping-logger.js'

interface Started<T extends object> {
  client: Client<T>
  server: MemoryServer
  clock: FakeClock
  logger: KeepingLogger
}

async function begin<T extends object>(
  target: new () => T,
  options: ClientOptions = {},
): Promise<Started<T>> {
  const [server, clock, logger] = [new MemoryServer(), new FakeClock(), new KeepingLogger()]
  const surroundings = { transport: server.connect, clock, logger, random: () => 0.5 }
  const client = await bootstrap(target, 'ws://peer.test/', { ...surroundings, ...options })
  return { client, server, clock, logger }
}

describe('HandlerSession', () => {
  it('is open immediately if there is no @OnOpen: no timer runs, and messages are handled', async () => {
    class Plain {
      readonly notes: unknown[] = []
      @OnMessage() rest(message: unknown): void {
        this.notes.push(message)
      }
    }
    const { client, server, clock } = await begin(Plain, { heartbeat: false })
    expect(clock.timers).to.equal(0)
    server.peer.send({ n: 1 })
    await clock.settle()
    expect(client.instance.notes).to.deep.equal([{ n: 1 }])
    await client.close()
  })

  it('creates the signal on demand, and aborts it when the link is lost', async () => {
    class Signalled {
      context: ConnectionContext | undefined
      @OnOpen() opened(_open: unknown, context: ConnectionContext): void {
        this.context = context
      }
    }
    const { client, clock, server } = await begin(Signalled)
    const { context } = client.instance
    expect(context?.connection).to.include({ id: client.connection.id })
    server.peer.drop()
    await clock.settle()
    expect(context?.signal.aborted).to.equal(true)
    await client.close()
  })

  describe('messages', () => {
    it('are passed to the handler for their key, or to the catch-all handler', async () => {
      class Routed {
        readonly notes: unknown[] = []
        @OnMessage('tick') tick(message: { price: number }): void {
          this.notes.push(['tick', message.price])
        }
        @OnMessage(7) seven(message: unknown): void {
          this.notes.push(['seven', message])
        }
        @OnMessage() rest(message: unknown): void {
          this.notes.push(['rest', message])
        }
      }
      const { client, server } = await begin(Routed)
      for (const message of [{ type: 'tick', price: 1 }, { type: 7 }, { type: 'else' }, [1], 'text', null]) {
        server.peer.send(JSON.stringify(message))
      }
      expect(client.instance.notes).to.deep.equal([
        ['tick', 1],
        ['seven', { type: 7 }],
        ['rest', { type: 'else' }],
        ['rest', [1]],
        ['rest', 'text'],
        ['rest', null],
      ])
    })

    it('cannot reach a prototype through their key', async () => {
      class Careful {
        readonly notes: unknown[] = []
        @OnMessage('tick') tick(): void {
          this.notes.push('tick')
        }
      }
      const { client, server, logger } = await begin(Careful)
      for (const type of ['constructor', '__proto__', 'toString']) server.peer.send({ type })
      expect(client.instance.notes).to.deep.equal([])
      expect(logger.lines).to.have.length(3)
    })

    it('have a context', async () => {
      class Context {
        context: MessageContext | undefined
        @OnMessage('tick') tick(_message: unknown, context: MessageContext): void {
          this.context = context
        }
      }
      const { client, server, clock } = await begin(Context)
      await clock.advance(500)
      const receivedAt = clock.date()
      server.peer.send('{"type":"tick"}')
      await clock.advance(100)
      const { context } = client.instance
      expect(context?.connection).to.be.instanceOf(Connection).and.to.include({ id: client.connection.id })
      expect(context).to.include({
        key: 'tick',
        raw: '{"type":"tick"}',
        receivedAt,
      })
      expect(context?.signal.aborted).to.equal(false)
    })

    it('are reported with stage decode if the route function throws, without other effects', async () => {
      class Failing {
        readonly stages: string[] = []
        readonly messages: unknown[] = []
        @OnMessage() any(message: unknown): void {
          this.messages.push(message)
        }
        @OnError() failed(_error: Error, context: ErrorContext): void {
          this.stages.push(context.stage)
        }
      }
      const route = (message: unknown): unknown => (message as { deep: { key: unknown } }).deep.key
      const { client, server } = await begin(Failing, { route })
      server.peer.send({ shallow: 1 })
      server.peer.send({ deep: { key: 1 } })
      expect(client.instance.stages).to.deep.equal(['decode'])
      expect(client.instance.messages).to.deep.equal([{ deep: { key: 1 } }])
    })

    it('are logged with the failing function and the consequence if a route or key function throws', async () => {
      class Any {
        @OnMessage() any(): void {}
      }
      const bad = (): never => {
        throw new TypeError('no such thing')
      }
      const first = await begin(Any, { route: bad })
      first.server.peer.send({})
      expect(first.logger.lines).to.deep.equal([
        'error [Any] decode: TypeError: no such thing (the route function threw; message dropped)',
      ])
      const second = await begin(Any, { concurrency: { key: bad } })
      second.server.peer.send({})
      expect(second.logger.lines).to.deep.equal([
        'error [Any] decode: TypeError: no such thing (the concurrency.key function threw; message handled without a key)',
      ])
    })

    it('are reported once a second if the route function throws for each message', async () => {
      class Any {
        @OnMessage() any(): void {}
      }
      const route = (): never => {
        throw new TypeError('no such thing')
      }
      const { server, clock, logger } = await begin(Any, { route })
      for (let count = 0; count < 1_000; count += 1) server.peer.send({})
      await clock.advance(1_000)
      const line = 'error [Any] decode: TypeError: no such thing (the route function threw; message dropped'
      expect(logger.lines).to.deep.equal([`${line})`, `${line}; 999 times within 1 s)`])
    })

    it('are reported once a second and still handled if the concurrency.key function throws for each message', async () => {
      class Any {
        handled = 0
        @OnMessage() any(): void {
          this.handled += 1
        }
      }
      const key = (): never => {
        throw new TypeError('no such thing')
      }
      const { client, server, clock, logger } = await begin(Any, { concurrency: { key } })
      for (let count = 0; count < 1_000; count += 1) server.peer.send({})
      await clock.advance(1_000)
      expect(logger.lines).to.have.length(2)
      expect(logger.lines[1]).to.contain('999 times within 1 s')
      expect(client.instance.handled).to.equal(1_000)
    })

    it('are reported once a second if a requests function throws for each message', async () => {
      class Any {
        @OnMessage() any(): void {}
      }
      const replyId = (): never => {
        throw new TypeError('no such thing')
      }
      const { server, clock, logger } = await begin(Any, { requests: { replyId } })
      for (let count = 0; count < 1_000; count += 1) server.peer.send({})
      await clock.advance(1_000)
      const line = 'error [Any] decode: TypeError: no such thing'
      expect(logger.lines).to.deep.equal([line, `${line} (999 times within 1 s)`])
    })

    it('are logged once per key if they have no handler', async () => {
      class Narrow {
        @OnMessage('tick') tick(): void {
          // Only its key matters.
        }
      }
      const { server, logger } = await begin(Narrow)
      for (const type of ['a', 'a', 'b']) server.peer.send({ type })
      server.peer.send('{}')
      server.peer.send(new Uint8Array(1))
      server.peer.send(new Uint8Array(1))
      expect(logger.lines.map((line) => /"a"|"b"|without a key|binary/.exec(line)?.[0])).to.deep.equal([
        '"a"',
        '"b"',
        'without a key',
        'binary',
      ])
    })

    it('are counted across all links if they have no handler, including binary frames', async () => {
      class Narrow {
        @OnMessage('tick') tick(): void {
          // Only its key matters.
        }
      }
      const { client, server, clock } = await begin(Narrow)
      expect(client.connection.stats.unhandledMessages).to.equal(0)
      for (const type of ['a', 'a', 'tick', 'b']) server.peer.send({ type })
      server.peer.send(new Uint8Array(1))
      expect(client.connection.stats.unhandledMessages).to.equal(4)
      server.peer.drop()
      await clock.advance(2_000)
      server.peer.send('{}')
      expect(client.connection.stats.unhandledMessages).to.equal(5)
    })

    it('are not counted as unhandled if they have a handler or have failed', async () => {
      class All {
        @OnMessage('bad') bad(): never {
          throw new Error('bad')
        }
        @OnMessage() rest(): void {
          // Handles all other messages.
        }
        @OnBinary() binary(): void {
          // Handles binary frames.
        }
        @OnError() failed(): void {
          // Ignores errors.
        }
      }
      const { client, server } = await begin(All)
      for (const data of ['{"type":"bad"}', '{"type":"a"}', 'null', '{broken', new Uint8Array(1)])
        server.peer.send(data)
      expect(client.connection.stats.unhandledMessages).to.equal(0)
    })
  })

  describe('replies', () => {
    it('from @OnBinary are sent: bytes unchanged, everything else through the codec', async () => {
      class Echo {
        @OnBinary() echo(data: Uint8Array): unknown {
          return data.length > 1 ? data : { length: data.length }
        }
      }
      const { server } = await begin(Echo)
      server.peer.send(new Uint8Array([1, 2]))
      server.peer.send(new Uint8Array([1]))
      expect(server.peer.received).to.deep.equal([new Uint8Array([1, 2]), '{"length":1}'])
    })

    it('for a lost link are reported individually, and not sent on the next link', async () => {
      const replies: Deferred<unknown>[] = []
      const notes: string[] = []
      class Late {
        @OnMessage() answer(): Promise<unknown> {
          const reply: Deferred<unknown> = deferred()
          replies.push(reply)
          return reply.promise
        }
        @OnError() failed(error: Error, { stage, handler }: ErrorContext): void {
          notes.push(`${stage} ${String(handler)} ${error.name}`)
        }
        @OnClose() closed(): void {
          notes.push('close')
        }
      }
      async function* stream(): AsyncGenerator {
        yield await Promise.resolve('item')
      }
      const { client, server, clock } = await begin(Late, { concurrency: 4 })
      for (let index = 0; index < 4; index += 1) server.peer.send('{}')
      server.peer.drop()
      const late = [{ late: true }, new Uint8Array(1), stream(), undefined]
      for (const [index, value] of late.entries()) replies[index]?.resolve(value)
      await clock.advance(2_000)
      expect(client.connection.state.status).to.equal('open')
      expect(server.peer.received).to.deep.equal([])
      const report = 'send Late#answer MessageDroppedError'
      expect(notes).to.deep.equal([report, report, report, 'close'])
    })
  })

  describe('@OnPing and @OnPong', () => {
    class Aside {
      readonly stages: string[] = []
      @OnPing() async ping(): Promise<void> {
        await Promise.reject(new Error('in ping'))
      }
      @OnPong() pong(): never {
        throw new Error('in pong')
      }
      @OnError() failed(error: Error, { stage, handler }: ErrorContext): void {
        this.stages.push(`${stage} ${handler ?? ''} ${error.message}`)
      }
    }

    it('have their errors reported', async () => {
      const { client, server, clock } = await begin(Aside)
      server.peer.ping()
      server.peer.pong()
      await clock.settle()
      expect(client.instance.stages.sort()).to.deep.equal([
        'handle Aside#ping in ping',
        'handle Aside#pong in pong',
      ])
    })
  })

  describe('@OnOpen', () => {
    it('has its error reported if it calls close() and then fails', async () => {
      class Leaving {
        readonly stages: string[] = []
        @OnOpen() async leave(_open: unknown, { connection }: ConnectionContext): Promise<void> {
          void connection.close()
          await Promise.reject(new Error('after close'))
        }
        @OnError() failed(_error: Error, { stage }: ErrorContext): void {
          this.stages.push(stage)
        }
      }
      let instance: Leaving | undefined
      class Noted extends Leaving {
        constructor() {
          super()
          // eslint-disable-next-line @typescript-eslint/no-this-alias -- the instance is needed even though bootstrap rejects
          instance = this
        }
      }
      await begin(Noted).catch(() => undefined)
      expect(instance?.stages).to.deep.equal(['open'])
    })
  })

  describe('@OnClosing', () => {
    const BYE = { code: 1000, reason: 'done' }

    function closing(handler: (info: unknown, context: ConnectionContext) => unknown) {
      class Leaving {
        readonly failures: string[] = []
        @OnClosing() goodbye(info: ClosingInfo, context: ConnectionContext): unknown {
          return handler(info, context)
        }
        @OnError() failed(error: Error, { stage, handler: name }: ErrorContext): void {
          this.failures.push(`${stage} ${String(name)} ${error.message}`)
        }
      }
      const instance = new Leaving()
      const { dispatcher, clock, open } = dispatcherFor(instance)
      const session = open()
      let isOver = false
      const run = async (): Promise<void> => {
        void session.handlers.onClosing(BYE).then(() => (isOver = true))
        await clock.settle()
      }
      const { failures } = instance
      return { ...session, dispatcher, clock, run, failures, isOver: () => isOver }
    }

    it("receives the upcoming close and its session's connection, and its return value is sent", async () => {
      const given: unknown[] = []
      const { run, link, isOver, connection, handlers } = closing((info, context) => {
        given.push(info, context.connection)
        return { type: 'bye' }
      })
      expect(handlers.hasOnClosing).to.equal(true)
      await run()
      expect(given).to.deep.equal([BYE, connection])
      expect(link.sent).to.deep.equal(['{"type":"bye"}'])
      expect(isOver()).to.equal(true)
    })

    it('is awaited, including flow control', async () => {
      const answer: Deferred<unknown> = deferred()
      const flow: Deferred<void> = deferred()
      const { run, link, clock, isOver } = closing(() => answer.promise)
      link.flow = flow.promise
      await run()
      answer.resolve('bye')
      await clock.settle()
      expect(link.sent).to.deep.equal(['"bye"'])
      expect(isOver()).to.equal(false)
      flow.resolve()
      await clock.settle()
      expect(isOver()).to.equal(true)
    })

    it('that returns an async iterable has completed once its last item is sent', async () => {
      const gate: Deferred<void> = deferred()
      const { run, link, clock, isOver } = closing(async function* () {
        yield 1
        await gate.promise
        yield { n: 2 }
      })
      await run()
      expect(isOver()).to.equal(false)
      gate.resolve()
      await clock.settle()
      expect(link.sent).to.deep.equal(['{"n":2}'])
      expect(isOver()).to.equal(true)
    })

    it('is reported with stage close if it throws, rejects, or returns a stream that fails, and closing continues', async () => {
      const ways: readonly (() => unknown)[] = [
        () => {
          throw new Error('odd')
        },
        () => Promise.reject(new Error('odd')),
        async function* () {
          yield* []
          throw new Error('odd')
        },
      ]
      for (const way of ways) {
        const { run, failures, isOver } = closing(way)
        await run()
        expect(failures).to.deep.equal(['close Leaving#goodbye odd'])
        expect(isOver()).to.equal(true)
      }
    })

    it('that calls close() does not delay the close', async () => {
      const session: ReturnType<typeof closing> = closing(() => {
        session.dispatcher.onClosing()
        return new Promise(() => undefined)
      })
      await session.run()
      expect(session.isOver()).to.equal(true)
    })

    it('is optional', async () => {
      class Plain {
        @OnMessage() any(): void {
          // Has no @OnClosing.
        }
      }
      const { link, handlers } = dispatcherFor(new Plain()).open()
      expect(handlers.hasOnClosing).to.equal(false)
      await handlers.onClosing(BYE)
      expect(link.sent).to.deep.equal([])
    })
  })

  describe('@OnClose', () => {
    it('is reported with stage close if it throws or rejects', async () => {
      class Throwing {
        readonly stages: string[] = []
        isAsync = false
        @OnClose() closed(): unknown {
          if (this.isAsync) return Promise.reject(new Error('later'))
          throw new Error('now')
        }
        @OnError() failed(error: Error, { stage }: ErrorContext): void {
          this.stages.push(`${stage} ${error.message}`)
        }
      }
      const { client, server, clock } = await begin(Throwing)
      server.peer.drop()
      await clock.advance(2_000)
      client.instance.isAsync = true
      await client.close()
      expect(client.instance.stages).to.deep.equal(['close now', 'close later'])
    })

    it('is replaced by a log line if it is missing and this side did not initiate the close', async () => {
      class Plain {
        @OnMessage() any(): void {
          // Only the close matters.
        }
      }
      const { client, server, clock, logger } = await begin(Plain)
      server.peer.drop()
      await clock.advance(2_000)
      server.peer.close(1012, 'restart')
      await clock.advance(5_000)
      server.peer.close(1002)
      await client.closed
      expect(logger.lines).to.deep.equal([
        'info [Plain] close: connection lost; reconnecting',
        'info [Plain] close: connection closed by the peer with 1012 (restart); reconnecting',
        'error [Plain] close: ConnectionLostError: Connection closed by the peer with 1002 (not retrying)',
        'warn [Plain] close: connection closed by the peer with 1002; not reconnecting',
      ])
    })

    it('is replaced by a warning if the server closes the connection during @OnOpen', async () => {
      class Login {
        @OnOpen() async opened({ isReconnect }: OpenInfo): Promise<void> {
          if (isReconnect) await new Promise(() => undefined)
        }
      }
      const { client, server, clock, logger } = await begin(Login, { drainTimeout: 1 })
      server.peer.drop()
      await clock.advance(2_000)
      server.peer.close(4401, 'bad token')
      await clock.advance(2_000)
      const closed = client.close()
      await clock.advance(10_000)
      await closed
      expect(logger.lines).to.include(
        'warn [Login] close: connection closed by the peer with 4401 (bad token) during @OnOpen; reconnecting',
      )
    })

    it('is not replaced by a log line for a local close or a replaced link', async () => {
      class Plain {
        @OnMessage() any(): Promise<void> {
          return new Promise(() => undefined)
        }
      }
      const { client, server, clock, logger } = await begin(Plain)
      const { connection } = client
      const old = server.peer
      old.send(1)
      connection.reconnect({ overlap: true })
      await clock.settle()
      old.close(1001)
      await clock.advance(60_000)
      void connection.end()
      await clock.settle()
      server.peer.close(1000)
      await client.closed
      expect(logger.lines.filter((line) => line.includes('close:'))).to.deep.equal([])
    })
  })

  it('does not overwrite data that a handler keeps from a message when later messages arrive', async () => {
    class Keeping {
      readonly contexts: MessageContext[] = []
      @OnMessage() rest(_message: unknown, context: MessageContext): void {
        this.contexts.push(context)
      }
    }
    const { client, server, clock } = await begin(Keeping)
    const before = clock.date()
    for (const n of [1, 2, 3]) {
      server.peer.send({ n })
      await clock.advance(100)
    }
    const { contexts } = client.instance
    expect(contexts.map(({ raw }) => raw)).to.deep.equal(['{"n":1}', '{"n":2}', '{"n":3}'])
    expect(contexts.map(({ receivedAt }) => receivedAt - before)).to.deep.equal([0, 100, 200])
    await client.close()
  })

  it('calls a handler at most ten calls below the transport, across eight files', async () => {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 100
    class Tracing {
      stack = ''
      @OnMessage() any(): void {
        this.stack = new Error().stack ?? ''
      }
    }
    const { client, server } = await begin(Tracing)
    server.peer.send({})
    Error.stackTraceLimit = limit
    const lines = client.instance.stack.split('\n').slice(1)
    const below = lines.slice(
      0,
      lines.findIndex((line) => line.includes('memory-transport')),
    )
    const files = new Set(below.map((line) => /[^/]+[.]ts:/.exec(line)?.[0]))
    expect(below.length, client.instance.stack).to.be.at.most(10)
    expect(files.size, client.instance.stack).to.be.at.most(8)
    await client.close()
  })

  it('logs each state change at level info', async () => {
    class Plain {
      @OnMessage() any(): void {}
    }
    const { client, server, clock, logger } = await begin(Plain)
    server.peer.drop()
    await clock.advance(4_000)
    await client.close(1000, 'done')
    expect(logger.states).to.deep.equal(
      [
        'opening (connection 1)',
        'open (connection 1)',
        'waiting 2000 ms before attempt 2',
        'connecting (attempt 2)',
        'opening (connection 2)',
        'open (connection 2)',
        'closing (1000 done)',
        'closed (1000)',
      ].map((state) => `info [Plain] state: ${state}`),
    )
  })

  it('warns about a handler that has been running for 30 seconds', async () => {
    class Hung {
      @OnMessage('hang') hang(): Promise<void> {
        return new Promise(() => undefined)
      }
    }
    const { client, server, clock, logger } = await begin(Hung)
    server.peer.send({ type: 'hang' })
    await clock.advance(29_999)
    expect(logger.lines).to.deep.equal([])
    await clock.advance(1)
    expect(logger.lines[0]).to.match(/^warn \[Hung\] Hung#hang has been running for 30 s/)
    const closing = client.close()
    await clock.advance(5_000)
    await closing
    expect(clock.timers).to.equal(0)
  })
})
