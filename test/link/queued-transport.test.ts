import { expect } from 'chai'
import { OutboxFullError } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { QueuedTransport, socketOf } from '#src/link/queued-transport.js'
import type { QueuedFrame } from '#src/link/queued-transport.js'
import { RateLimiter } from '#src/link/rate-limiter.js'
import type { RateLimitSettings } from '#src/link/rate-limiter.js'
import { Recorder } from '../support/recorder.js'
import { ready } from '../support/rig.js'
import { FACTS } from '../support/facts.js'

const rateLimit = { messages: 3, per: 1_000, reserve: 1 }

const REQUEST = {
  url: 'ws://peer.test/',
  protocols: [],
  headers: {},
  maxPayload: 0,
  maxFragments: 0,
  closeTimeout: 5_000,
}

describe('QueuedTransport', () => {
  it('sends no faster than the limit, in order, across handlers and senders', async () => {
    const { client, server, clock } = await ready({ rateLimit, heartbeat: false })
    for (const text of ['a', 'b', 'c', 'd']) void client.connection.send(text)
    expect(server.peer.received).to.deep.equal(['a', 'b'])
    expect(client.connection.bufferedAmount).to.equal(2)
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(client.connection.bufferedAmount).to.equal(0)
  })

  it('lets heartbeats jump the queue within the reserve', async () => {
    const heartbeat = { interval: 500, timeout: 400 }
    const { client, server, clock } = await ready({ rateLimit, heartbeat })
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(500)
    expect(server.peer.pings).to.equal(1)
    expect(server.peer.received).to.deep.equal(['a', 'b'])
  })

  it('also lets message heartbeats jump the queue', async () => {
    const heartbeat = { interval: 500, timeout: 400, message: () => 'beat' }
    const { client, server, clock } = await ready({ rateLimit, heartbeat })
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(500)
    expect(server.peer.received).to.deep.equal(['a', 'b', '"beat"'])
  })

  it('copies queued bytes, because their owner can reuse the memory', async () => {
    const { client, server, clock } = await ready({ rateLimit, heartbeat: false })
    const bytes = new Uint8Array(1)
    for (const value of [1, 2, 3, 4]) void client.connection.send(bytes.fill(value))
    await clock.advance(1_000)
    expect(server.peer.received.map((data) => (data as Uint8Array)[0])).to.deep.equal([1, 2, 3, 4])
  })

  it('counts queued messages, and makes send() throw above 16 times sendHighWaterMark', async () => {
    const { client, clock } = await ready({ rateLimit, heartbeat: false, sendHighWaterMark: 100 })
    for (const text of ['a', 'b', 'x'.repeat(1_600), 'y']) void client.connection.send(text)
    expect(() => client.connection.send('z')).to.throw(OutboxFullError, '1601 bytes are waiting')
    await clock.advance(1_000)
    void client.connection.send('z')
  })

  it('resolves whenDrained for the messages queued now, even if it was drained before', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter<QueuedFrame>({ messages: 1, per: 1_000 }, clock, {
      send: (frame) => frame.run(),
    })
    const transport = new QueuedTransport(new MemoryServer().connect(REQUEST, new Recorder()), limiter, {
      facts: FACTS,
    })
    await clock.settle()
    for (const text of ['a', 'b']) transport.send(text)
    const drained = transport.whenDrained()
    await clock.advance(1_000)
    await drained
    transport.send('c')
    let isDrained = false
    void transport.whenDrained().then(() => (isDrained = true))
    await clock.settle()
    expect(isDrained).to.equal(false)
    await clock.advance(1_000)
    expect(isDrained).to.equal(true)
  })

  it('provides flow control to the sender', async () => {
    const { client, clock } = await ready({ rateLimit, heartbeat: false, sendHighWaterMark: 2 })
    let isThrough = false
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    void client.connection.send('d').then(() => (isThrough = true))
    await clock.settle()
    expect(isThrough).to.equal(false)
    await clock.advance(1_000)
    expect(isThrough).to.equal(true)
  })

  it('sends queued messages before close(), within its time', async () => {
    const { client, server, clock } = await ready({ rateLimit, heartbeat: false })
    for (const text of ['a', 'b', 'c', '']) void client.connection.send(text)
    const closing = client.close()
    await clock.advance(1_000)
    await closing
    expect(server.peer.received).to.deep.equal(['a', 'b', 'c', ''])
    expect(clock.timers).to.equal(0)
  })

  it('discards and reports messages that cannot be sent within half of closeTimeout, or that a lost connection held back', async () => {
    for (const isLost of [true, false]) {
      const { client, server, clock, witness } = await ready({
        rateLimit,
        heartbeat: false,
        closeTimeout: 1_000,
      })
      for (const text of ['a', 'b', 'c', 'd']) void client.connection.send(text)
      if (isLost) server.peer.drop()
      else {
        const closing = client.close()
        await clock.advance(1_000)
        await closing
      }
      expect(server.peer.received).to.deep.equal(['a', 'b'])
      expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: ['c', 'd'] })
      expect(witness.errors[0]?.context).to.include({ stage: 'send', message: 'c' })
    }
  })

  it('reports that a heartbeat has been sent only once it has, not when it is passed on', async () => {
    const clock = new FakeClock()
    const server = new MemoryServer()
    const limiter = new RateLimiter<QueuedFrame>({ messages: 1, per: 1_000 }, clock, {
      send: (frame) => frame.run(),
    })
    const socket = server.connect(REQUEST, new Recorder())
    const transport = new QueuedTransport(socket, limiter, { facts: FACTS })
    await clock.settle()
    const left: string[] = []
    transport.send('first')
    transport.ping(new Uint8Array(), () => left.push(`ping at ${clock.now()}`))
    transport.sendUrgent('beat', () => left.push(`beat at ${clock.now()}`))
    expect(left).to.deep.equal([])
    await clock.advance(2_000)
    expect(left).to.deep.equal(['ping at 1000', 'beat at 2000'])
    expect(socketOf(transport)).to.equal(socket)
    expect(socketOf(socket)).to.equal(socket)
    server.peer.sendPart(10)
    expect(transport.bytesRead).to.equal(socket.bytesRead).and.to.be.at.least(10)
  })

  describe('#clear', () => {
    /** Two open transports on one limiter, as during a handover, each with the times at which its peer received messages. */
    async function two(settings: RateLimitSettings) {
      const clock = new FakeClock()
      const server = new MemoryServer()
      const limiter = new RateLimiter<QueuedFrame>(settings, clock, { send: (frame) => frame.run() })
      const open = () => {
        const transport = new QueuedTransport(server.connect(REQUEST, new Recorder()), limiter, {
          facts: FACTS,
        })
        const { peer } = server
        const received: string[] = []
        peer.onMessage = (data) => received.push(`${String(data)} at ${clock.now()}`)
        return { transport, peer, received }
      }
      const both = { clock, old: open(), fresh: open() }
      await clock.settle()
      return both
    }

    it("does not affect another transport's frames on the same limiter: their order, urgency, and time stay the same", async () => {
      const { clock, old, fresh } = await two({ messages: 2, per: 1_000, reserve: 1 })
      fresh.transport.send('m0')
      fresh.transport.ping(new Uint8Array())
      for (const text of ['m1', 'm2']) {
        old.transport.send(`old ${text}`)
        fresh.transport.send(text)
      }
      old.transport.ping(new Uint8Array())
      fresh.transport.ping(new Uint8Array())
      expect(old.transport.clear()).to.deep.equal(['old m1', 'old m2'])
      await clock.advance(1_000)
      expect(fresh.peer.pings).to.equal(2)
      await clock.advance(9_000)
      expect(fresh.received).to.deep.equal(['m0 at 0', 'm1 at 1000', 'm2 at 2000'])
      expect(old.received).to.deep.equal([])
      expect(old.peer.pings).to.equal(0)
      expect(clock.timers).to.equal(0)
    })

    it('drains only this transport', async () => {
      const { clock, old, fresh } = await two({ messages: 1, per: 1_000 })
      const drained: string[] = []
      fresh.transport.send('m0')
      old.transport.send('old')
      fresh.transport.send('m1')
      void old.transport.whenDrained().then(() => drained.push('old'))
      void fresh.transport.whenDrained().then(() => drained.push('fresh'))
      old.transport.clear()
      await clock.settle()
      expect(drained).to.deep.equal(['old'])
      expect([old.transport.bufferedAmount, fresh.transport.bufferedAmount]).to.deep.equal([0, 2])
      await clock.advance(1_000)
      expect(drained).to.deep.equal(['old', 'fresh'])
    })
  })
})
