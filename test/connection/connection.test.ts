import { inspect } from 'node:util'
import { expect } from 'chai'
import {
  BackpressureError,
  ConnectionClosedError,
  HeartbeatTimeoutError,
  NotConnectedError,
  WaitTimeoutError,
} from 'holdfast'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

const never = (): Promise<void> => new Promise(() => undefined)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('Connection', () => {
  describe('heartbeat', () => {
    it('sends the first ping after one interval, and then one per interval (B7)', async () => {
      const { clock, server } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      await clock.advance(999)
      expect(server.peer.pings).to.equal(0)
      await clock.advance(1)
      expect(server.peer.pings).to.equal(1)
      await clock.advance(2_000)
      expect(server.peer.pings).to.equal(3)
    })

    it('detects a peer that is silent from the start within interval and timeout (B8)', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isAlive = false
      await clock.advance(1_499)
      expect(witness.errors).to.deep.equal([])
      await clock.advance(1)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
      expect(witness.errors[0]?.context.stage).to.equal('heartbeat')
    })

    it('terminates a dead connection without a closing handshake, and @OnClose runs immediately (B5)', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      const { peer } = server
      peer.isAlive = false
      await clock.advance(1_500)
      expect(peer.closeFrame).to.equal(undefined)
      expect(witness.closes[0]).to.deep.include({ code: 1006, initiator: 'network', willReconnect: true })
    })

    it('starts again on the next link (B6)', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isAlive = false
      await clock.advance(1_500 + 1_000)
      expect(server.peers).to.have.length(2)
      await clock.advance(3_000)
      expect(witness.closes).to.have.length(1)
    })

    it('treats any frame as a sign of life', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isAlive = false
      for (let round = 0; round < 10; round += 1) {
        await clock.advance(400)
        server.peer.send('"tick"')
      }
      expect(witness.closes).to.deep.equal([])
    })

    it('makes exactly one decision after a ten-minute sleep (B32)', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isAlive = false
      await clock.jump(10 * 60_000)
      expect(witness.closes).to.deep.equal([])
      await clock.advance(500)
      expect(witness.closes).to.have.length(1)
      await clock.advance(60_000)
      expect(server.peers).to.have.length(2)
      expect(witness.errors).to.have.length(1)
    })

    it('keeps the connection if the peer is healthy after a sleep', async () => {
      const { clock, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      await clock.jump(10 * 60_000)
      await clock.advance(10_000)
      expect(witness.closes).to.deep.equal([])
    })

    it('only listens if silence is set', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { silence: 3_000 } })
      for (let round = 0; round < 5; round += 1) {
        await clock.advance(2_000)
        server.peer.send('"beat"')
      }
      expect(witness.errors).to.deep.equal([])
      await clock.advance(3_000)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
      expect(server.peers[0]?.pings).to.equal(0)
    })

    it('sends an application message, consumes the reply, and measures its latency', async () => {
      const { clock, server, witness } = await ready({
        heartbeat: {
          interval: 1_000,
          timeout: 500,
          message: () => ({ op: 'ping' }),
          isReply: (message) => (message as { op?: string }).op === 'pong',
        },
      })
      await clock.advance(1_000)
      expect(server.peer.received).to.deep.equal(['{"op":"ping"}'])
      await clock.advance(40)
      server.peer.send({ op: 'pong' })
      expect(witness.heartbeat.latency).to.equal(40)
      expect(witness.messages).to.deep.equal([])
      expect(server.peer.pings).to.equal(0)
    })

    it('reports a heartbeat message function that throws, and continues', async () => {
      const message = (): never => {
        throw new Error('no message')
      }
      const { clock, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 50_000, message } })
      await clock.advance(2_000)
      expect(witness.notes).to.deep.equal(['open 1', 'error heartbeat', 'error heartbeat'])
    })

    it('does nothing if the heartbeat is off', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      server.peer.isAlive = false
      await clock.advance(3_600_000)
      expect(server.peer.pings).to.equal(0)
      expect(witness.closes).to.deep.equal([])
    })

    it('accepts a new interval for its link, and uses the original options on the next link', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 10_000, timeout: 500 } })
      witness.heartbeat.configure({ interval: 1_000 })
      await clock.advance(3_000)
      expect(server.peer.pings).to.equal(3)
      server.peer.drop()
      await clock.advance(1_000)
      expect(server.peers).to.have.length(2)
      await clock.advance(9_999)
      expect(server.peer.pings).to.equal(0)
      await clock.advance(10_000)
      expect(server.peer.pings).to.be.greaterThan(0)
    })

    it('accepts any style while connected', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      witness.heartbeat.configure({
        interval: 1_000,
        timeout: 500,
        message: () => ({ op: 'ping' }),
        isReply: (message) => (message as { op?: string }).op === 'pong',
      })
      await clock.advance(1_000)
      expect(server.peer.received).to.deep.equal(['{"op":"ping"}'])
      server.peer.send({ op: 'pong' })
      expect(witness.messages).to.deep.equal([])
      witness.heartbeat.configure('ping')
      await clock.advance(20_000)
      expect(server.peer.pings).to.equal(1)
      witness.heartbeat.configure(false)
      expect(clock.timers).to.equal(0)
      witness.heartbeat.configure({ silence: 3_000 })
      await clock.advance(3_000)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    })

    it('rejects invalid settings, and settings without an open link', async () => {
      const { clock, server, witness } = await ready()
      expect(() => witness.heartbeat.configure({ interval: 0 })).to.throw(
        RangeError,
        'Invalid heartbeat.interval: expected milliseconds',
      )
      expect(() => witness.heartbeat.configure({ silence: 1, interval: 1 })).to.throw(
        TypeError,
        'silence cannot be combined with interval',
      )
      server.peer.drop()
      await clock.settle()
      expect(() => witness.heartbeat.configure(false)).to.throw(NotConnectedError)
    })

    it('treats the bytes of a message that takes minutes to arrive as signs of life', async () => {
      const { clock, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isAlive = false
      for (let round = 0; round < 300; round += 1) {
        server.peer.sendPart(1_000)
        await clock.advance(400)
      }
      expect(witness.errors).to.deep.equal([])
      await clock.advance(1_500)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    })

    it('detects a dead peer behind an upload that has stalled for interval + timeout', async () => {
      const { clock, client, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      server.peer.isReading = false
      await client.connection.send('a long upload')
      await clock.advance(1_000 + 1_499)
      expect(witness.errors).to.deep.equal([])
      await clock.advance(1)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    })

    it('waits for a peer that is reading an upload, and then gives it the full timeout to respond', async () => {
      const { clock, client, server, witness } = await ready({ heartbeat: { interval: 1_000, timeout: 500 } })
      const { peer } = server
      peer.isReading = false
      await client.connection.send('a long upload')
      await clock.advance(2_400)
      expect(peer.pings).to.equal(0)
      peer.isAlive = false
      peer.read()
      expect(peer.pings).to.equal(1)
      await clock.advance(499)
      expect(witness.errors).to.deep.equal([])
      await clock.advance(1)
      expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    })

    it('pings on request, and returns the latency and the time of the last sign of life', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      await clock.advance(500)
      server.peer.isAlive = false
      const ping = witness.heartbeat.ping()
      await clock.advance(25)
      server.peer.pong(Buffer.from('1'))
      expect(await ping).to.equal(25)
      expect(witness.heartbeat.latency).to.equal(25)
      await clock.advance(75)
      expect(witness.heartbeat.lastSeen).to.equal(clock.date() - 75)
    })

    it('returns the time of the last sign of life even while not connected', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      server.peer.send('"hello"')
      const heardAt = clock.date()
      await clock.advance(50)
      server.peer.drop()
      await clock.advance(50)
      expect(witness.connection.state.status).to.equal('waiting')
      expect(witness.heartbeat.lastSeen).to.equal(heardAt)
    })

    it('keeps a connection that this side is not reading, because pongs still arrive chunk by chunk (B41)', async () => {
      const releases: (() => void)[] = []
      const { clock, server, witness } = await ready(
        { highWaterMark: 4, heartbeat: { interval: 1_000, timeout: 500 } },
        { message: () => new Promise<void>((resolve) => releases.push(resolve)) },
      )
      for (const index of upTo(20)) server.peer.send(index)
      expect(server.peer.isPaused).to.equal(true)
      await clock.advance(3_500)
      expect(witness.closes).to.deep.equal([])
      expect(server.peer.isPaused).to.equal(true)
      while (witness.messages.length < 20) {
        releases.shift()?.()
        await clock.settle()
      }
      expect(witness.messages).to.deep.equal(upTo(20))
    })
  })

  describe('back-pressure', () => {
    it('pauses reading above the high mark, and resumes at a quarter of it', async () => {
      const releases: (() => void)[] = []
      const { clock, server, witness } = await ready(
        { highWaterMark: 8 },
        { message: () => new Promise<void>((resolve) => releases.push(resolve)) },
      )
      for (const index of upTo(30)) server.peer.send(index)
      // Nine messages exceed the mark of eight: one runs, eight wait. At two or fewer, reading resumes.
      for (let handled = 0; handled < 6; handled += 1) {
        expect(server.peer.isPaused).to.equal(true)
        releases.shift()?.()
        await clock.settle()
      }
      expect(witness.messages).to.have.length(7)
      releases.shift()?.()
      await clock.settle()
      releases.shift()?.()
      await clock.settle()
      expect(witness.messages).to.have.length(9)
      expect(server.peer.isPaused).to.equal(true)
    })

    it('passes messages to a waiter inside a serial handler, even if the queue is full', async () => {
      const { clock, server, witness } = await ready(
        { highWaterMark: 4 },
        {
          message: async (message, { connection }) => {
            if (message === 0) await connection.waitFor((reply) => reply === 'answer')
          },
        },
      )
      for (const index of upTo(20)) server.peer.send(index)
      server.peer.send('"answer"')
      await clock.settle()
      expect(witness.messages).to.deep.equal(upTo(20))
    })

    it('rejects waiters if far too many messages are pending', async () => {
      const failures: unknown[] = []
      const { clock, server } = await ready(
        { highWaterMark: 2 },
        {
          message: async (message, { connection }) => {
            if (message === 0)
              await connection.waitFor(() => false).catch((error: unknown) => failures.push(error))
          },
        },
      )
      for (const index of upTo(100)) server.peer.send(index)
      await clock.settle()
      expect(failures[0]).to.be.instanceOf(BackpressureError)
    })
  })

  describe('handling', () => {
    it('processes messages one at a time and in order, however long each takes (B19)', async () => {
      const done: unknown[] = []
      const rig = await ready(
        { heartbeat: false },
        {
          message: (message) =>
            new Promise<void>((resolve) => {
              rig.clock.setTimeout(
                () => {
                  done.push(message)
                  resolve()
                },
                100 - 10 * (message as number),
              )
            }),
        },
      )
      for (const index of upTo(5)) rig.server.peer.send(index)
      await rig.clock.advance(1_000)
      expect(done).to.deep.equal(upTo(5))
    })

    it('runs as many handlers at once as concurrency allows', async () => {
      const { server, witness } = await ready({ concurrency: 3 }, { message: never })
      for (const index of upTo(5)) server.peer.send(index)
      expect(witness.messages).to.deep.equal([0, 1, 2])
    })

    it('passes invalid JSON and errors thrown by handlers to @OnError in order, and continues (B39)', async () => {
      const { server, witness, clock } = await ready(
        {},
        {
          message: (message) => {
            if (message === 2) throw new Error('no twos')
          },
        },
      )
      server.peer.send('1')
      server.peer.send('{broken')
      server.peer.send('2')
      server.peer.send('3')
      await clock.settle()
      const expected = ['open 1', 'message 1', 'error decode', 'message 2', 'error handle', 'message 3']
      expect(witness.notes).to.deep.equal(expected)
      expect(witness.errors[1]?.context).to.deep.include({ handler: 'Started#received', message: 2 })
    })

    it('delivers a message to other recipients even if a handler throws (B21)', async () => {
      const { server, client } = await ready(
        {},
        {
          message: () => {
            throw new Error('always')
          },
        },
      )
      const seen: unknown[] = []
      const note = (message: unknown): void => void seen.push((message as { message: unknown }).message)
      subscribe('holdfast:message', note)
      server.peer.send(1)
      const waiting = client.connection.waitFor((message) => message === 2)
      server.peer.send(2)
      unsubscribe('holdfast:message', note)
      expect(await waiting).to.equal(2)
      expect(seen).to.deep.equal([1, 2])
    })

    it('passes binary frames to @OnBinary unchanged', async () => {
      const { server, witness } = await ready()
      server.peer.send(new Uint8Array([1, 2, 3]))
      expect(witness.notes).to.deep.equal(['open 1', 'binary 3'])
    })

    it('reports a reply for a lost link instead of sending it', async () => {
      let release: ((value: unknown) => void) | undefined
      const { server, witness, clock } = await ready(
        {},
        { message: () => new Promise((resolve) => (release = resolve)) },
      )
      server.peer.send(1)
      server.peer.drop()
      release?.({ late: true })
      await clock.advance(2_000)
      expect(witness.notes).to.deep.equal(['open 1', 'message 1', 'error send', 'close 1', 'open 2'])
      expect(server.peer.received).to.deep.equal([])
    })
  })

  describe('#close', () => {
    it("resumes a paused socket, so that the peer's end is noticed", async () => {
      const hooks: Hooks = { message: () => new Promise<never>(() => undefined) }
      const { client, server, clock } = await ready({ heartbeat: false, highWaterMark: 2 }, hooks)
      for (let n = 0; n < 3; n += 1) server.peer.send(n)
      expect(server.peer.isPaused).to.equal(true)
      const closing = client.close()
      expect(server.peer.isPaused).to.equal(false)
      await clock.advance(5_000)
      await closing
    })

    it('cancels the wait for the next attempt, and opens no more links (B2)', async () => {
      const { clock, server, client } = await ready()
      server.peer.drop()
      await clock.settle()
      expect(client.connection.state.status).to.equal('waiting')
      await client.close()
      await clock.advance(300_000)
      expect(server.peers).to.have.length(1)
      expect(clock.timers).to.equal(0)
    })

    it('makes bootstrap reject while connecting, without an error event (B14)', async () => {
      const { starting, witness, clock } = start({}, {}, (memory) => (memory.onAttempt = () => undefined))
      await clock.settle()
      await witness.connection.close()
      expect(await rejection(starting)).to.be.instanceOf(ConnectionClosedError)
      expect(witness.notes).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('never leads to a reconnect, whatever the code (B37)', async () => {
      for (const code of [1000, 1001, 3000, 4999]) {
        const { clock, server, client, witness } = await ready()
        await client.close(code, 'bye')
        await clock.advance(120_000)
        expect(server.peers).to.have.length(1)
        expect(witness.closes[0]).to.deep.include({
          code,
          sentCode: code,
          initiator: 'local',
          willReconnect: false,
        })
      }
    })

    it('has no effect when called again', async () => {
      const { client, server } = await ready()
      const [first, second] = await Promise.all([client.connection.close(), client.connection.close(4000)])
      expect(first).to.equal(second)
      expect(server.peer.closeFrame?.code).to.equal(1000)
      expect(await client.connection.close()).to.equal(first)
    })

    it('ends with 1006 within closeTimeout if the peer never responds (B24)', async () => {
      const { clock, server, client } = await ready({ closeTimeout: 1_000 })
      server.peer.isAlive = false
      const closing = client.close()
      await clock.advance(1_000)
      expect(await closing).to.deep.include({
        code: 1006,
        sentCode: 1000,
        initiator: 'local',
        wasClean: false,
      })
    })

    it('lets running and queued handlers finish, sends their return values, and then closes', async () => {
      const rig = await ready(
        {},
        {
          message: (message) =>
            new Promise((resolve) => rig.clock.setTimeout(() => resolve({ done: message }), 100)),
        },
      )
      const { clock, server, client, witness } = rig
      server.peer.send(1)
      server.peer.send(2)
      const closing = client.close()
      server.peer.send(3)
      await clock.advance(200)
      await closing
      expect(server.peer.received).to.deep.equal(['{"done":1}', '{"done":2}'])
      expect(witness.notes).to.deep.equal(['open 1', 'message 1', 'message 2', 'close 1'])
    })

    it('gives hanging handlers half of closeTimeout, reports the rest, and closes', async () => {
      const { clock, server, client, witness } = await ready({ closeTimeout: 2_000 }, { message: never })
      for (const index of upTo(3)) server.peer.send(index)
      const closing = client.close()
      await clock.advance(999)
      expect(server.peer.closeFrame).to.equal(undefined)
      await clock.advance(1)
      await closing
      expect(server.peer.closeFrame?.code).to.equal(1000)
      expect(witness.errors[0]?.error).to.include({ code: 'HOLDFAST_UNPROCESSED_MESSAGES', count: 2 })
      expect(witness.notes.at(-1)).to.equal('close 1')
    })

    it('reports how the last link ended even if the deadline comes first', async () => {
      const { clock, server, client, witness } = await ready()
      server.peer.isAlive = false
      const closing = client.close(4_001, 'enough')
      await clock.settle()
      await clock.jump(5_000)
      const close = await closing
      expect(close).to.deep.include({ connectionNumber: 1, code: 1006, sentCode: 4_001, initiator: 'local' })
      expect(witness.closes).to.deep.equal([close])
    })

    it('does not wait for a handler that calls it synchronously', async () => {
      const { clock, server, client, witness } = await ready(
        {},
        { message: async (_message, { connection }) => void (await connection.close()) },
      )
      server.peer.send(1)
      await client.closed
      expect(clock.now()).to.equal(0)
      expect(witness.notes).to.deep.equal(['open 1', 'message 1', 'close 1'])
    })

    it('is subject to the deadline if a handler awaits it later', async () => {
      const { clock, server, client } = await ready(
        { closeTimeout: 2_000 },
        {
          message: async (_message, { connection }) => {
            await Promise.resolve()
            await connection.close()
          },
        },
      )
      server.peer.send(1)
      await clock.advance(2_000)
      await client.closed
    })

    it('can be called in @OnOpen, @OnClose, @OnError and @OnStateChange', async () => {
      const close = (
        _: unknown,
        { connection }: { connection: { close(): Promise<unknown> } },
      ): Promise<unknown> => connection.close()
      const inOpen = start({}, { open: close })
      expect(await rejection(inOpen.starting)).to.be.instanceOf(ConnectionClosedError)
      expect(inOpen.witness.notes).to.deep.equal(['open 1', 'close 1'])
      for (const hooks of [{ close }, { error: close }, { state: close }]) {
        const { clock, server, starting, witness } = start({}, hooks)
        await clock.settle()
        server.peers[0]?.drop(new Error('reset'))
        await witness.connection.closed
        expect(clock.now()).to.equal(0)
        await starting.catch(() => undefined)
        await clock.advance(100_000)
        expect(server.peers).to.have.length(1)
      }
    })

    it('makes later public calls throw', async () => {
      const { client } = await ready()
      const closing = client.close()
      expect(() => void client.connection.send('late')).to.throw(ConnectionClosedError, 'closing')
      await closing
      expect(() => void client.connection.sendJson(1)).to.throw(ConnectionClosedError, 'closed')
      expect(() => client.connection.reconnect()).to.throw(ConnectionClosedError)
      expect(() => void client.connection.waitFor(() => true)).to.throw(ConnectionClosedError)
    })

    it('throws for a code or a reason that a close frame cannot contain', async () => {
      const { client } = await ready()
      expect(() => void client.connection.close(1005)).to.throw(RangeError, '1005')
      expect(() => void client.connection.close(1000, 'x'.repeat(124))).to.throw(
        RangeError,
        'Close reason too long: expected at most 123 bytes, received 124',
      )
      await client.close()
    })

    it("aborts the connection's signal when it starts", async () => {
      const { client } = await ready()
      const closing = client.close()
      expect(client.connection.signal.aborted).to.equal(true)
      await closing
    })

    it('leaves no timer running if @OnOpen hangs', async () => {
      const { clock, witness, starting } = start({ closeTimeout: 1_000 }, { open: never })
      await clock.settle()
      void witness.connection.close()
      await clock.advance(1_000)
      await rejection(starting)
      expect(clock.timers).to.equal(0)
    })

    it('leaves no timer running', async () => {
      const { clock, client } = await ready()
      await client.close()
      expect(clock.timers).to.equal(0)
    })
  })

  describe('#terminate', () => {
    it('terminates the socket without a close frame, and @OnClose runs', async () => {
      const { client, server, witness, clock } = await ready()
      await client.connection.terminate()
      expect(server.peer.closeFrame).to.equal(undefined)
      expect(witness.closes[0]).to.deep.include({ code: 1006, initiator: 'local', willReconnect: false })
      await clock.advance(60_000)
      expect(server.peers).to.have.length(1)
    })

    it('also ends the wait for the next attempt', async () => {
      const { client, server, clock } = await ready()
      server.peer.drop()
      await clock.settle()
      void client.connection.terminate()
      await client.closed
      expect(clock.timers).to.equal(0)
    })

    it('speeds up a close that is in progress', async () => {
      const { client, server, clock } = await ready()
      server.peer.isAlive = false
      void client.close()
      await clock.settle()
      await client.connection.terminate()
      expect(clock.now()).to.equal(0)
    })
  })

  describe('#send', () => {
    it('sends text and bytes unchanged, encodes JSON, and encodes messages with the codec', async () => {
      const { client, server } = await ready()
      void client.connection.send('plain')
      void client.connection.send(new Uint8Array([7]))
      void client.connection.sendJson({ a: 1 })
      void client.connection.sendMessage({ b: 2 })
      expect(server.peer.received).to.deep.equal(['plain', new Uint8Array([7]), '{"a":1}', '{"b":2}'])
    })

    it('throws a TypeError for a plain object, and names the methods to use', async () => {
      const { client } = await ready()
      expect(() => void client.connection.send({} as never)).to.throw(
        TypeError,
        'Use sendJson() or sendMessage()',
      )
    })

    it('returns a promise that stays pending from the high mark until the low mark, and never rejects', async () => {
      const { client, server, clock } = await ready({ sendHighWaterMark: 100 })
      server.peer.isReading = false
      let isThrough = false
      await client.connection.send('x'.repeat(50))
      void client.connection.send('x'.repeat(60)).then(() => (isThrough = true))
      await clock.settle()
      expect(isThrough).to.equal(false)
      expect(client.connection.bufferedAmount).to.equal(110)
      server.peer.read()
      await clock.settle()
      expect(isThrough).to.equal(true)
    })

    it('resolves pending promises when the connection is lost', async () => {
      const { client, server } = await ready({ sendHighWaterMark: 10 })
      server.peer.isReading = false
      const flow = client.connection.send('x'.repeat(50))
      server.peer.drop()
      await flow
    })
  })

  describe('#waitFor', () => {
    it('resolves with the next matching message, which no handler receives', async () => {
      const { client, server, witness } = await ready()
      const waiting = client.connection.waitFor((message) => message === 2)
      for (const index of upTo(4)) server.peer.send(index)
      expect(await waiting).to.equal(2)
      expect(witness.messages).to.deep.equal([0, 1, 3])
    })

    it('receives messages that arrive while @OnOpen runs', async () => {
      const { server, starting, clock } = start(
        {},
        {
          open: async (_open, { connection }) =>
            void (await connection.waitFor((message) => message === 'hello')),
        },
      )
      await clock.settle()
      server.peer.send('"hello"')
      await starting
    })

    it('rejects after its timeout', async () => {
      const { client, clock } = await ready()
      const waiting = client.connection.waitFor(() => false, { timeout: 50 })
      await clock.advance(50)
      expect(await rejection(waiting)).to.be.instanceOf(WaitTimeoutError)
    })
  })

  describe('secrets', () => {
    it('are part of url, but not of what inspect() shows', async () => {
      const { client } = await ready()
      expect(client.connection.url).to.equal('ws://peer.test/feed?token=secret')
      expect(inspect(client.connection)).to.match(
        /^Connection \{ Started#\d+ ws:\/\/peer\.test\/feed open \}$/,
      )
      expect(inspect(client, { depth: 5 })).not.to.contain('secret')
    })

    it('in the query are not shown in the errors from failed attempts', async () => {
      const { witness, clock } = start({}, {}, (memory) => (memory.onAttempt = (peer) => peer.refuse()))
      await clock.settle()
      expect(inspect(witness.errors[0]?.error)).not.to.contain('secret')
    })
  })
})
