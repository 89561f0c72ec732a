import { expect } from 'chai'
import fc from 'fast-check'
import { bootstrap, createConnectLimiter, OnMessage, WebSocketClient } from 'holdfast'
import type { Clock, ConnectionState } from 'holdfast'
import type { LimiterPlace } from '#src/attempt/connect-limiter.js'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { KeepingLogger } from '../support/keeping-logger.js'
import { ready, start } from '../support/rig.js'

/** Returns the most values in any half-open window of this length. */
function mostInWindow(times: readonly number[], per: number): number {
  return Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + per).length))
}

/** The part of a limiter that attempts use, which the package's declarations do not contain. */
interface Entrance {
  enter(clock: Clock, start: () => void): LimiterPlace | undefined
}

function limiterOf(attempts: number, per: number): Entrance {
  const limiter: unknown = createConnectLimiter({ attempts, per })
  return limiter as Entrance
}

/** Lets attempts enter a limiter, and notes when each starts. */
function queue(attempts: number, per: number, clock = new FakeClock()) {
  const limiter = limiterOf(attempts, per)
  const started: { readonly name: number; readonly at: number }[] = []
  const enter = (name: number, own = clock) =>
    limiter.enter(own, () => void started.push({ name, at: own.now() }))
  return { clock, enter, limiter, started, names: () => started.map(({ name }) => name) }
}

describe('createConnectLimiter', () => {
  it('starts attempts at once up to the limit, and the others in order as the window moves', async () => {
    const { clock, enter, started } = queue(2, 1_000)
    enter(1)
    await clock.advance(400)
    enter(2)
    const places = [enter(3), enter(4), enter(5)]
    expect(places.map((place) => place?.dueAt)).to.deep.equal([1_000, 1_400, 2_000])
    await clock.advance(10_000)
    expect(started).to.deep.equal([
      { name: 1, at: 0 },
      { name: 2, at: 400 },
      { name: 3, at: 1_000 },
      { name: 4, at: 1_400 },
      { name: 5, at: 2_000 },
    ])
    expect(clock.timers).to.equal(0)
  })

  it('never starts more than the limit in any window, first come first served, even if some leave', async () => {
    const event = fc.record({ pause: fc.integer({ min: 0, max: 700 }), leaves: fc.boolean() })
    const limits = { attempts: fc.integer({ min: 1, max: 4 }), per: fc.integer({ min: 1, max: 2_000 }) }
    await fc.assert(
      fc.asyncProperty(fc.record(limits), fc.array(event, { maxLength: 25 }), async (limit, events) => {
        const { clock, enter, started, names } = queue(limit.attempts, limit.per)
        const left = new Set<number>()
        const dueAt = new Map<number, number>()
        for (const [name, { pause, leaves }] of events.entries()) {
          await clock.advance(pause)
          const place = enter(name)
          if (place) dueAt.set(name, place.dueAt)
          if (!leaves || !place) continue
          left.add(name)
          const before = names().length
          place.leave()
          expect(names()).to.have.length(before)
        }
        await clock.advance(limit.per * (events.length + 1))
        expect(
          mostInWindow(
            started.map(({ at }) => at),
            limit.per,
          ),
        ).to.be.at.most(limit.attempts)
        const expected = [...events.keys()].filter((name) => !left.has(name))
        expect(names()).to.deep.equal(expected)
        for (const { name, at } of started) expect(at).to.be.at.most(Math.ceil(dueAt.get(name) ?? at))
        expect(clock.timers).to.equal(0)
      }),
      { numRuns: 60 },
    )
  })

  it('uses no slot for an attempt that leaves, and keeps no timer for it', async () => {
    const { clock, enter, names } = queue(1, 1_000)
    enter(1)
    const first = enter(2)
    const second = enter(3)
    first?.leave()
    await clock.advance(1_000)
    expect(names()).to.deep.equal([1, 3])
    second?.leave()
    first?.leave()
    expect(clock.timers).to.equal(0)
  })

  it('starts an attempt whose timer is late before a new one', async () => {
    const { clock, enter, names } = queue(1, 1_000)
    enter(1)
    clock.setTimeout(() => void enter(3), 500)
    enter(2)
    await clock.jump(1_000)
    expect(names()).to.deep.equal([1, 2])
    await clock.advance(1_000)
    expect(names()).to.deep.equal([1, 2, 3])
  })

  it('keeps no timer on the clock of an attempt that has left', () => {
    const { enter } = queue(1, 1_000)
    const [one, other] = [new FakeClock(), new FakeClock()]
    enter(1, one)
    const places = [enter(2, one), enter(3, other)]
    places[0]?.leave()
    expect([one.timers, other.timers]).to.deep.equal([0, 1])
    places[1]?.leave()
    expect([one.timers, other.timers]).to.deep.equal([0, 0])
  })

  it('waits on the clock of each connection', async () => {
    const { enter, names } = queue(1, 1_000)
    const [one, other] = [new FakeClock(), new FakeClock()]
    await other.advance(5_000)
    enter(1, one)
    enter(2, other)
    expect([one.timers, other.timers]).to.deep.equal([0, 1])
    await other.advance(1_000)
    // On the clock of the first attempt, no time has passed.
    expect(names()).to.deep.equal([1])
    await one.advance(1_000)
    await other.advance(1_000)
    expect(names()).to.deep.equal([1, 2])
  })

  it('lets an attempt that starts enter others', async () => {
    const clock = new FakeClock()
    const limiter = limiterOf(1, 1_000)
    const started: string[] = []
    limiter.enter(clock, () => void started.push('a'))
    limiter.enter(clock, () => {
      started.push('b')
      limiter.enter(clock, () => void started.push('d'))
    })
    limiter.enter(clock, () => void started.push('c'))
    await clock.advance(3_000)
    expect(started).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('throws if the limit is invalid', () => {
    const create = createConnectLimiter as (limit: unknown) => unknown
    expect(() => create(undefined)).to.throw(TypeError, 'expects { attempts, per }, received undefined')
    for (const attempts of [0, 1.5, Infinity, '5', undefined])
      expect(() => create({ attempts, per: 1 })).to.throw(RangeError, 'attempts must be a positive integer')
    for (const per of [0, NaN, Infinity, '5', undefined])
      expect(() => create({ attempts: 1, per })).to.throw(RangeError, 'per must be milliseconds from 1')
  })
})

describe('connectLimiter', () => {
  /** Opens this many clients, of two classes, with one limiter, and notes when each attempt reaches the server. */
  function crowd(count: number) {
    class One {
      @OnMessage()
      received(): void {}
    }
    @WebSocketClient({ name: 'other' })
    class Other extends One {}
    const clock = new FakeClock()
    const server = new MemoryServer()
    const times: number[] = []
    server.onAttempt = (peer) => {
      times.push(clock.now())
      peer.accept()
    }
    const connectLimiter = createConnectLimiter({ attempts: 5, per: 1_000 })
    const options = {
      transport: server.connect,
      clock,
      connectLimiter,
      logger: false,
      heartbeat: false,
    } as const
    const starting = Array.from({ length: count }, (_, n) =>
      bootstrap(n % 2 ? One : Other, 'ws://peer.test', options),
    )
    return { clock, server, starting, times }
  }

  it('limits 50 clients of two classes that reconnect at once', async () => {
    const { clock, server, starting, times } = crowd(50)
    await clock.advance(9_000)
    const clients = await Promise.all(starting)
    expect(times).to.have.length(50)
    expect(mostInWindow(times, 1_000)).to.equal(5)
    await clock.advance(60_000)
    for (const peer of server.peers) peer.drop()
    await clock.advance(60_000)
    expect(times).to.have.length(100)
    expect(mostInWindow(times, 1_000)).to.equal(5)
    expect(clients.every(({ connection }) => connection.state.status === 'open')).to.equal(true)
    await Promise.all(clients.map((client) => client.close()))
    expect(clock.timers).to.equal(0)
  })

  it('waits before the option functions and connectTimeout, and shows the wait in the state and the log', async () => {
    const connectLimiter = createConnectLimiter({ attempts: 1, per: 30_000 })
    const first = await ready({ connectLimiter })
    const { clock } = first
    const logger = new KeepingLogger()
    let urls = 0
    const url = (): string => {
      urls += 1
      return 'ws://peer.test'
    }
    await clock.advance(5_000.5)
    const second = start({ url, connectLimiter, clock, logger, connectTimeout: 1_000 })
    const { connection } = second.witness
    expect(connection.state).to.deep.equal({ status: 'connecting', attempt: 1, limiterDelay: 25_000 })
    expect(logger.lines).to.deep.equal(['warn [Started] Attempt 1 waits up to 25000 ms for connectLimiter'])
    await clock.advance(24_999)
    expect(urls).to.equal(0)
    await clock.advance(1)
    expect(urls).to.equal(1)
    await second.starting
    await first.client.close()
    await connection.close()
  })

  it('shows the wait in the state of a reconnect, and spaces out attempts from its end', async () => {
    const connectLimiter = createConnectLimiter({ attempts: 1, per: 60_000 })
    const { clock, client, server, witness } = await ready({ connectLimiter })
    const times: number[] = []
    server.onAttempt = (peer) => {
      times.push(clock.now())
      if (times.length === 1) peer.refuse()
      else peer.accept()
    }
    await clock.advance(10_000)
    server.peer.drop()
    await clock.advance(2_000)
    const waiting = witness.states.find(({ status }) => status === 'connecting') as ConnectionState
    expect(waiting).to.deep.equal({ status: 'connecting', attempt: 1, limiterDelay: 49_000 })
    expect(client.connection.state).to.equal(waiting)
    await clock.advance(200_000)
    expect(times).to.deep.equal([60_000, 120_000])
    await client.close()
  })

  it('also limits handovers and reconnect()', async () => {
    const connectLimiter = createConnectLimiter({ attempts: 1, per: 60_000 })
    const { clock, client, server } = await ready({ connectLimiter })
    await clock.advance(10_000)
    client.connection.reconnect({ overlap: true })
    await clock.advance(49_999)
    expect(client.connection.state.status).to.equal('open')
    expect(server.peers).to.have.length(1)
    await clock.advance(1)
    expect(server.peers).to.have.length(2)
    await clock.advance(10_000)
    client.connection.reconnect()
    await clock.advance(49_999)
    expect(server.peers).to.have.length(2)
    await clock.advance(1)
    expect(server.peers).to.have.length(3)
    await client.close()
  })

  it('shows the rest of the wait if the link is lost while its replacement waits', async () => {
    const connectLimiter = createConnectLimiter({ attempts: 1, per: 60_000 })
    const { clock, client, server } = await ready({ connectLimiter })
    await clock.advance(10_000)
    client.connection.reconnect({ overlap: true })
    await clock.advance(10_000)
    server.peer.drop()
    await clock.settle()
    expect(client.connection.state).to.deep.equal({ status: 'connecting', attempt: 1, limiterDelay: 40_000 })
    await client.close()
  })

  it('lets a client that closes while it waits leave at once, without using a slot', async () => {
    const connectLimiter = createConnectLimiter({ attempts: 1, per: 60_000 })
    const { clock, client, server } = await ready({ connectLimiter })
    const shared = { connectLimiter, clock, transport: server.connect }
    const leaving = start(shared)
    const aborted = new AbortController()
    const starting = bootstrap(leaving.witness.constructor as new () => object, 'ws://peer.test', {
      ...shared,
      signal: aborted.signal,
      logger: false,
    })
    const last = start(shared)
    await leaving.witness.connection.close()
    aborted.abort()
    await starting.catch(() => undefined)
    await clock.advance(60_000)
    expect(server.peers).to.have.length(2)
    expect(last.witness.connection.state.status).to.equal('open')
    await last.witness.connection.close()
    await client.close()
  })
})
