import { expect } from 'chai'
import { bootstrap, OnBinary, OnClose, OnError, OnMessage, OnOpen, UnprocessedMessagesError } from 'holdfast'
import type { ClientOptions, ConnectionContext, ErrorContext, KeyedConcurrency } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { dispatcherFor } from '../support/dispatch-rig.js'

interface Quote {
  readonly symbol?: unknown
  readonly n: number
}

/** A client that records what it receives. Its handler runs until the test ends it, unless `isSlow` is false. */
class Quotes {
  readonly notes: string[] = []
  readonly failures: { error: Error; context: ErrorContext }[] = []
  readonly runs = new Map<string, Deferred<void>>()
  isSlow = true

  @OnMessage() quote({ symbol, n }: Quote): Promise<void> | undefined {
    const name = `${String(symbol)} ${n}`
    this.notes.push(name)
    if (!this.isSlow) return undefined
    const run: Deferred<void> = deferred()
    this.runs.set(name, run)
    return run.promise
  }

  @OnBinary() binary(data: Uint8Array): void {
    this.notes.push(`binary ${data.length}`)
  }

  @OnError() failed(error: Error, context: ErrorContext): void {
    this.notes.push(`error ${context.stage}`)
    this.failures.push({ error, context })
  }

  @OnClose() closed(): void {
    this.notes.push('close')
  }
}

async function begin<T extends object = Quotes>(
  concurrency: number | KeyedConcurrency,
  options: ClientOptions = {},
  target: new () => T = Quotes as unknown as new () => T,
) {
  const [server, clock] = [new MemoryServer(), new FakeClock()]
  const surroundings = { transport: server.connect, clock, logger: false, random: () => 0.5 } as const
  const client = await bootstrap(target, 'ws://peer.test/', { ...surroundings, concurrency, ...options })
  const { connection, instance } = client
  const send = (...quotes: readonly (readonly [unknown, number])[]): void => {
    for (const [symbol, n] of quotes) server.peer.send({ symbol, n })
  }
  return { client, clock, connection, instance, send, server }
}

async function quotes(concurrency: number | KeyedConcurrency, options?: ClientOptions) {
  const begun = await begin(concurrency, options)
  const { clock, instance } = begun
  const end = async (name: string): Promise<void> => {
    instance.runs.get(name)?.resolve()
    await clock.settle()
  }
  return { ...begun, end, notes: instance.notes }
}

describe('createMessageQueue', () => {
  describe('if concurrency is a number', () => {
    it('handles up to that many messages at once, in order of arrival, regardless of their content', async () => {
      const { send, end, notes } = await quotes(3)
      send(['A', 1], ['A', 2], ['B', 1], ['A', 3], ['B', 2])
      expect(notes).to.deep.equal(['A 1', 'A 2', 'B 1'])
      await end('A 2')
      expect(notes.slice(3)).to.deep.equal(['A 3'])
      await end('B 1')
      expect(notes.slice(4)).to.deep.equal(['B 2'])
    })

    it('runs @OnClose after all messages have been handled, whether the link was lost or close() was called', async () => {
      for (const way of ['loss', 'close'] as const) {
        const { client, send, end, notes, server, clock } = await quotes(2, { reconnect: false })
        send(['A', 1], ['A', 2], ['A', 3])
        if (way === 'close') void client.close()
        else server.peer.drop()
        await clock.settle()
        for (const name of ['A 2', 'A 3']) await end(name)
        expect(notes.filter((note) => !note.startsWith('error'))).to.deep.equal(['A 1', 'A 2', 'A 3'])
        await end('A 1')
        await client.closed
        expect(notes.at(-1)).to.equal('close')
      }
    })

    it('reports the number of unhandled messages when drainTimeout expires', async () => {
      const { instance, send, server, clock } = await quotes(2, { reconnect: false, drainTimeout: 1_000 })
      send(['A', 1], ['A', 2], ['A', 3], ['A', 4], ['A', 5])
      server.peer.drop()
      await clock.advance(1_000)
      expect(instance.failures.at(-1)?.error)
        .to.be.instanceOf(UnprocessedMessagesError)
        .with.property('count', 3)
    })

    it('pauses reading above highWaterMark, which includes running messages, and resumes at a quarter', async () => {
      const { send, end, server } = await quotes(2, { highWaterMark: 4 })
      send(['A', 1], ['A', 2], ['A', 3], ['A', 4])
      expect(server.peer.isPaused).to.equal(false)
      send(['A', 5])
      expect(server.peer.isPaused).to.equal(true)
      for (const n of [1, 2, 3]) await end(`A ${n}`)
      expect(server.peer.isPaused).to.equal(true)
      await end('A 4')
      expect(server.peer.isPaused).to.equal(false)
    })
  })

  describe('if concurrency has a key', () => {
    it('handles messages with the same key one after another, and different keys at once', async () => {
      const { send, end, notes } = await quotes({ key: 'symbol' })
      send(['A', 1], ['A', 2], ['B', 1], ['C', 1], ['B', 2])
      expect(notes).to.deep.equal(['A 1', 'B 1', 'C 1'])
      await end('B 1')
      await end('A 1')
      expect(notes.slice(3)).to.deep.equal(['B 2', 'A 2'])
    })

    it('handles no more messages at once than its limit', async () => {
      const { send, end, notes } = await quotes({ key: 'symbol', limit: 2 })
      send(['A', 1], ['A', 2], ['B', 1], ['C', 1])
      expect(notes).to.deep.equal(['A 1', 'B 1'])
      await end('B 1')
      expect(notes.slice(2)).to.deep.equal(['C 1'])
    })

    it('accepts a function', async () => {
      const { send, notes } = await quotes({ key: (message) => (message as Quote).n % 2 })
      send(['A', 1], ['A', 2], ['A', 3])
      expect(notes).to.deep.equal(['A 1', 'A 2'])
    })

    it('ignores properties that a message inherits from its prototype', async () => {
      const { server, notes, connection } = await quotes({ key: 'constructor', conflate: true })
      for (let n = 1; n <= 3; n += 1) server.peer.send({ n })
      expect(notes).to.deep.equal(['undefined 1'])
      expect(connection.stats.conflated).to.equal(0)
    })

    it('handles messages without a key in order, including null, strings, and arrays', async () => {
      const { send, server, notes, end, connection } = await quotes({ key: 'symbol', conflate: true })
      send([null, 1], [undefined, 2], ['A', 1])
      server.peer.send('[1]')
      server.peer.send('"text"')
      server.peer.send('7')
      expect(notes).to.deep.equal(['null 1', 'A 1'])
      await end('null 1')
      expect(notes.slice(2)).to.deep.equal(['undefined 2'])
      expect(connection.stats.conflated).to.equal(0)
    })

    it('starts with the messages that arrived while @OnOpen ran', async () => {
      class Opening extends Quotes {
        @OnOpen() async opened(_open: unknown, { connection }: ConnectionContext): Promise<void> {
          await connection.waitFor((message) => message === 'hello')
        }
      }
      const [server, clock] = [new MemoryServer(), new FakeClock()]
      server.onAttempt = (peer) => {
        peer.accept()
        for (const n of [1, 2]) peer.send({ symbol: 'A', n })
        peer.send({ symbol: 'B', n: 1 })
        peer.send('"hello"')
      }
      const surroundings = { transport: server.connect, clock, logger: false } as const
      const options = { ...surroundings, concurrency: { key: 'symbol' } }
      const { instance } = await bootstrap(Opening, 'ws://peer.test/', options)
      expect(instance.notes).to.deep.equal(['A 1', 'B 1'])
    })

    it('handles undecodable and binary frames in order with messages that have no key, and conflates none of them', async () => {
      const { server, notes, end, connection } = await quotes({ key: 'symbol', conflate: true })
      server.peer.send({ n: 1 })
      for (const data of ['{broken', new Uint8Array(2), new Uint8Array(3)]) server.peer.send(data)
      expect(notes).to.deep.equal(['undefined 1'])
      await end('undefined 1')
      expect(notes.slice(1)).to.deep.equal(['error decode', 'binary 2', 'binary 3'])
      expect(connection.stats.conflated).to.equal(0)
    })
  })

  it('calls a key function only for decoded messages, not for binary or undecodable frames', async () => {
    const asked: unknown[] = []
    const key = (message: unknown): string => {
      asked.push(message)
      return 'one'
    }
    const { server, notes, connection } = await quotes({ key, conflate: true })
    for (const data of ['{"n":1}', '{broken', new Uint8Array(2), '{"n":2}']) server.peer.send(data)
    expect(asked).to.deep.equal([{ n: 1 }, { n: 2 }])
    expect(notes).to.deep.equal(['undefined 1', 'error decode', 'binary 2'])
    expect(connection.stats.conflated).to.equal(0)
  })

  describe('if the key function throws', () => {
    const key = (message: unknown): unknown => {
      const { symbol } = message as Quote
      if (symbol === 'bad') throw new TypeError('no such symbol')
      return symbol
    }

    it("reports the error with stage decode when it is the message's turn, and handles the message", async () => {
      const { instance, send, end, notes, connection, clock } = await quotes({ key, conflate: true })
      send(['bad', 1], ['bad', 2], ['bad', 3], ['A', 1])
      expect(notes).to.deep.equal(['error decode', 'bad 1', 'A 1'])
      await end('bad 1')
      await end('bad 2')
      expect(notes.slice(3)).to.deep.equal(['bad 2', 'bad 3'])
      await clock.advance(1_000)
      const [failure, later] = instance.failures
      expect([failure?.context.count, later?.context.count]).to.deep.equal([1, 2])
      expect(failure?.error).to.be.instanceOf(TypeError)
      expect(failure?.context.message).to.deep.equal({ symbol: 'bad', n: 1 })
      expect(connection.stats.conflated).to.equal(0)
    })

    it('reports the error once, not again for later messages', async () => {
      const { instance, send, notes } = await quotes({ key })
      instance.isSlow = false
      send(['bad', 1], ['A', 1], ['A', 2])
      expect(notes).to.deep.equal(['error decode', 'bad 1', 'A 1', 'A 2'])
    })

    it('waits for an asynchronous @OnError before it handles the message', async () => {
      const settled: Deferred<void> = deferred()
      class Slow {
        readonly notes: string[] = []
        @OnMessage() quote({ n }: Quote): void {
          this.notes.push(`quote ${n}`)
        }
        @OnError() failed(): Promise<void> {
          this.notes.push('error')
          return settled.promise
        }
        @OnClose() closed(): void {
          this.notes.push('close')
        }
      }
      const { client, clock, instance, send } = await begin({ key }, {}, Slow)
      send(['bad', 1])
      const closing = client.close()
      await clock.settle()
      expect(instance.notes).to.deep.equal(['error'])
      settled.resolve()
      await closing
      expect(instance.notes).to.deep.equal(['error', 'quote 1', 'close'])
    })
  })

  describe('if conflate is set', () => {
    it('passes only the newest message for each key to a slow handler, and counts the others', async () => {
      const { send, end, notes, connection } = await quotes({ key: 'symbol', conflate: true })
      expect(connection.stats.conflated).to.equal(0)
      send(['A', 1], ['B', 1], ['A', 2], ['A', 3], ['B', 2], ['A', 4])
      expect(notes).to.deep.equal(['A 1', 'B 1'])
      expect(connection.stats.conflated).to.equal(2)
      await end('A 1')
      await end('B 1')
      expect(notes.slice(2)).to.deep.equal(['A 4', 'B 2'])
    })

    it('conflates nothing while the handlers keep up', async () => {
      const { instance, send, notes, connection } = await quotes({ key: 'symbol', conflate: true })
      instance.isSlow = false
      send(['A', 1], ['A', 2], ['A', 3])
      expect(notes).to.deep.equal(['A 1', 'A 2', 'A 3'])
      expect(connection.stats.conflated).to.equal(0)
    })

    it('keeps counting after a reconnect', async () => {
      const { send, server, clock, connection } = await quotes({ key: 'symbol', conflate: true })
      send(['A', 1], ['A', 2], ['A', 3])
      server.peer.drop()
      await clock.advance(31_000)
      expect(connection.state.status).to.equal('open')
      send(['A', 4], ['A', 5], ['A', 6])
      expect(connection.stats.conflated).to.equal(2)
    })

    it('counts conflated messages as handled, so reading continues however many arrive for one key', async () => {
      const { send, server, connection } = await quotes(
        { key: 'symbol', conflate: true },
        { highWaterMark: 4, heartbeat: false },
      )
      for (let n = 1; n <= 1_000; n += 1) send(['A', n])
      expect(server.peer.isPaused).to.equal(false)
      expect(connection.stats.conflated).to.equal(998)
    })

    it('still pauses reading if too many keys are waiting, and resumes when they have been handled', async () => {
      const { send, server, instance, clock, notes } = await quotes(
        { key: 'symbol', conflate: true, limit: 1 },
        { highWaterMark: 4, heartbeat: false },
      )
      for (const symbol of ['A', 'B', 'C', 'D', 'E', 'F', 'G']) send([symbol, 1])
      expect(server.peer.isPaused).to.equal(true)
      instance.isSlow = false
      instance.runs.get('A 1')?.resolve()
      await clock.settle()
      expect(server.peer.isPaused).to.equal(false)
      expect(notes).to.deep.equal(['A 1', 'B 1', 'C 1', 'D 1', 'E 1', 'F 1', 'G 1'])
    })

    it('runs @OnClose after the newest message for each key has been handled', async () => {
      const { client, clock, send, end, notes } = await quotes({ key: 'symbol', conflate: true })
      send(['A', 1], ['B', 1], ['A', 2], ['A', 3])
      const closing = client.close()
      await clock.settle()
      await end('A 1')
      await end('B 1')
      expect(notes).to.deep.equal(['A 1', 'B 1', 'A 3'])
      await end('A 3')
      await closing
      expect(notes.at(-1)).to.equal('close')
    })

    it('discards and reports the remaining messages at drainTimeout, but not the conflated ones', async () => {
      const { send, server, clock, instance, connection } = await quotes(
        { key: 'symbol', conflate: true, limit: 1 },
        { drainTimeout: 5_000 },
      )
      send(['A', 1], ['A', 2], ['A', 3], ['B', 1], [undefined, 1], [undefined, 2])
      server.peer.drop()
      await clock.advance(6_000)
      const errors = instance.failures.map(({ error }) => error)
      const [unhandled] = errors.filter((error) => error instanceof UnprocessedMessagesError)
      expect(unhandled).to.have.property('count', 4)
      expect(connection.stats.conflated).to.equal(1)
      expect(connection.stats.unhandledMessages).to.equal(0)
    })
  })
})

describe('DispatchContext', () => {
  it('warns once per class, with the method and the fix, if a catch-all handler returns an object', async () => {
    class Store {
      @OnMessage('ping') ping(): object {
        return { type: 'pong' }
      }
      @OnMessage() rest(message: object): object {
        return message
      }
    }
    const lines: string[] = []
    for (let client = 0; client < 2; client += 1) {
      const { open, logger } = dispatcherFor(new Store())
      const { link, receive } = open()
      receive({ type: 'ping' }, { type: 'a' }, { type: 'b' })
      expect(link.sent).to.deep.equal(['{"type":"pong"}', '{"type":"a"}', '{"type":"b"}'])
      lines.push(...logger.lines)
    }
    expect(lines).to.have.length(1)
    expect(lines[0]).to.contain('Store#rest returned an object').and.to.contain('replies: false')
  })

  it('neither sends return values nor warns if replies is false', () => {
    class Store {
      @OnMessage() rest(message: object): object {
        return message
      }
    }
    const { open, logger } = dispatcherFor(new Store(), { replies: false })
    const { link, receive } = open()
    receive({ type: 'a' })
    expect(link.sent).to.deep.equal([])
    expect(logger.lines).to.deep.equal([])
  })
})
