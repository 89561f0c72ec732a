import { expect } from 'chai'
import {
  bootstrap,
  Connection,
  JsonSender,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  UnprocessedMessagesError,
  WebSocketClient,
} from 'holdfast'
import type { ClientOptions, ErrorContext, OpenInfo } from 'holdfast'
import { ocpp } from 'holdfast/requests'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { KeepingLogger } from '../support/keeping-logger.js'

interface Call {
  readonly n: number
}

/** A client whose `@OnOpen` and call handlers run until the test ends them. Calls below 0 end immediately. */
@WebSocketClient({ inject: [Connection, JsonSender] })
class Station {
  readonly notes: string[] = []
  readonly failures: { error: Error; context: ErrorContext }[] = []
  readonly runs = new Map<number, Deferred<unknown>>()
  readonly opening: Deferred<void>[] = []
  /** Runs before `@OnOpen` waits. */
  onOpened: (() => unknown) | undefined

  constructor(
    readonly connection: Connection,
    readonly json: JsonSender,
  ) {}

  @OnOpen() async opened(): Promise<void> {
    this.notes.push('open')
    await this.onOpened?.()
    const gate: Deferred<void> = deferred()
    this.opening.push(gate)
    await gate.promise
    this.notes.push('opened')
  }

  @OnMessage('call', { duringOpen: true }) call({ n }: Call): unknown {
    this.notes.push(`call ${n}`)
    if (n < 0) return { answer: n }
    const run: Deferred<unknown> = deferred()
    this.runs.set(n, run)
    return run.promise
  }

  @OnMessage('send', { duringOpen: true }) async send({ n }: Call): Promise<void> {
    await Promise.resolve()
    void this.json.send({ sent: n })
  }

  @OnMessage() rest({ n }: Call): void {
    this.notes.push(`rest ${n}`)
  }

  @OnError() failed(error: Error, context: ErrorContext): void {
    this.failures.push({ error, context })
  }

  @OnClose() closed(): void {
    this.notes.push('close')
  }
}

async function begin(options: ClientOptions = {}, onOpened?: (station: Station) => unknown) {
  const [server, clock, logger] = [new MemoryServer(), new FakeClock(), new KeepingLogger()]
  const stations: Station[] = []
  class Started extends Station {
    constructor(connection: Connection, json: JsonSender) {
      super(connection, json)
      stations.push(this)
      this.onOpened = () => onOpened?.(this)
    }
  }
  WebSocketClient({ inject: [Connection, JsonSender] })(Started)
  const surroundings = {
    transport: server.connect,
    clock,
    logger,
    heartbeat: false,
    random: () => 0.5,
  } as const
  const starting = bootstrap(Started, 'ws://peer.test/', { ...surroundings, ...options })
  starting.catch(() => undefined)
  await clock.settle()
  const [station] = stations as [Station]
  const send = (type: string, ...numbers: readonly number[]): void => {
    for (const n of numbers) server.peer.send({ type, n })
  }
  const end = async (n: number): Promise<void> => {
    station.runs.get(n)?.resolve({ answer: n })
    await clock.settle()
  }
  const open = async (): Promise<void> => {
    station.opening.at(-1)?.resolve()
    await clock.settle()
  }
  return { clock, end, logger, notes: station.notes, open, send, server, starting, station }
}

const answer = (n: number): string => JSON.stringify({ answer: n })

describe('EarlyMessages', () => {
  it('runs marked handlers while @OnOpen runs, before waiting messages, and sends their return values immediately', async () => {
    const { notes, open, send, server } = await begin()
    send('tick', 1)
    send('call', -1, -2)
    expect(notes).to.deep.equal(['open', 'call -1', 'call -2'])
    expect(server.peer.received).to.deep.equal([answer(-1), answer(-2)])
    await open()
    expect(notes.slice(3)).to.deep.equal(['opened', 'rest 1'])
  })

  it('runs marked handlers one at a time, in order', async () => {
    const { end, notes, open, send, server } = await begin({ concurrency: 10 })
    send('call', 1, 2, -3)
    expect(notes).to.deep.equal(['open', 'call 1'])
    await end(1)
    expect(notes).to.deep.equal(['open', 'call 1', 'call 2'])
    await end(2)
    expect(notes).to.deep.equal(['open', 'call 1', 'call 2', 'call -3'])
    expect(server.peer.received).to.deep.equal([answer(1), answer(2), answer(-3)])
    await open()
  })

  it('sends messages from marked handlers on the opening link, even after an await', async () => {
    const { clock, open, send, server } = await begin()
    send('send', 1)
    await clock.settle()
    expect(server.peer.received).to.deep.equal(['{"sent":1}'])
    await open()
  })

  it('lets waiters match new and waiting messages first', async () => {
    const seen: unknown[] = []
    const waitFor = ({ connection }: Station, n: number): Promise<void> =>
      connection.waitFor((message) => (message as Call).n === n).then((found) => void seen.push(found))
    const { clock, end, notes, open, send } = await begin({}, async (station) => {
      await waitFor(station, 1)
      await waitFor(station, 3)
    })
    send('call', 1, 2, 3)
    await clock.settle()
    expect(seen).to.deep.equal([
      { type: 'call', n: 1 },
      { type: 'call', n: 3 },
    ])
    expect(notes).to.deep.equal(['open', 'call 2'])
    await end(2)
    expect(notes).to.deep.equal(['open', 'call 2'])
    await open()
  })

  it('gives a queue slot to a handler that is still running when @OnOpen has settled', async () => {
    const { end, notes, open, send } = await begin()
    send('tick', 1)
    send('call', 1, -2)
    await open()
    send('tick', 2)
    expect(notes).to.deep.equal(['open', 'call 1', 'opened'])
    await end(1)
    expect(notes.slice(3)).to.deep.equal(['rest 1', 'call -2', 'rest 2'])
  })

  it('runs more messages alongside such a handler, as concurrency allows', async () => {
    const { end, notes, open, send } = await begin({ concurrency: 2 })
    send('tick', 1)
    send('call', 1, 2, 3)
    await open()
    expect(notes).to.deep.equal(['open', 'call 1', 'opened', 'rest 1', 'call 2'])
    await end(1)
    expect(notes.at(-1)).to.equal('call 3')
    await end(2)
    await end(3)
  })

  it('delays only the messages with the same key as such a handler', async () => {
    const { end, notes, open, send } = await begin({ concurrency: { key: 'n' } })
    send('call', 1)
    send('tick', 1, 2)
    await open()
    expect(notes).to.deep.equal(['open', 'call 1', 'opened', 'rest 2'])
    await end(1)
    expect(notes.at(-1)).to.equal('rest 1')
  })

  it('does not delay @OnOpen because of a handler that never completes', async () => {
    const { clock, logger, notes, open, send, starting } = await begin()
    send('call', 1)
    await clock.advance(25_000)
    await open()
    await starting
    await clock.advance(35_000)
    expect(notes).to.deep.equal(['open', 'call 1', 'opened'])
    expect(logger.lines.join()).to.contain('Started#call has been running for 30 s')
  })

  it('names a slow handler while @OnOpen runs', async () => {
    const { clock, logger, send } = await begin({ onOpenTimeout: false })
    send('call', 1)
    await clock.advance(36_000)
    expect(logger.lines.join()).to.contain('Started#call has been running for 30 s')
  })

  it('does not name a handler that has settled, and leaves no timer running for it', async () => {
    const { clock, end, logger, open, send, starting } = await begin({ onOpenTimeout: false })
    for (const n of [1, 2]) {
      send('call', n)
      await clock.advance(20_000)
      await end(n)
    }
    expect(logger.lines).to.deep.equal([])
    expect(clock.timers).to.equal(0)
    await open()
    await (await starting).close()
  })

  it('runs no more handlers after @OnOpen has failed, while the link is closing', async () => {
    const { clock, end, notes, open, send, server, station, starting } = await begin()
    await open()
    const client = await starting
    const failing: Deferred<void> = deferred()
    station.onOpened = () => failing.promise
    server.peer.drop()
    await clock.advance(2_000)
    server.peer.isAlive = false // does not answer the close frame
    send('call', 1, 2)
    failing.reject(new RangeError('odd'))
    await clock.settle()
    await end(1)
    expect(notes.at(-1)).to.equal('call 1')
    await client.connection.terminate()
  })

  it('handles messages for unmarked handlers only after @OnOpen', async () => {
    const { notes, open, send, server } = await begin()
    server.peer.send('7')
    server.peer.send('{')
    send('tick', 1)
    expect(notes).to.deep.equal(['open'])
    await open()
    expect(notes.slice(2)).to.deep.equal(['rest undefined', 'rest 1'])
  })

  it('reports a marked handler that throws, and continues', async () => {
    const { notes, open, send, server, station } = await begin()
    station.call = ({ n }) => {
      station.notes.push(`call ${n}`)
      throw new RangeError('odd')
    }
    send('call', 1, 2)
    expect(notes).to.deep.equal(['open', 'call 1', 'call 2'])
    expect(station.failures.map(({ context }) => context.stage)).to.deep.equal(['handle', 'handle'])
    expect(server.peer.received).to.deep.equal([])
    await open()
  })

  it("runs the new link's marked handlers during a handover, alongside the old link's messages", async () => {
    const { clock, end, notes, open, send, server, starting, station } = await begin()
    await open()
    const client = await starting
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    const [old, fresh] = server.peers
    old?.send({ type: 'call', n: 1 })
    send('call', 2)
    expect(notes.slice(2)).to.deep.equal(['open', 'call 1', 'call 2'])
    await end(2)
    expect([old?.received, fresh?.received]).to.deep.equal([[], [answer(2)]])
    send('send', 3)
    await clock.settle()
    expect(fresh?.received.at(-1)).to.equal('{"sent":3}')
    await end(1)
    station.opening.at(-1)?.resolve()
    await clock.settle()
  })

  it('delays @OnClose until a handler that is running when the link is lost has settled, and discards the messages behind it', async () => {
    const { clock, end, notes, send, server, station, starting } = await begin({
      onOpenTimeout: 1_000,
      reconnect: false,
    })
    send('call', 1, 2)
    await clock.advance(1_000)
    expect(server.peers[0]?.isOpen).to.equal(false)
    expect(notes).to.deep.equal(['open', 'call 1'])
    await end(1)
    expect(notes).to.deep.equal(['open', 'call 1', 'close'])
    const given = station.failures.find(({ error }) => error instanceof UnprocessedMessagesError)
    expect(given?.error).to.deep.include({ count: 1, handlers: [] })
    await starting.catch(() => undefined)
  })

  it('names such a handler if it does not complete within drainTimeout', async () => {
    const options = { onOpenTimeout: 1_000, drainTimeout: 2_000, reconnect: false } as const
    const { clock, notes, send, station, starting } = await begin(options)
    send('call', 1)
    await clock.advance(10_000)
    expect(notes).to.deep.equal(['open', 'call 1', 'close'])
    const given = station.failures.find(({ error }) => error instanceof UnprocessedMessagesError)
    expect(given?.error).to.deep.include({ count: 0, handlers: ['Started#call'] })
    await starting.catch(() => undefined)
    expect(clock.timers).to.equal(0)
  })

  it('needs no slot for a handler that settles before it has a place in the queue', async () => {
    const { clock, end, notes, open, send, server, starting } = await begin()
    await open()
    const client = await starting
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.send({ type: 'call', n: 1 })
    send('call', 2)
    await open()
    send('tick', 3)
    await end(2)
    expect(notes.at(-1)).to.equal('opened')
    await end(1)
    expect(notes).to.include('rest 3')
    await client.close()
  })

  it('releases the slot of a handler that got its place in the queue only after @OnOpen settled', async () => {
    const { clock, notes, open, send, server, starting, station } = await begin({ drainTimeout: 1_000 })
    await open()
    const client = await starting
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.send({ type: 'call', n: 1 })
    send('call', 2)
    await open()
    server.peers[1]?.drop()
    await clock.advance(1_000)
    const names = station.failures.flatMap(({ error }) =>
      error instanceof UnprocessedMessagesError ? error.handlers : [],
    )
    expect(names).to.deep.equal(['Started#call', 'Started#call'])
    expect(notes.filter((note) => note === 'close')).to.have.length(2)
    await client.close()
  })

  describe('if requests is ocpp()', () => {
    /** A charge point that boots in `@OnOpen`, while its server requests its configuration. */
    @WebSocketClient({ route: 2, requests: ocpp() })
    class ChargePoint {
      readonly notes: string[] = []
      @OnOpen() async boot(_open: OpenInfo, { connection }: { connection: Connection }): Promise<void> {
        const { status } = await connection.request<{ status: string }>(['BootNotification', {}])
        this.notes.push(status)
      }
      @OnMessage('GetConfiguration') configuration(call: unknown, context: { connection: Connection }): void {
        this.notes.push('asked')
        void context.connection.respond(call, { key: [] })
      }
      @OnMessage('Reset', { duringOpen: false }) reset(): void {
        this.notes.push('reset')
      }
    }

    it("replies to the server's calls during boot, except from handlers that set duringOpen: false", async () => {
      const [server, clock] = [new MemoryServer(), new FakeClock()]
      const starting = bootstrap(ChargePoint, 'ws://peer.test/', {
        transport: server.connect,
        clock,
        logger: false,
      })
      await clock.settle()
      server.peer.send([2, 'r', 'Reset', {}])
      server.peer.send([2, 'c', 'GetConfiguration', {}])
      expect(server.peer.received[1]).to.equal('[3,"c",{"key":[]}]')
      const [, id] = JSON.parse(String(server.peer.received[0])) as [number, string]
      server.peer.send([3, id, { status: 'Accepted' }])
      const { instance } = await starting
      expect(instance.notes).to.deep.equal(['asked', 'Accepted', 'reset'])
    })
  })

  it('reports a requests.duringOpen function that throws or returns a promise, and handles the message after @OnOpen', async () => {
    for (const duringOpen of [
      (): boolean => {
        throw new RangeError('odd')
      },
      (): boolean => Promise.resolve(true) as unknown as boolean,
    ]) {
      const { notes, open, send, station } = await begin({ requests: { duringOpen } })
      send('tick', 1)
      expect(station.failures.map(({ context }) => context.stage)).to.deep.equal(['decode'])
      expect(notes).to.deep.equal(['open'])
      await open()
      expect(notes.at(-1)).to.equal('rest 1')
    }
  })
})
