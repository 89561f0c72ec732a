import { expect } from 'chai'
import { ConnectionClosedError, HandshakeError } from 'holdfast'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

const heartbeat = false

describe('Handover', () => {
  it('opens the new connection before the old one goes; the state stays open', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers.map(({ closeFrame }) => closeFrame?.code)).to.deep.equal([1000, undefined])
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1'])
    expect(witness.opens[1]).to.deep.include({
      replaces: 1,
      connectionNumber: 2,
      isReconnect: true,
      downtime: 0,
    })
    expect(witness.closes[0]).to.deep.include({
      replaced: true,
      willReconnect: false,
      initiator: 'local',
      code: 1000,
    })
    expect(witness.states.map(({ status }) => status)).to.deep.equal(['open'])
    expect(client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
    expect(server.live).to.equal(1)
  })

  it('handles what the old one delivers first, and the messages of the new one after its @OnClose', async () => {
    const releases: (() => void)[] = []
    const hooks: Hooks = { message: () => new Promise<void>((resolve) => releases.push(resolve)) }
    const { client, server, witness, clock } = await ready({ heartbeat }, hooks)
    server.peers[0]?.send('"old 1"')
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.send('"new 1"')
    server.peers[0]?.send('"old 2"')
    while (witness.notes.length < 6) {
      releases.shift()?.()
      await clock.settle()
    }
    expect(witness.notes).to.deep.equal([
      'open 1',
      'message "old 1"',
      'open 2',
      'message "old 2"',
      'close 1',
      'message "new 1"',
    ])
  })

  it('sends to the new one as soon as it is ready, and to the old one until then', async () => {
    let release: (() => void) | undefined
    const hooks: Hooks = {
      open: async ({ replaces }, { connection }) => {
        void connection.send('login')
        if (replaces !== undefined) await new Promise<void>((resolve) => (release = resolve))
      },
    }
    const { client, server, clock } = await ready({ heartbeat }, hooks)
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    void client.connection.send('before')
    release?.()
    await clock.settle()
    void client.connection.send('after')
    expect(server.peers.map(({ received }) => received)).to.deep.equal([
      ['login', 'before'],
      ['login', 'after'],
    ])
  })

  it('asks the new one what its @OnOpen asks, and the old one what others ask meanwhile', async () => {
    const hooks: Hooks = {
      open: async ({ connectionNumber }, { connection }) => {
        await connection.request({ login: connectionNumber })
      },
    }
    const rig = await ready({ heartbeat }, hooks, (server) => {
      server.onAttempt = (peer) => {
        peer.onMessage = (data) => {
          const { id, login } = JSON.parse(data as string) as { id: number; login?: number }
          if (login === 1) queueMicrotask(() => peer.send({ id }))
        }
        peer.accept()
      }
    })
    rig.client.connection.reconnect({ overlap: true })
    await rig.clock.settle()
    const meanwhile = rig.client.connection.request({ ask: 1 })
    rig.server.peers[1]?.send({ id: 2 })
    rig.server.peers[0]?.send({ id: 3 })
    await meanwhile
    await rig.clock.settle()
    expect(rig.server.peers.map(({ received }) => received)).to.deep.equal([
      ['{"login":1,"id":1}', '{"ask":1,"id":3}'],
      ['{"login":2,"id":2}'],
    ])
    expect(rig.client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
  })

  it('still takes the answers of the old one; what it never answers rejects when it ends', async () => {
    const { client, server, clock } = await ready({ heartbeat })
    const [old] = server.peers
    if (old) old.isAlive = false
    const answered = client.connection.request({ ask: 1 })
    const unanswered = client.connection.request({ ask: 2 })
    const again = client.connection.request({ ask: 3 }, { resend: true })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    old?.send({ id: 1 })
    expect(await answered).to.deep.equal({ id: 1 })
    await clock.advance(5_000)
    expect(await rejection(unanswered)).to.have.property('code', 'HOLDFAST_CONNECTION_LOST')
    expect(server.peer.received).to.deep.equal(['{"ask":3,"id":4}'])
    server.peer.send({ id: 4 })
    await again
  })

  it('keeps the old one when the new one fails, and tries again after a delay', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.onAttempt = (peer) => peer.refuse()
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(witness.notes).to.deep.equal(['open 1', 'error connect'])
    expect(witness.errors[0]?.context.fatal).to.equal(false)
    expect(client.connection.state).to.deep.include({ status: 'open', connectionNumber: 1 })
    server.onAttempt = (peer) => peer.accept()
    await clock.advance(2_000)
    expect(witness.notes).to.deep.equal(['open 1', 'error connect', 'open 2', 'close 1'])
  })

  it('keeps the old one for good when the new one fails for good', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.onAttempt = (peer) =>
      peer.refuse(new HandshakeError('ws://peer.test/', 'said 401', { status: 401 }))
    client.connection.reconnect({ overlap: true })
    await clock.advance(600_000)
    expect(server.peers).to.have.length(2)
    expect(witness.notes).to.deep.equal(['open 1', 'error connect'])
    expect(server.live).to.equal(1)
    await client.close()
    expect(clock.timers).to.equal(0)
  })

  it('pairs an @OnOpen of the new one that fails with its @OnClose', async () => {
    let isBroken = false
    const hooks: Hooks = {
      open: () => {
        if (isBroken) throw new Error('broken')
      },
    }
    const { client, witness, clock, server } = await ready({ heartbeat }, hooks)
    isBroken = true
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'error open', 'close 2'])
    expect(server.live).to.equal(1)
    isBroken = false
    await clock.advance(4_000)
    expect(witness.notes.slice(4)).to.deep.equal(['open 3', 'close 1'])
  })

  it('gives the new one up when the old one is lost meanwhile, and reconnects as ever', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.onAttempt = () => undefined
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.drop()
    await clock.settle()
    expect(server.peers[1]?.isEnded).to.equal(true)
    expect(client.connection.state.status).to.equal('waiting')
    server.onAttempt = (peer) => peer.accept()
    await clock.advance(2_000)
    expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
    expect(server.live).to.equal(1)
  })

  it('does not begin a second one while the first is under way', async () => {
    const { client, server, clock } = await ready({ heartbeat })
    server.onAttempt = () => undefined
    client.connection.reconnect({ overlap: true })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers).to.have.length(2)
    await client.close()
    expect(server.live).to.equal(0)
    expect(clock.timers).to.equal(0)
  })

  it('is closed as a whole, in the middle of it', async () => {
    for (const end of ['close', 'terminate'] as const) {
      const { client, server, witness, clock } = await ready({ heartbeat })
      const [old] = server.peers
      if (old) old.isAlive = false
      client.connection.reconnect({ overlap: true })
      await clock.settle()
      void client.connection[end]()
      await clock.advance(5_000)
      await client.closed
      expect(witness.closes.map(({ connectionNumber }) => connectionNumber).sort()).to.deep.equal([1, 2])
      expect(server.live).to.equal(0)
      expect(clock.timers).to.equal(0)
    }
  })

  it('has the connection closed only once the old one has ended, too', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    void client.close()
    // Half of closeTimeout is for the new one's messages, which wait for the old one.
    await clock.advance(2_500)
    expect(witness.notes.at(-1)).to.equal('close 2')
    expect(client.connection.state.status).to.equal('closing')
    await clock.advance(2_500)
    expect(witness.notes.at(-1)).to.equal('close 1')
    expect(client.connection.state.status).to.equal('closed')
  })

  it('cuts both connections at once by terminate', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    await client.connection.terminate()
    expect(witness.closes.map(({ connectionNumber }) => connectionNumber).sort()).to.deep.equal([1, 2])
    expect(clock.now()).to.equal(0)
  })

  it('is waited for with the old one: a loss of the new one does not connect before that has gone', async () => {
    const { client, server, clock, witness } = await ready({ heartbeat, closeTimeout: 3_000 })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.drop()
    await clock.advance(2_000)
    expect(server.peers).to.have.length(2)
    await clock.advance(1_000)
    expect(server.peers).to.have.length(3)
    expect(witness.closes).to.have.length(2)
  })

  it('is not begun by maxAge if the connection closes while what has waited for its opening is sent', async () => {
    const { starting, server, witness, clock } = start({ heartbeat, maxAge: 60_000 }, {}, (memory) => {
      memory.onAttempt = (peer) => {
        peer.onMessage = () => void witness.connection.close()
        peer.accept()
      }
    })
    void witness.connection.send('queued')
    await clock.settle()
    expect(await rejection(starting)).to.be.instanceOf(ConnectionClosedError)
    expect(witness.notes).to.deep.equal(['open 1', 'close 1'])
    expect(clock.timers).to.equal(0)
    expect(server.peers).to.have.length(1)
  })

  it('is begun by maxAge, again and again', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat, maxAge: 60_000 })
    await clock.advance(59_999)
    expect(server.peers).to.have.length(1)
    await clock.advance(1)
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1'])
    await clock.advance(60_000)
    expect(witness.opens).to.have.length(3)
    await client.close()
    expect(clock.timers).to.equal(0)
  })
})
