import { expect } from 'chai'
import { HandshakeError, UnprocessedMessagesError } from 'holdfast'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

const heartbeat = false

describe('Handover', () => {
  it('opens the new link before the old one closes, and the state stays open', async () => {
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
    expect(witness.states.map(({ status }) => status)).to.deep.equal(['opening', 'open'])
    expect(client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
    expect(server.live).to.equal(1)
  })

  it('handles the messages of both links in order of arrival, without waiting for the old link to close', async () => {
    const releases: (() => void)[] = []
    const hooks: Hooks = { message: () => new Promise<void>((resolve) => releases.push(resolve)) }
    const { client, server, witness, clock } = await ready({ heartbeat }, hooks)
    server.peers[0]?.send('"old 1"')
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.send('"new 1"')
    server.peers[0]?.send('"old 2"')
    server.peers[1]?.send('"new 2"')
    while (witness.notes.length < 7) {
      releases.shift()?.()
      await clock.settle()
    }
    expect(witness.notes).to.deep.equal([
      'open 1',
      'message "old 1"',
      'open 2',
      'message "new 1"',
      'message "old 2"',
      'message "new 2"',
      'close 1',
    ])
  })

  it("holds the new link's messages while its @OnOpen runs, and then passes them on in order", async () => {
    let release: (() => void) | undefined
    const hooks: Hooks = {
      open: ({ replaces }) => (replaces ? new Promise<void>((resolve) => (release = resolve)) : undefined),
    }
    const { client, server, witness, clock } = await ready({ heartbeat }, hooks)
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.send('"new 1"')
    server.peers[1]?.send('"new 2"')
    server.peers[0]?.send('"old 1"')
    await clock.settle()
    expect(witness.messages).to.deep.equal(['old 1'])
    release?.()
    await clock.settle()
    expect(witness.messages).to.deep.equal(['old 1', 'new 1', 'new 2'])
  })

  it("does not delay messages if the old link's @OnClose hangs", async () => {
    const { client, server, witness, clock } = await ready(
      { heartbeat },
      { close: () => new Promise<void>(() => undefined) },
    )
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1'])
    server.peer.send('"new"')
    expect(witness.messages).to.deep.equal(['new'])
  })

  it("abandons and reports an old link's handler that hangs for drainTimeout, and frees its slot", async () => {
    const hooks: Hooks = {
      message: (message) => (message === 'old' ? new Promise<void>(() => undefined) : undefined),
    }
    const { client, server, witness, clock } = await ready({ heartbeat, drainTimeout: 3_000 }, hooks)
    server.peers[0]?.send('"old"')
    server.peers[0]?.send('"old, too"')
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.send('"new"')
    await clock.advance(2_999)
    expect(witness.messages).to.deep.equal(['old'])
    expect(server.peers[0]?.closeFrame).to.equal(undefined)
    await clock.advance(1)
    expect(witness.notes).to.deep.equal([
      'open 1',
      'message "old"',
      'open 2',
      'message "new"',
      'error handle',
      'close 1',
    ])
    expect(witness.errors[0]?.error)
      .to.be.instanceOf(UnprocessedMessagesError)
      .and.to.deep.include({ count: 1, handlers: ['Started#received'] })
    expect(server.peers[0]?.closeFrame?.code).to.equal(1000)
  })

  it('sends on the new link as soon as it is ready, and on the old one until then', async () => {
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

  it("sends requests from the new link's @OnOpen on the new link, and others on the old one", async () => {
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
    rig.server.peers[1]?.send({ id: 1 })
    rig.server.peers[0]?.send({ id: 2 })
    await meanwhile
    await rig.clock.settle()
    expect(rig.server.peers.map(({ received }) => received)).to.deep.equal([
      ['{"login":1,"id":1}', '{"ask":1,"id":2}'],
      ['{"login":2,"id":1}'],
    ])
    expect(rig.client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
  })

  it('accepts replies on the old link for drainTimeout, and then rejects requests without a reply', async () => {
    const { client, server, clock } = await ready({ heartbeat, drainTimeout: 4_000, closeTimeout: 1_000 })
    const [old] = server.peers
    if (old) old.isAlive = false
    const answered = client.connection.request({ ask: 1 })
    const unanswered = client.connection.request({ ask: 2 })
    const again = client.connection.request({ ask: 3 }, { resend: true })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    old?.send({ id: 1 })
    expect(await answered).to.deep.equal({ id: 1 })
    await clock.advance(3_999)
    expect(old?.closeFrame).to.equal(undefined)
    await clock.advance(1)
    expect(old?.closeFrame?.code).to.equal(1000)
    await clock.advance(1_000)
    expect(await rejection(unanswered)).to.have.property('code', 'HOLDFAST_CONNECTION_LOST')
    expect(server.peer.received).to.deep.equal(['{"ask":3,"id":1}'])
    server.peer.send({ id: 1 })
    await again
  })

  it('closes the old link as soon as its last request has a reply', async () => {
    const { client, server, clock, witness } = await ready({ heartbeat })
    const [old] = server.peers
    const asked = client.connection.request({ ask: 1 })
    client.connection.reconnect({ overlap: true })
    await clock.advance(10_000)
    expect(old?.closeFrame).to.equal(undefined)
    old?.send({ id: 1 })
    await asked
    await clock.settle()
    expect(old?.closeFrame?.code).to.equal(1000)
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1'])
    expect(clock.now()).to.equal(10_000)
  })

  it("sends requests from the old link's handlers on the new link once it has replaced the old one", async () => {
    let ask: (() => Promise<unknown>) | undefined
    const hooks: Hooks = {
      message: (_message, { connection }) => {
        ask = () => connection.request({ ask: 1 })
      },
    }
    const { client, server, clock } = await ready({ heartbeat }, hooks)
    const [old] = server.peers
    old?.send('"go"')
    // Keeps the link open.
    const pending = client.connection.request({ ask: 0 })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    const asked = ask?.()
    expect(server.peers.map(({ received }) => received)).to.deep.equal([
      ['{"ask":0,"id":1}'],
      ['{"ask":1,"id":1}'],
    ])
    server.peer.send({ id: 1 })
    old?.send({ id: 1 })
    await Promise.all([asked, pending])
  })

  it('keeps the old link if the new one fails, and retries after a delay', async () => {
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

  it('keeps the old link if the new one fails permanently', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.onAttempt = (peer) =>
      peer.refuse(new HandshakeError('ws://peer.test/', 'said no', { violation: 'accept' }))
    client.connection.reconnect({ overlap: true })
    await clock.advance(600_000)
    expect(server.peers).to.have.length(2)
    expect(witness.notes).to.deep.equal(['open 1', 'error connect'])
    expect(server.live).to.equal(1)
    await client.close()
    expect(clock.timers).to.equal(0)
  })

  it('calls @OnClose for the new link if its @OnOpen fails', async () => {
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

  it('becomes the reconnect if the old link is lost while the new one connects', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    server.onAttempt = () => undefined
    await clock.advance(1_000)
    client.connection.reconnect({ overlap: true })
    await clock.advance(1_000)
    server.peers[0]?.drop()
    await clock.settle()
    expect(client.connection.state).to.deep.equal({ status: 'connecting', attempt: 2 })
    expect(witness.closes[0]).to.deep.include({ willReconnect: true, replaced: undefined })
    await clock.advance(300)
    server.peers[1]?.accept()
    await clock.settle()
    expect(client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
    expect(witness.opens[1]).to.deep.include({ isReconnect: true, downtime: 300, replaces: undefined })
    expect(witness.notes).to.deep.equal(['open 1', 'close 1', 'open 2'])
    expect(witness.states.map(({ status }) => status)).to.deep.equal([
      'opening',
      'open',
      'connecting',
      'opening',
      'open',
    ])
    expect(server.peers).to.have.length(2)
  })

  it("becomes the reconnect if the old link is lost while the new link's @OnOpen runs", async () => {
    let release: (() => void) | undefined
    const hooks: Hooks = {
      open: ({ replaces }) => (replaces ? new Promise<void>((resolve) => (release = resolve)) : undefined),
    }
    const { client, server, witness, clock } = await ready({ heartbeat }, hooks)
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.drop(new Error('reset'))
    expect(client.connection.state).to.deep.include({ status: 'opening', connectionNumber: 2 })
    await clock.settle()
    expect(witness.closes[0]).to.deep.include({ willReconnect: true, replaced: undefined })
    release?.()
    await clock.settle()
    expect(client.connection.state).to.deep.include({ status: 'open', connectionNumber: 2 })
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'error close', 'close 1'])
    expect(server.peers).to.have.length(2)
  })

  it('is not affected if the old link is lost, even if that alone would be fatal', async () => {
    let asked = 0
    const shouldReconnect = (): boolean => {
      asked += 1
      return false
    }
    const { client, server, clock } = await ready({ heartbeat, reconnect: { shouldReconnect } })
    server.onAttempt = () => undefined
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[0]?.close(1002)
    await clock.settle()
    expect(client.connection.state.status).to.equal('connecting')
    expect(asked).to.equal(0)
    server.peers[1]?.accept()
    await clock.settle()
    expect(client.connection.state.status).to.equal('open')
  })

  it('does not start while another handover is in progress', async () => {
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

  it('can be closed as a whole while it is in progress', async () => {
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

  it('closes the connection only once the old link has ended as well', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    void client.close()
    // Half of closeTimeout is for the messages of the new link, which wait for the old one.
    await clock.advance(2_500)
    expect(witness.notes.at(-1)).to.equal('close 2')
    expect(client.connection.state.status).to.equal('closing')
    await clock.advance(2_500)
    expect(witness.notes.at(-1)).to.equal('close 1')
    expect(client.connection.state.status).to.equal('closed')
  })

  it('ends with both links terminated if terminate() is called', async () => {
    const { client, server, witness, clock } = await ready({ heartbeat })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    await client.connection.terminate()
    expect(witness.closes.map(({ connectionNumber }) => connectionNumber).sort()).to.deep.equal([1, 2])
    expect(clock.now()).to.equal(0)
  })

  it('does not delay the reconnect if the new link is lost while the old one is still closing', async () => {
    const { client, server, clock, witness } = await ready({ heartbeat, closeTimeout: 3_000 })
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    server.peers[1]?.drop()
    await clock.advance(2_000)
    expect(server.peers).to.have.length(3)
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 2', 'open 3'])
    await clock.advance(1_000)
    expect(witness.notes.at(-1)).to.equal('close 1')
  })

  it("starts once when the previous handover's old link has closed", async () => {
    const { client, server, clock, witness } = await ready({ heartbeat, closeTimeout: 3_000 })
    await clock.advance(5_000)
    const [old] = server.peers
    if (old) old.isAlive = false
    client.connection.reconnect({ overlap: true })
    await clock.advance(2_000)
    // The new link has lasted minUptime by then, so it starts immediately.
    await clock.advance(999)
    client.connection.reconnect({ overlap: true })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers).to.have.length(2)
    await clock.advance(60_000)
    expect(server.peers).to.have.length(3)
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1', 'open 3', 'close 2'])
  })

  it('is not started by maxAge if the connection closes while messages queued before its opening are sent', async () => {
    const { starting, server, witness, clock } = start({ heartbeat, maxAge: 60_000 }, {}, (memory) => {
      memory.onAttempt = (peer) => {
        peer.onMessage = () => void witness.connection.close()
        peer.accept()
      }
    })
    void witness.connection.send('queued')
    await clock.settle()
    // It had opened before it was closed.
    const { connection } = await starting
    await clock.advance(60_000)
    expect(connection.state.status).to.equal('closed')
    expect(witness.notes).to.deep.equal(['open 1', 'close 1'])
    expect(clock.timers).to.equal(0)
    expect(server.peers).to.have.length(1)
  })

  for (const [chance, age] of [
    [0, 60_000],
    [0.5, 57_000],
    [0.999, 54_006],
  ] as const) {
    it(`starts repeatedly, after maxAge minus a random part of up to a tenth: ${age} ms of 60,000`, async () => {
      const { client, server, witness, clock } = await ready({
        heartbeat,
        maxAge: 60_000,
        random: () => chance,
      })
      await clock.advance(age - 1)
      expect(server.peers).to.have.length(1)
      await clock.advance(1)
      expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'close 1'])
      for (let round = 0; round < 10; round += 1) await clock.advance(age)
      expect(witness.opens).to.have.length(12)
      expect(
        witness.opens.every(({ replaces, connectionNumber }) => (replaces ?? 0) === connectionNumber - 1),
      ).to.equal(true)
      await client.close()
      expect(clock.timers).to.equal(0)
    })
  }

  it('starts again after another maxAge if it has failed permanently', async () => {
    const { server, clock } = await ready({ heartbeat, maxAge: 60_000, random: () => 0 })
    server.onAttempt = (peer) =>
      peer.refuse(new HandshakeError('ws://peer.test/', 'said no', { violation: 'accept' }))
    await clock.advance(60_000)
    expect(server.peers).to.have.length(2)
    await clock.advance(59_999)
    expect(server.peers).to.have.length(2)
    server.onAttempt = (peer) => peer.accept()
    await clock.advance(1)
    expect(server.live).to.equal(1)
    expect(server.peers[0]?.closeFrame?.code).to.equal(1000)
  })

  it('backs off if it fails repeatedly, even if the old link has long been ready', async () => {
    const { server, clock, client } = await ready({ heartbeat, maxAge: 3_600_000, random: () => 0.5 })
    await clock.advance(10_000)
    server.onAttempt = (peer) => peer.refuse()
    client.connection.reconnect({ overlap: true })
    const starts = [clock.now()]
    for (let step = 0; step < 60; step += 1) {
      const before = server.peers.length
      await clock.advance(500)
      if (server.peers.length > before && before > 1) starts.push(clock.now())
    }
    expect(starts.map((at) => at - 10_000)).to.deep.equal([0, 2_000, 4_000, 8_000, 16_000])
    expect(server.live).to.equal(1)
  })
})
