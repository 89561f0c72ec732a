import { expect } from 'chai'
import fc from 'fast-check'
import {
  ConnectFailedError,
  ConnectTimeoutError,
  ConnectionClosedError,
  ConnectionLostError,
  HandshakeError,
  NotConnectedError,
  ConnectOptionError,
  OnOpenTimeoutError,
  RetriesExhaustedError,
} from 'holdfast'
import type { Connect, ConnectionState, TransportListener } from 'holdfast'
import type { MemoryPeer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'

const statuses = (states: readonly ConnectionState[]): string[] => states.map(({ status }) => status)

describe('ConnectionLifecycle', () => {
  describe('attempts', () => {
    it('go from connecting to open and, after close(), to closed', async () => {
      const { client, witness } = await ready()
      await client.close()
      expect(statuses(witness.states)).to.deep.equal(['opening', 'open', 'closing', 'closed'])
      expect(witness.notes).to.deep.equal(['open 1', 'close 1'])
    })

    it('start in the state connecting', () => {
      const { witness } = start({}, {}, (server) => (server.onAttempt = () => undefined))
      expect(witness.connection.state).to.deep.equal({ status: 'connecting', attempt: 1 })
    })

    it('are retried, including the first one', async () => {
      const { clock, server, starting, witness } = start({}, {}, (memory) => {
        memory.onAttempt = (peer) => (memory.peers.length < 3 ? peer.refuse() : peer.accept())
      })
      await clock.advance(10_000)
      await starting
      expect(server.peers).to.have.length(3)
      expect(witness.opens[0]).to.include({
        isReconnect: false,
        attempt: 3,
        connectionNumber: 1,
        downtime: 0,
      })
    })

    it('are scheduled exactly once after a connection is refused (B10)', async () => {
      const { clock, server, witness } = start(
        {},
        {},
        (memory) => (memory.onAttempt = (peer) => peer.refuse()),
      )
      await clock.settle()
      expect(witness.connection.state).to.include({ status: 'waiting', attempt: 2, delay: 2_000 })
      expect(clock.timers).to.equal(1)
      await clock.advance(1_999)
      expect(server.peers).to.have.length(1)
      await clock.advance(1)
      expect(server.peers).to.have.length(2)
    })

    it('are abandoned at connectTimeout and followed by another attempt', async () => {
      const { clock, server, witness } = start({ connectTimeout: 3_000 }, {}, (memory) => {
        memory.onAttempt = () => undefined
      })
      await clock.advance(3_000)
      expect(witness.errors[0]?.error).to.be.instanceOf(ConnectTimeoutError)
      expect(witness.errors[0]?.context).to.include({ stage: 'connect', fatal: false })
      await clock.advance(1_000)
      expect(server.peers).to.have.length(2)
    })

    it('include the url function in connectTimeout', async () => {
      const { clock, witness } = start({
        url: () => new Promise<string>(() => undefined),
        connectTimeout: 500,
      })
      await clock.advance(500)
      expect(witness.errors[0]?.error.message).to.contain(
        'timed out after 500 ms (connectTimeout): an option function is still pending',
      )
    })

    it('call the url, headers, and protocols functions again each time', async () => {
      const { clock, server, starting } = start(
        {
          url: ({ attempt }) => `ws://peer.test/${attempt}`,
          headers: ({ attempt }) => Promise.resolve({ authorization: `Bearer ${attempt}` }),
          protocols: ({ failure }) => (failure ? ['second'] : 'first'),
        },
        {},
        (memory) =>
          (memory.onAttempt = (peer) => (memory.peers.length === 1 ? peer.refuse() : peer.accept())),
      )
      await clock.advance(5_000)
      await starting
      expect(
        server.peers.map(({ request }) => [request.url, request.headers, request.protocols]),
      ).to.deep.equal([
        ['ws://peer.test/1', { authorization: 'Bearer 1' }, ['first']],
        ['ws://peer.test/2', { authorization: 'Bearer 2' }, ['second']],
      ])
    })

    it('are retried if the url function rejects, and open once it succeeds (B12)', async () => {
      let calls = 0
      const { clock, starting, witness } = start({
        url: () => {
          calls += 1
          return calls <= 3 ? Promise.reject(new Error('no token')) : 'ws://peer.test/'
        },
      })
      await clock.advance(60_000)
      await starting
      expect(calls).to.equal(4)
      expect(witness.errors.map(({ error }) => error instanceof ConnectOptionError)).to.deep.equal([
        true,
        true,
        true,
      ])
    })

    it('end immediately if the url function returns an invalid URL', async () => {
      const { starting, witness } = start({ url: () => 'http://peer.test/' })
      expect(await rejection(starting)).to.have.property('code', 'HOLDFAST_INVALID_URL')
      expect(witness.notes).to.deep.equal(['error connect fatal'])
    })

    it('have their signal aborted when they are abandoned', async () => {
      let signal: AbortSignal | undefined
      const { clock } = start({
        connectTimeout: 100,
        url: (attempt) => {
          signal ??= attempt.signal
          return new Promise<string>(() => undefined)
        },
      })
      await clock.advance(100)
      expect(signal?.aborted).to.equal(true)
    })

    it('ignore events from an old socket after its end (B11)', async () => {
      const listeners: TransportListener[] = []
      const transport: Connect = (_request, listener) => {
        listeners.push(listener)
        const idle = (): void => undefined
        const terminate = (): void => queueMicrotask(() => listener.onClose({ code: 1006, reason: '' }))
        const facts = { protocol: '', bufferedAmount: 0, bytesRead: 0, isOpen: true }
        return {
          ...facts,
          send: idle,
          ping: idle,
          pong: idle,
          close: idle,
          terminate,
          pause: idle,
          resume: idle,
        }
      }
      const { clock, witness } = start({ transport, connectTimeout: 1_000 })
      await clock.advance(2_000)
      const [first, second] = listeners
      second?.onOpen({ protocol: '', headers: {} })
      await clock.settle()
      first?.onOpen({ protocol: 'old', headers: {} })
      first?.onMessage('"old"')
      first?.onClose({ code: 1000, reason: '' })
      await clock.settle()
      expect(witness.connection.state).to.deep.include({ status: 'open', connectionNumber: 1 })
      expect(witness.notes).to.deep.equal(['error connect', 'open 1'])
    })
  })

  describe('reconnecting', () => {
    it('opens no more often than the backoff allows when the server closes immediately (B1)', async () => {
      const { clock, server, witness } = start({}, {}, (memory) => {
        memory.onAttempt = (peer) => {
          peer.accept()
          peer.close(1000)
        }
      })
      await clock.advance(5 * 60_000)
      // With the random source at one half, two starts are at least 2 seconds apart. The delays are 1, 2, 4, 8, and then 15 seconds.
      expect(server.peers).to.have.length(1 + 4 + Math.floor((300 - 16) / 15))
      const delays = witness.states.flatMap((state) => (state.status === 'waiting' ? [state.delay] : []))
      expect(delays.slice(0, 6)).to.deep.equal([2_000, 2_000, 4_000, 8_000, 15_000, 15_000])
    })

    it('resets the failures after minUptime, not when the link opens', async () => {
      const { clock, server, witness } = await ready({ reconnect: { minUptime: 5_000 } })
      await clock.advance(4_999)
      server.peer.drop()
      await clock.advance(1_000 + 5_000)
      server.peer.drop()
      const waits = witness.states.flatMap((state) =>
        state.status === 'waiting' ? [[state.attempt, state.delay]] : [],
      )
      expect(waits).to.deep.equal([
        [2, 1_000],
        [1, 1_000],
      ])
    })

    it('counts minUptime from the completion of @OnOpen', async () => {
      let release: (() => void) | undefined
      const rig = start({}, { open: () => new Promise<void>((resolve) => (release = resolve)) })
      await rig.clock.advance(6_000)
      release?.()
      await rig.starting
      await rig.clock.advance(1_000)
      rig.server.peer.drop()
      expect(rig.witness.connection.state).to.include({ status: 'waiting', attempt: 2 })
    })

    it('pairs each @OnOpen with an @OnClose and never has two live sockets, over 100 drops (B9)', async () => {
      const { clock, server, witness } = await ready()
      for (let drop = 0; drop < 100; drop += 1) {
        expect(server.live).to.equal(1)
        server.peer.drop(drop % 2 ? new Error('reset') : undefined)
        await clock.advance(30_000)
      }
      const pairs = witness.notes.filter((note) => !note.startsWith('error'))
      const expected = Array.from({ length: 100 }, (_, index) => [
        `open ${index + 1}`,
        `close ${index + 1}`,
      ]).flat()
      expect(pairs).to.deep.equal([...expected, 'open 101'])
    })

    it('calls @OnError once and then @OnClose after a reset, but only @OnClose after a plain end of stream', async () => {
      const { clock, server, witness } = await ready()
      server.peer.drop(new Error('reset'))
      await clock.advance(5_000)
      server.peer.drop()
      await clock.settle()
      expect(witness.notes).to.deep.equal(['open 1', 'error close', 'close 1', 'open 2', 'close 2'])
      expect(witness.closes[0]).to.deep.include({
        code: 1006,
        initiator: 'network',
        wasClean: false,
        willReconnect: true,
      })
    })

    it('reports the downtime', async () => {
      const { clock, server, witness } = await ready()
      await clock.advance(10_000)
      server.peer.drop()
      await clock.advance(1_000)
      expect(witness.opens[1]).to.deep.include({
        isReconnect: true,
        connectionNumber: 2,
        attempt: 1,
        downtime: 1_000,
      })
    })

    it('measures the downtime from the disconnect, including failed attempts', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      await clock.advance(10_000)
      server.onAttempt = (peer) => (server.peers.length < 4 ? peer.refuse() : peer.accept())
      server.peer.drop()
      // Attempts start after 1, 3 and 7 seconds.
      await clock.advance(60_000)
      expect(witness.opens[1]).to.deep.include({ connectionNumber: 2, isReconnect: true, downtime: 7_000 })
    })

    it("starts no attempt before the old link's @OnClose has settled, and measures the delay from the disconnect", async () => {
      let release: (() => void) | undefined
      const { clock, server } = await ready(
        {},
        { close: () => new Promise<void>((resolve) => (release = resolve)) },
      )
      server.peer.drop()
      await clock.advance(10_000)
      expect(server.peers).to.have.length(1)
      release?.()
      await clock.settle()
      expect(server.peers).to.have.length(2)
    })

    it('does not wait indefinitely for an @OnClose that never settles', async () => {
      const hooks = { close: () => new Promise<void>(() => undefined) }
      const { clock, server, witness } = await ready({ drainTimeout: 2_500 }, hooks)
      server.peer.drop()
      await clock.advance(2_499)
      expect(server.peers).to.have.length(1)
      await clock.advance(1)
      expect(server.peers).to.have.length(2)
      expect(witness.notes).to.include('error close')
    })

    it('ends with the last failure as the cause when the attempts run out', async () => {
      const { clock, starting, witness, server } = start({ reconnect: { maxAttempts: 3 } }, {}, (memory) => {
        memory.onAttempt = (peer) => peer.refuse()
      })
      await clock.advance(60_000)
      const error = (await rejection(starting)) as RetriesExhaustedError
      expect(error).to.be.instanceOf(RetriesExhaustedError).with.property('attempts', 3)
      expect(error.cause).to.be.instanceOf(ConnectFailedError)
      expect(server.peers).to.have.length(3)
      expect(witness.notes).to.deep.equal(['error connect', 'error connect', 'error connect fatal'])
      expect(clock.timers).to.equal(0)
    })

    it('reports a fatal failure as such, even on the last allowed attempt', async () => {
      const refusal = new HandshakeError('ws://peer.test/', 'said 401', { status: 401 })
      const { starting } = start({ reconnect: { maxAttempts: 1 } }, {}, (memory) => {
        memory.onAttempt = (peer) => peer.refuse(refusal)
      })
      expect(await rejection(starting)).to.equal(refusal)
    })

    it('ends with the first failure if reconnect is false', async () => {
      const { starting } = start(
        { reconnect: false },
        {},
        (memory) => (memory.onAttempt = (peer) => peer.refuse()),
      )
      expect(await rejection(starting)).to.be.instanceOf(ConnectFailedError)
    })

    it('calls @OnError once with fatal set if a later attempt fails permanently', async () => {
      const { clock, server, client, witness } = await ready()
      server.onAttempt = (peer) =>
        peer.refuse(new HandshakeError('ws://peer.test/', 'said no', { violation: 'accept' }))
      server.peer.drop()
      await clock.advance(2_000)
      const close = await client.closed
      expect(close).to.deep.include({ code: 1006, connectionNumber: 1, willReconnect: false })
      expect(close.error).to.be.instanceOf(HandshakeError)
      expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'error connect fatal'])
      expect(statuses(witness.states).slice(-2)).to.deep.equal(['closing', 'closed'])
    })

    it('calls @OnError once with fatal set, before @OnClose, if the peer closes with a fatal code', async () => {
      const { server, client, witness } = await ready()
      server.peer.close(1007, 'bad data')
      const { error } = await client.closed
      expect(witness.notes).to.deep.equal(['open 1', 'error close fatal', 'close 1'])
      expect(error)
        .to.be.instanceOf(ConnectionLostError)
        .and.to.include({ closeCode: 1007, reason: 'bad data' })
      expect(witness.errors[0]?.error).to.include({ message: error?.message, closeCode: 1007 })
      expect(witness.closes[0]).to.deep.include({ code: 1007, initiator: 'remote', willReconnect: false })
    })

    it('passes the failure details to shouldReconnect, and follows its result', async () => {
      const asked: unknown[] = []
      const { clock, server } = await ready({
        reconnect: {
          shouldReconnect: ({ code, reason, initiator, attempt, lastMessage, hasBeenOpen }) => {
            asked.push({ code, reason, initiator, attempt, lastMessage, hasBeenOpen })
            return 2_123
          },
        },
      })
      server.peer.send({ last: 1 })
      server.peer.close(1002, 'go away')
      await clock.advance(2_123)
      expect(server.peers).to.have.length(2)
      expect(asked).to.deep.equal([
        {
          code: 1002,
          reason: 'go away',
          initiator: 'remote',
          attempt: 1,
          lastMessage: { last: 1 },
          hasBeenOpen: true,
        },
      ])
    })

    it('reports a shouldReconnect function that throws, and uses the default', async () => {
      const shouldReconnect = (): never => {
        throw new Error('no idea')
      }
      const { clock, server, witness } = await ready({ reconnect: { shouldReconnect } })
      server.peer.drop()
      await clock.advance(2_000)
      expect(server.peers).to.have.length(2)
      expect(witness.errors[0]?.error.message).to.equal('no idea')
    })

    it('lets shouldReconnect close the connection', async () => {
      const shouldReconnect = (): boolean => {
        void rig.witness.connection.close()
        return true
      }
      const rig = await ready({ reconnect: { shouldReconnect } })
      rig.server.peer.drop()
      await rig.client.closed
      expect(rig.server.peers).to.have.length(1)
    })

    it('keeps the number of timers and listeners the same over 1,000 reconnects (B20)', async () => {
      const { clock, server, witness } = await ready({ reconnect: { delays: [1], initialDelay: 0 } })
      const timers = clock.timers
      const listeners = process.eventNames().map((name) => process.listenerCount(name))
      for (let round = 0; round < 1_000; round += 1) {
        server.peer.drop()
        await clock.advance(1)
        server.peers.splice(0, server.peers.length, server.peers.at(-1) as MemoryPeer)
      }
      expect(witness.opens).to.have.length(1_001)
      expect(clock.timers).to.equal(timers)
      expect(process.eventNames().map((name) => process.listenerCount(name))).to.deep.equal(listeners)
    })
  })

  describe('@OnOpen', () => {
    it('makes bootstrap reject if it throws the first time, and is still followed by @OnClose', async () => {
      const failure = new Error('bad key')
      const { starting, witness, server, clock } = start({}, { open: () => Promise.reject(failure) })
      expect(await rejection(starting)).to.equal(failure)
      expect(witness.notes).to.deep.equal(['open 1', 'error open fatal', 'close 1'])
      // There is no new connection.
      expect(server.peer.closeFrame?.code).to.equal(1000)
      expect(clock.timers).to.equal(0)
    })

    it('has its error reported if it throws on a later connection, which closes with 4000 and does not reset the attempt count', async () => {
      let isBroken = false
      const open = (): void => {
        if (isBroken) throw new Error('broken')
      }
      const { clock, server, witness } = await ready({}, { open })
      isBroken = true
      server.peer.drop()
      await clock.advance(20_000)
      expect(server.peers[1]?.closeFrame?.code).to.equal(4000)
      expect(witness.notes.slice(2, 5)).to.deep.equal(['open 2', 'error open', 'close 2'])
      const attempts = witness.states.flatMap((state) => (state.status === 'waiting' ? [state.attempt] : []))
      expect(attempts.slice(0, 4)).to.deep.equal([2, 3, 4, 5])
    })

    it('times out at onOpenTimeout if it hangs, and Holdfast retries', async () => {
      let opens = 0
      const { clock, starting, witness } = start(
        { onOpenTimeout: 2_000 },
        { open: () => ((opens += 1) === 1 ? new Promise<void>(() => undefined) : undefined) },
      )
      await clock.advance(2_000)
      expect(witness.errors[0]?.error).to.be.instanceOf(OnOpenTimeoutError)
      await clock.advance(1_000)
      await starting
      expect(witness.notes).to.deep.equal(['open 1', 'error open', 'close 1', 'open 2'])
    })

    it('does not affect the retry decision if the link is lost first', async () => {
      const { clock, starting, server, witness } = start(
        {},
        {
          open: async (open, { connection }) => {
            if (open.connectionNumber === 1) await connection.waitFor(() => false)
          },
        },
      )
      await clock.settle()
      server.peer.drop()
      await clock.advance(2_000)
      await starting
      expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
    })

    it('settles before any message is handled, and no message is lost (B18)', async () => {
      let release: (() => void) | undefined
      const open = (): Promise<void> => new Promise((resolve) => (release = resolve))
      const { clock, starting, server, witness } = start({}, { open })
      await clock.settle()
      server.peer.send(1)
      server.peer.send(2)
      await clock.advance(50)
      expect(witness.messages).to.deep.equal([])
      release?.()
      await starting
      expect(witness.messages).to.deep.equal([1, 2])
    })

    it('lets handlers receive earlier messages if it completes after the link is lost', async () => {
      let release: (() => void) | undefined
      const open = (): Promise<void> => new Promise((resolve) => (release = resolve))
      const { clock, server, witness } = start({}, { open })
      await clock.settle()
      server.peer.send(1)
      server.peer.drop()
      await clock.settle()
      release?.()
      await clock.settle()
      expect(witness.notes).to.deep.equal(['open 1', 'message 1', 'close 1'])
    })

    it('has its error reported if it throws after the link is lost, as are the unhandled messages', async () => {
      let fail: ((error: Error) => void) | undefined
      const open = (): Promise<void> => new Promise((_resolve, reject) => (fail = reject))
      const { clock, server, witness } = start({}, { open })
      await clock.settle()
      server.peer.send(1)
      server.peer.drop()
      await clock.settle()
      fail?.(new Error('too late'))
      await clock.settle()
      expect(witness.notes).to.deep.equal(['open 1', 'error open', 'error handle', 'close 1'])
    })

    it('has its return value sent', async () => {
      const { server } = await ready({}, { open: () => ({ type: 'login' }) })
      expect(server.peer.received).to.deep.equal(['{"type":"login"}'])
    })

    it('comes before @OnPing and @OnPong', async () => {
      let release: (() => void) | undefined
      const open = (): Promise<void> => new Promise((resolve) => (release = resolve))
      const { clock, starting, server, witness } = start({}, { open })
      await clock.settle()
      server.peer.ping()
      server.peer.pong()
      expect([witness.pings, witness.pongs]).to.deep.equal([0, 0])
      release?.()
      await starting
      server.peer.ping()
      server.peer.pong()
      expect([witness.pings, witness.pongs]).to.deep.equal([1, 1])
    })
  })

  describe('#reconnect', () => {
    it('connects immediately while waiting if the last link was ready for minUptime', async () => {
      const { client, server, clock } = await ready()
      await clock.advance(5_000)
      server.peer.drop()
      await clock.settle()
      expect(client.connection.state).to.include({ status: 'waiting', delay: 1_000 })
      client.connection.reconnect()
      await clock.advance(0)
      expect(server.peers).to.have.length(2)
    })

    it('connects immediately if it is called as soon as the wait starts', async () => {
      const { server, clock, witness } = await ready(
        {},
        {
          state: ({ status }, { connection }) => {
            if (status === 'waiting') connection.reconnect()
          },
        },
      )
      await clock.advance(5_000)
      server.peer.drop()
      await clock.advance(0)
      expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
    })

    it('skips only the backoff after a short-lived link, and keeps the spacing between two attempts', async () => {
      const { client, server, clock } = await ready()
      server.onAttempt = (peer) => peer.refuse()
      server.peer.drop()
      // Starts at 0, at 2 (the spacing), at 4, and then after the backoff of the third failure.
      await clock.advance(4_000)
      expect(server.peers).to.have.length(3)
      expect(client.connection.state).to.include({ status: 'waiting', delay: 4_000 })
      client.connection.reconnect()
      await clock.advance(1_999)
      expect(server.peers).to.have.length(3)
      await clock.advance(1)
      expect(server.peers).to.have.length(4)
    })

    it('never delays the next attempt', async () => {
      const { client, server, clock } = await ready({ random: () => 0.5 })
      server.peer.drop()
      await clock.advance(1_500)
      for (let call = 0; call < 3; call += 1) client.connection.reconnect()
      await clock.advance(500)
      expect(server.peers).to.have.length(2)
    })

    it('closes with 4000 while open, and then connects immediately', async () => {
      const { client, server, clock, witness } = await ready()
      client.connection.reconnect()
      await clock.advance(0)
      expect(server.peers[0]?.closeFrame?.code).to.equal(4000)
      expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
      expect(witness.closes[0]).to.deep.include({ initiator: 'local', willReconnect: true, sentCode: 4000 })
    })

    for (const overlap of [false, true]) {
      it(`does not cause a storm when called on each new connection${overlap ? ' with overlap' : ''}`, async () => {
        const starts: number[] = []
        const rig = start(
          { heartbeat: false },
          { message: (_message, { connection }) => connection.reconnect({ overlap }) },
          (server) => {
            server.onAttempt = (peer) => {
              starts.push(rig.clock.now())
              peer.accept()
              peer.send(1)
            }
          },
        )
        await rig.clock.advance(60_000)
        // The first one starts immediately. After that, each is a failure, and two starts are initialDelay/2 + U(0, initialDelay) apart.
        expect(starts.slice(0, 4)).to.deep.equal([0, 0, 2_000, 4_000])
        expect(starts).to.have.length(2 + 30)
      })
    }

    it('counts a link that is replaced before minUptime as a failure, and resets the count for one replaced later', async () => {
      const { client, server, clock } = await ready({ heartbeat: false })
      client.connection.reconnect()
      await clock.advance(0)
      expect(server.peers).to.have.length(2)
      await clock.advance(4_999)
      client.connection.reconnect()
      await clock.advance(0)
      // Its last start is long enough ago.
      expect(server.peers).to.have.length(3)
      server.peer.drop()
      expect(client.connection.state).to.include({ status: 'waiting', attempt: 4, delay: 4_000 })
      await clock.advance(4_000 + 5_000)
      server.peer.drop()
      expect(client.connection.state).to.include({ status: 'waiting', attempt: 1, delay: 1_000 })
    })

    it('throws once closing or closed', async () => {
      const { client } = await ready()
      const closing = client.close()
      expect(() => client.connection.reconnect()).to.throw(ConnectionClosedError)
      await closing
      expect(() => client.connection.reconnect({ overlap: true })).to.throw(ConnectionClosedError)
    })

    it('closes the link with 4000 even while @OnOpen runs, with or without overlap', async () => {
      for (const overlap of [false, true]) {
        const { clock, server, witness } = start(
          { heartbeat: false },
          { open: () => new Promise(() => undefined) },
        )
        await clock.settle()
        witness.connection.reconnect({ overlap })
        expect(witness.connection.state.status).to.equal('waiting')
        await clock.advance(0)
        expect(server.peers[0]?.closeFrame?.code).to.equal(4000)
        expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
      }
    })

    it('does nothing while connecting', async () => {
      const { witness, server, clock } = start({}, {}, (memory) => (memory.onAttempt = () => undefined))
      await clock.settle()
      witness.connection.reconnect()
      await clock.settle()
      expect(server.peers).to.have.length(1)
    })
  })

  describe('pending work', () => {
    it('is rejected in the same turn in which the link is lost', async () => {
      const { client, server, clock } = await ready()
      const waiting = client.connection.waitFor(() => false)
      server.peer.close(1012, 'restart')
      expect(await rejection(waiting))
        .to.be.instanceOf(ConnectionLostError)
        .with.property('closeCode', 1012)
      expect(clock.now()).to.equal(0)
    })

    it('has its signal aborted when the link is lost', async () => {
      let signal: AbortSignal | undefined
      const { server } = await ready({}, { open: (_open, context) => void (signal = context.signal) })
      expect(signal?.aborted).to.equal(false)
      server.peer.drop()
      expect(signal?.aborted).to.equal(true)
    })

    it('makes whenOpen() resolve at the next opening, and reject when the connection ends', async () => {
      const { client, server, clock } = await ready()
      await client.connection.whenOpen()
      server.peer.drop()
      const opening = client.connection.whenOpen()
      await clock.advance(2_000)
      await opening
      await client.close()
      expect(await rejection(client.connection.whenOpen())).to.be.instanceOf(ConnectionClosedError)
    })

    it('gets a NotConnectedError from a send while not open if there is no outbox', async () => {
      const { client, server } = await ready({ outbox: false })
      server.peer.drop()
      expect(() => void client.connection.send('x')).to.throw(NotConnectedError, 'waiting')
      await client.close()
    })
  })

  it('keeps its guarantees under random events from peers, networks, and users (B30)', async () => {
    const action = fc.constantFrom(
      'accept',
      'refuse',
      'drop',
      'reset',
      'peerClose',
      'send',
      'wait',
      'reconnect',
      'overlap',
      'hang',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 25 }),
        fc.boolean(),
        async (actions, endsByTerminate) => {
          const heartbeat = { interval: 3_000, timeout: 1_000 }
          const { clock, server, starting, witness } = start({ heartbeat }, {}, (memory) => {
            memory.onAttempt = () => undefined
          })
          await clock.settle()
          for (const each of actions) {
            const { peer } = server
            if (each === 'accept') peer.accept()
            else if (each === 'refuse' && !peer.isOpen) peer.refuse()
            else if (each === 'drop') peer.drop()
            else if (each === 'reset') peer.drop(new Error('reset'))
            else if (each === 'peerClose' && peer.isOpen) peer.close(1012)
            else if (each === 'send' && peer.isOpen) peer.send(1)
            else if (each === 'wait') await clock.advance(2_500)
            else if (each === 'hang') peer.isAlive = false
            else if (each === 'reconnect') witness.connection.reconnect()
            else if (each === 'overlap') witness.connection.reconnect({ overlap: true })
            await clock.settle()
            expect(server.live).to.be.at.most(actions.includes('overlap') ? 2 : 1)
          }
          const ending = endsByTerminate ? witness.connection.terminate() : witness.connection.close()
          await clock.advance(10_000)
          await ending
          await starting.catch(() => undefined)
          expect(witness.closes.length).to.equal(witness.opens.length)
          const numbers = witness.opens.map(({ connectionNumber }) => connectionNumber)
          expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1))
          expect(server.live).to.equal(0)
          expect(clock.timers).to.equal(0)
        },
      ),
      { numRuns: 200 },
    )
  })
})
