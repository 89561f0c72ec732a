import { expect } from 'chai'
import {
  bootstrap,
  Connection,
  ConnectionClosedError,
  ConnectionLostError,
  EncodeError,
  HeartbeatTimeoutError,
  MessageDroppedError,
  NotConnectedError,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  WebSocketClient,
} from 'holdfast'
import type {
  ClientOptions,
  CloseInfo,
  Codec,
  ConnectionContext,
  ConnectionState,
  ErrorContext,
  OpenInfo,
} from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'

const heartbeat = false
const never = (): Promise<void> => new Promise(() => undefined)

/** A codec that sends its messages unchanged. */
const AS_IT_IS: Codec = { encode: (message) => message as string | Uint8Array, decode: (data) => data }

/** Behavior of the handlers in a test. */
interface Acts {
  open?: (open: OpenInfo) => unknown
  message?: (message: unknown) => unknown
  closing?: () => unknown
  close?: (close: CloseInfo) => unknown
}

/** A client that says goodbye, and records all events. */
async function leaver(
  acts: Acts = {},
  options: ClientOptions = {},
  prepare?: (server: MemoryServer) => void,
) {
  const [clock, server] = [new FakeClock(), new MemoryServer()]
  prepare?.(server)
  const notes: string[] = []
  const errors: Error[] = []
  @WebSocketClient({ inject: [Connection] })
  class Leaver {
    constructor(readonly connection: Connection) {}
    @OnOpen() opened(open: OpenInfo): unknown {
      notes.push(`open ${open.connectionNumber}`)
      return acts.open?.(open)
    }
    @OnMessage() received(message: unknown): unknown {
      notes.push(`message ${JSON.stringify(message)}`)
      return acts.message?.(message)
    }
    @OnClosing() closing(): unknown {
      notes.push('@OnClosing')
      return acts.closing ? acts.closing() : 'goodbye'
    }
    @OnError() failed(error: Error, { stage, fatal }: ErrorContext): void {
      errors.push(error)
      notes.push(`error ${stage}${fatal ? ' fatal' : ''}`)
    }
    @OnClose() closed(close: CloseInfo): unknown {
      notes.push(`close ${close.connectionNumber}`)
      return acts.close?.(close)
    }
    @OnStateChange() changed({ status }: ConnectionState): void {
      if (status === 'closing' || status === 'closed') notes.push(status)
    }
  }
  const client = await bootstrap(Leaver, 'ws://peer.test/', {
    clock,
    transport: server.connect,
    random: () => 0.5,
    logger: false,
    heartbeat,
    ...options,
  })
  return { client, connection: client.connection, clock, server, peer: server.peer, notes, errors }
}

describe('#end', () => {
  it('runs @OnClosing, sends the final message, and leaves the close to the server, without an error or a reconnect', async () => {
    const { connection, clock, server, peer, notes } = await leaver()
    void connection.send('before')
    const ended = connection.end({ bye: true })
    expect(connection.state).to.deep.include({ status: 'closing', initiator: 'local', code: 1000 })
    await clock.advance(4_000)
    expect(peer.received).to.deep.equal(['before', '"goodbye"', '{"bye":true}'])
    expect(peer.closeFrame).to.equal(undefined)
    peer.close(1000, 'thank you')
    const close = await ended
    expect(close).to.deep.include({
      code: 1000,
      reason: 'thank you',
      initiator: 'remote',
      willReconnect: false,
    })
    expect(close.error).to.equal(undefined)
    await clock.advance(60_000)
    expect(notes).to.deep.equal(['open 1', '@OnClosing', 'closing', 'close 1', 'closed'])
    expect(server.peers).to.have.length(1)
    expect(clock.timers).to.equal(0)
  })

  it('does not cause an error, whatever code the server closes with', async () => {
    for (const code of [1001, 1002, 1008, 1011, 4_000]) {
      const { connection, peer, clock, notes } = await leaver()
      const ended = connection.end('bye')
      await clock.settle()
      peer.close(code)
      expect(await ended).to.deep.include({
        code,
        initiator: 'remote',
        willReconnect: false,
        error: undefined,
      })
      expect(notes.filter((note) => note.startsWith('error'))).to.deep.equal([])
    }
  })

  it('does not require a message', async () => {
    const { connection, peer, clock } = await leaver()
    const ended = connection.end()
    await clock.settle()
    expect(peer.received).to.deep.equal(['"goodbye"'])
    peer.close(1000)
    await ended
  })

  it('makes public sends throw, but keeps handling messages, and sends their replies', async () => {
    const { connection, peer, clock, notes } = await leaver({ message: (message) => ({ seen: message }) })
    const asked = connection.request({ ask: 1 })
    const ended = connection.end('bye')
    expect(() => connection.send('x')).to.throw(ConnectionClosedError)
    await clock.settle()
    expect(() => connection.sendJson('x')).to.throw(ConnectionClosedError)
    peer.send({ id: 1 })
    peer.send(7)
    await clock.settle()
    expect(await asked).to.deep.equal({ id: 1 })
    expect(notes).to.include('message 7')
    expect(peer.received.slice(1)).to.deep.equal(['"goodbye"', '"bye"', '{"seen":7}'])
    peer.close()
    await ended
  })

  it('keeps the heartbeat, so that a dead peer is an error', async () => {
    const { connection, peer, clock, notes } = await leaver(
      {},
      { heartbeat: { interval: 1_000, timeout: 500 } },
    )
    const ended = connection.end('bye', { timeout: 60_000 })
    await clock.advance(3_000)
    expect(peer.pings).to.equal(3)
    peer.isAlive = false
    await clock.advance(1_500)
    const close = await ended
    expect(close.error).to.be.instanceOf(HeartbeatTimeoutError)
    expect(close.willReconnect).to.equal(false)
    expect(notes).to.include('error heartbeat fatal')
  })

  it('treats a lost connection as an error, even after a plain end of stream, and does not reconnect', async () => {
    for (const error of [undefined, new Error('reset')]) {
      const { connection, server, peer, clock, notes } = await leaver()
      const ended = connection.end('bye')
      await clock.settle()
      peer.drop(error)
      const close = await ended
      expect(close).to.deep.include({ code: 1006, willReconnect: false })
      expect(close.error).to.be.instanceOf(Error)
      if (!error) expect(close.error).to.be.instanceOf(ConnectionLostError)
      expect(notes.slice(-3)).to.deep.equal(['error close fatal', 'close 1', 'closed'])
      await clock.advance(60_000)
      expect(server.peers).to.have.length(1)
    }
  })

  it('closes like close() after its timeout, which defaults to closeTimeout', async () => {
    for (const [options, timeout] of [
      [{}, 5_000],
      [{ timeout: 700 }, 700],
    ] as const) {
      const { connection, peer, clock, notes } = await leaver()
      const ended = connection.end('bye', options)
      await clock.advance(timeout - 1)
      expect(peer.closeFrame).to.equal(undefined)
      await clock.advance(1)
      expect(peer.closeFrame?.code).to.equal(1000)
      expect(await ended).to.deep.include({ code: 1000, initiator: 'local', sentCode: 1000 })
      expect(notes.filter((note) => note.startsWith('error'))).to.deep.equal([])
      expect(notes.filter((note) => note === '@OnClosing')).to.have.length(1)
    }
  })

  it('ends in time even if the server never responds to that close', async () => {
    const { connection, peer, clock } = await leaver({}, { closeTimeout: 2_000 })
    peer.isAlive = false
    const ended = connection.end('bye', { timeout: 1_000 })
    await clock.advance(1_000 + 1_800)
    expect(await ended).to.deep.include({ code: 1006, initiator: 'local' })
    expect(clock.timers).to.equal(0)
  })

  it('also applies its timeout after the server closes, so that hanging handlers are abandoned', async () => {
    const { connection, peer, clock, notes } = await leaver({ message: never }, { closeTimeout: 2_000 })
    peer.send(1)
    const ended = connection.end('bye', { timeout: 1_000 })
    await clock.settle()
    peer.close(1000)
    await clock.advance(1_000 + 2_000)
    await ended
    expect(notes).to.include('error handle')
    expect(notes.at(-1)).to.equal('closed')
  })

  it('waits for @OnClosing before the final message', async () => {
    let release: (() => void) | undefined
    const closing = (): Promise<string> => new Promise((resolve) => (release = () => resolve('goodbye')))
    const { connection, peer, clock } = await leaver({ closing })
    const ended = connection.end('bye')
    await clock.advance(1_000)
    expect(peer.received).to.deep.equal([])
    release?.()
    await clock.settle()
    expect(peer.received).to.deep.equal(['"goodbye"', '"bye"'])
    peer.close()
    await ended
  })

  it('sends the final message right before the close frame if @OnClosing hangs', async () => {
    const { connection, peer, clock } = await leaver({ closing: never }, { closeTimeout: 2_000 })
    const ended = connection.end('bye', { timeout: 1_000 })
    await clock.advance(1_000 + 999)
    expect(peer.received).to.deep.equal([])
    await clock.advance(1)
    expect(peer.received).to.deep.equal(['"bye"'])
    expect(peer.closeFrame?.code).to.equal(1000)
    await ended
  })

  it('counts and reports a final message that was not sent', async () => {
    const ways: Record<string, (leaving: Awaited<ReturnType<typeof leaver>>) => unknown> = {
      'the connection is terminated': ({ connection }) => connection.terminate(),
      'the link is lost': ({ peer }) => peer.drop(new Error('reset')),
      'the peer closes': ({ peer }) => peer.close(1000),
    }
    for (const [way, act] of Object.entries(ways)) {
      const leaving = await leaver({ closing: never })
      const { connection, peer, clock, errors } = leaving
      const ended = connection.end({ bye: true })
      await clock.settle()
      act(leaving)
      await clock.advance(60_000)
      await ended
      expect(peer.received, way).to.deep.equal([])
      expect(connection.stats.droppedMessages, way).to.equal(1)
      expect(errors.at(-1), way)
        .to.be.instanceOf(MessageDroppedError)
        .and.to.deep.include({ reason: 'gone', messages: [{ bye: true }] })
    }
  })

  it('sends the final message as it was when end() was called, even if its bytes change later', async () => {
    const { connection, peer, clock } = await leaver({}, { codec: AS_IT_IS })
    const bytes = Uint8Array.of(1, 2)
    const ended = connection.end(bytes)
    bytes.fill(9)
    await clock.settle()
    expect(peer.received.at(-1)).to.deep.equal(Uint8Array.of(1, 2))
    peer.close(1000)
    await ended
    expect(connection.stats.droppedMessages).to.equal(0)
  })

  it('rejects with NotConnectedError and has no effect unless the connection is open', async () => {
    let release: (() => void) | undefined
    const { witness, clock, server, starting } = start(
      { heartbeat },
      { open: () => new Promise<void>((resolve) => (release = resolve)) },
      (memory) => (memory.onAttempt = () => undefined),
    )
    const { connection } = witness
    const tryIn = async (status: string): Promise<void> => {
      expect(connection.state.status).to.equal(status)
      expect(await rejection(connection.end('bye'))).to.be.instanceOf(NotConnectedError)
      expect(connection.state.status).to.equal(status)
    }
    await clock.settle()
    await tryIn('connecting')
    server.peer.accept()
    await clock.settle()
    await tryIn('opening')
    release?.()
    await starting
    server.peer.drop()
    await tryIn('waiting')
    expect(() => connection.send('x')).to.not.throw()
    await connection.close()
  })

  it('rejects with ConnectionClosedError if it is called again, while closing, or once closed', async () => {
    const { connection, peer, clock } = await leaver()
    const ended = connection.end('bye')
    expect(await rejection(connection.end('again'))).to.be.instanceOf(ConnectionClosedError)
    await clock.settle()
    expect(peer.received.at(-1)).to.equal('"bye"')
    const closed = connection.close()
    expect(await rejection(connection.end('again'))).to.be.instanceOf(ConnectionClosedError)
    await Promise.all([ended, closed])
    expect(await rejection(connection.end('again'))).to.be.instanceOf(ConnectionClosedError)
  })

  it('rejects with EncodeError if the message cannot be encoded, and keeps the connection open', async () => {
    const { connection } = await leaver()
    expect(await rejection(connection.end({ big: 1n }))).to.be.instanceOf(EncodeError)
    expect(connection.state.status).to.equal('open')
  })

  it('is overridden by close(), which sends its own code, and by terminate()', async () => {
    const closing = await leaver()
    const ended = closing.connection.end('bye', { timeout: 60_000 })
    await closing.clock.settle()
    void closing.connection.close(4_001, 'enough')
    expect(closing.connection.state).to.deep.include({ status: 'closing', code: 4_001, reason: 'enough' })
    await closing.clock.settle()
    expect(closing.peer.closeFrame).to.deep.equal({ code: 4_001, reason: 'enough' })
    await ended
    const cutting = await leaver()
    const cut = cutting.connection.end('bye', { timeout: 60_000 })
    await cutting.clock.settle()
    void cutting.connection.terminate()
    await cut
    await cutting.client.closed
    expect(cutting.peer.closeFrame).to.equal(undefined)
    expect(cutting.clock.timers).to.equal(0)
  })

  it('cancels a connecting candidate', async () => {
    const { connection, server, peer, clock, notes } = await leaver()
    server.onAttempt = () => undefined
    connection.reconnect({ overlap: true })
    await clock.settle()
    const ended = connection.end('bye')
    await clock.settle()
    expect(server.peers[1]?.isEnded).to.equal(true)
    peer.close()
    await ended
    expect(notes.filter((note) => note.startsWith('open'))).to.deep.equal(['open 1'])
  })

  it('closes a candidate whose @OnOpen is running, with 1000 and without @OnClosing', async () => {
    const { connection, server, peer, clock, notes } = await leaver({
      open: ({ replaces }) => (replaces === undefined ? undefined : never()),
    })
    connection.reconnect({ overlap: true })
    await clock.settle()
    const ended = connection.end('bye')
    await clock.settle()
    expect(server.peers[1]?.closeFrame?.code).to.equal(1000)
    expect(server.peers[1]?.received).to.deep.equal([])
    expect(peer.received).to.deep.equal(['"goodbye"', '"bye"'])
    peer.close()
    await ended
    expect(notes.filter((note) => note.startsWith('close '))).to.have.members(['close 1', 'close 2'])
  })

  it('does not affect a replaced link that is still closing', async () => {
    const { connection, server, peer: old, clock } = await leaver()
    const asked = connection.request({ ask: 1 })
    connection.reconnect({ overlap: true })
    await clock.settle()
    const ended = connection.end('bye', { timeout: 20_000 })
    await clock.settle()
    old.send({ id: 1 })
    await asked
    await clock.settle()
    expect(old.closeFrame?.code).to.equal(1000)
    server.peer.close()
    await ended
    expect(server.peer.received).to.deep.equal(['"goodbye"', '"bye"'])
  })
})

describe('An @OnOpen that throws on the first connection', () => {
  it('closes with the same code and reason in the state, the close frame and @OnClose', async () => {
    const [clock, server] = [new FakeClock(), new MemoryServer()]
    const seen: unknown[] = []
    class Failing {
      @OnOpen() opened(): void {
        throw new Error('wrong password')
      }
      @OnStateChange() changed(state: ConnectionState): void {
        if (state.status === 'closing') seen.push([state.code, state.reason])
      }
      @OnClose() closed({ sentCode, reason }: CloseInfo): void {
        seen.push([sentCode, reason])
      }
    }
    const options = { clock, transport: server.connect, heartbeat, logger: false } as const
    const starting = rejection(bootstrap(Failing, 'ws://peer.test/', options))
    await clock.settle()
    expect(await starting).to.have.property('message', 'wrong password')
    const end = [1000, '@OnOpen failed']
    expect(seen).to.deep.equal([end, end])
    expect(server.peer.closeFrame).to.include({ code: 1000, reason: '@OnOpen failed' })
  })
})

describe('A handler that holds up close()', () => {
  const HINT =
    'A handler that awaits close() or connection.closed waits for itself. Call close() without await'

  it('is named after half of closeTimeout, with advice in case it awaits close() itself', async () => {
    const acts: Acts = {}
    const { connection, clock, peer, errors, notes } = await leaver(acts)
    acts.message = async () => {
      await Promise.resolve()
      await connection.close()
    }
    peer.send({})
    await clock.advance(2_499)
    expect(errors).to.deep.equal([])
    await clock.advance(1)
    expect(errors[0]?.message).to.equal(
      `Leaver#received did not complete before the connection ended. ${HINT}`,
    )
    await connection.closed
    expect(notes.at(-1)).to.equal('closed')
  })

  it('is also named if it is @OnOpen', async () => {
    const [clock, server] = [new FakeClock(), new MemoryServer()]
    const errors: string[] = []
    class Hanging {
      @OnOpen() async opened(_open: OpenInfo, { connection }: ConnectionContext): Promise<void> {
        await Promise.resolve()
        await connection.close()
      }
      @OnError() failed({ message }: Error, { stage }: ErrorContext): void {
        errors.push(`${stage}: ${message}`)
      }
    }
    const options = { clock, transport: server.connect, heartbeat: false, logger: false } as const
    const starting = rejection(bootstrap(Hanging, 'ws://peer.test/', options))
    await clock.advance(5_000)
    expect(await starting).to.be.instanceOf(ConnectionClosedError)
    expect(errors).to.deep.equal([
      `handle: Hanging#opened did not complete before the connection ended. ${HINT}`,
    ])
  })

  for (const [role, method] of [
    ['closing', 'closing'],
    ['close', 'closed'],
  ] as const) {
    it(`is named if it is the handler of ${role}`, async () => {
      const { connection, clock, errors, notes } = await leaver({ [role]: never })
      const closed = connection.close()
      await clock.advance(5_000)
      await closed
      expect(errors.map(({ message }) => message)).to.deep.equal([
        `Leaver#${method} did not complete before the connection ended. ${HINT}`,
      ])
      expect(notes).to.include('error close')
    })
  }

  it('is named without that advice if the link was lost', async () => {
    const { clock, peer, errors } = await leaver({ message: never })
    peer.send({})
    await clock.settle()
    peer.drop()
    await clock.advance(30_000)
    expect(errors.map(({ message }) => message)).to.include(
      'Leaver#received did not complete before the connection ended',
    )
  })

  it('is not named if it is an @OnClosing that had no time left', async () => {
    const { connection, clock, peer, errors } = await leaver({ message: never, closing: never })
    peer.send({})
    await clock.settle()
    void connection.close()
    await clock.advance(5_000)
    await connection.closed
    expect(errors).to.have.length(1)
    expect(errors[0]?.message).to.contain('Leaver#received did not complete')
  })
})

describe('A close by the peer', () => {
  /** Returns the events after a close with this code. */
  async function toldOf(act: (peer: MemoryPeer) => void, options: ClientOptions = {}) {
    const { client, server, witness, clock } = await ready({ heartbeat, ...options })
    act(server.peer)
    await clock.settle()
    const close = client.connection.state.status === 'closed' ? await client.closed : undefined
    return { notes: witness.notes.slice(1), close }
  }

  for (const [what, options, code] of [
    ['with a fatal code', {}, 1002],
    ['if shouldReconnect returns false', { reconnect: { shouldReconnect: () => false } }, 1000],
    ['if no attempt is left', { reconnect: { maxAttempts: 1 } }, 1012],
    ['with an error code if reconnect is false', { reconnect: false }, 1011],
  ] as const) {
    it(`is a fatal error before @OnClose ${what}`, async () => {
      const { notes, close } = await toldOf((peer) => peer.close(code), options)
      expect(notes).to.deep.equal(['error close fatal', 'close 1'])
      expect(close?.error).to.be.instanceOf(Error)
    })
  }

  for (const code of [1000, 1001]) {
    it(`is not an error with ${code} if reconnect is false, because that is expected`, async () => {
      const { notes, close } = await toldOf((peer) => peer.close(code), { reconnect: false })
      expect(notes).to.deep.equal(['close 1'])
      expect(close).to.deep.include({ code, willReconnect: false, error: undefined })
    })
  }

  it('is not an error if Holdfast reconnects', async () => {
    expect(await toldOf((peer) => peer.close(1011))).to.deep.equal({ notes: ['close 1'], close: undefined })
  })

  it('is not an error after a local close, whatever its code', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.peer.isAlive = false
    const closed = client.close()
    await clock.settle()
    server.peer.close(1002, 'bad')
    await closed
    expect(witness.notes).to.deep.equal(['open 1', 'close 1'])
  })

  for (const code of [1000, 1001]) {
    it(`ends iterators with ${code} if reconnect is false`, async () => {
      const { client, server } = await ready({ heartbeat, reconnect: false })
      const messages = client.connection.messages()
      server.peer.send({ last: true })
      server.peer.close(code)
      const seen: unknown[] = []
      for await (const message of messages) seen.push(message)
      expect(seen).to.deep.equal([{ last: true }])
    })
  }

  it('makes iterators throw if it is fatal, and sets willReconnect to false for @OnClose', async () => {
    const { client, server, witness } = await ready({ heartbeat })
    const messages = client.connection.messages()
    server.peer.close(1003)
    expect(await rejection(messages.next())).to.be.instanceOf(ConnectionLostError)
    expect(witness.closes[0]).to.deep.include({ willReconnect: false, code: 1003, initiator: 'remote' })
  })
})
