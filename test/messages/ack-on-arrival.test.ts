import { expect } from 'chai'
import { MessageDroppedError, OutboxFullError } from 'holdfast'
import type { ClientOptions, Codec } from 'holdfast'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { ready, start } from '../support/rig.js'

/** Acknowledges messages that have an ID, as Slack requires. */
const acks: ClientOptions = {
  heartbeat: false,
  ackOnArrival: (message) => {
    const { id } = Object(message) as { id?: unknown }
    return id === undefined ? undefined : { ack: id }
  },
}

const ack = (id: unknown): string => JSON.stringify({ ack: id })

describe('ackOnArrival', () => {
  it('acknowledges every message on arrival, while a handler is still running', async () => {
    const gate: Deferred<void> = deferred()
    const { server, witness } = await ready(acks, { message: () => gate.promise })
    for (const id of [1, 2, 3]) server.peer.send({ id })
    expect(server.peer.received).to.deep.equal([ack(1), ack(2), ack(3)])
    expect(witness.messages).to.deep.equal([{ id: 1 }])
    gate.resolve()
  })

  it('acknowledges a message before its handler runs', async () => {
    const { server, witness } = await ready(acks, { message: () => ({ type: 'done' }) })
    server.peer.send({ id: 1 })
    expect(server.peer.received).to.deep.equal([ack(1), '{"type":"done"}'])
    expect(witness.messages).to.deep.equal([{ id: 1 }])
  })

  it('acknowledges on the link that is opening while @OnOpen runs', async () => {
    const gate: Deferred<void> = deferred()
    const rig = start(acks, { open: () => gate.promise })
    await rig.clock.settle()
    rig.server.peer.send({ id: 1 })
    expect(rig.server.peer.received).to.deep.equal([ack(1)])
    expect(rig.witness.messages).to.deep.equal([])
    gate.resolve()
    await rig.starting
    expect(rig.witness.messages).to.deep.equal([{ id: 1 }])
  })

  it('sends nothing for undefined and null, and ignores binary frames that are not messages', async () => {
    const seen: unknown[] = []
    const ackOnArrival = (message: unknown): unknown => (seen.push(message) > 1 ? null : undefined)
    const { server, witness } = await ready({ ...acks, ackOnArrival })
    server.peer.send({ id: 1 })
    server.peer.send({ id: 2 })
    server.peer.send(new Uint8Array(1))
    expect(seen).to.deep.equal([{ id: 1 }, { id: 2 }])
    expect(server.peer.received).to.deep.equal([])
    expect(witness.notes.slice(1)).to.deep.equal(['message {"id":1}', 'message {"id":2}', 'binary 1'])
  })

  it('acknowledges each message in a frame through the codec', async () => {
    const codec: Codec = {
      encode: (message) => `<${JSON.stringify(message)}>`,
      decode: (data) => JSON.parse(String(data)) as unknown,
    }
    const unpack = (decoded: unknown): unknown[] => decoded as unknown[]
    const { server } = await ready({ ...acks, codec, unpack })
    server.peer.send([{ id: 1 }, { id: 2 }])
    expect(server.peer.received).to.deep.equal([`<${ack(1)}>`, `<${ack(2)}>`])
  })

  it('acknowledges replies to requests, and messages that waitFor consumes', async () => {
    const { server, witness } = await ready(acks)
    const reply = witness.connection.request({ ask: true })
    const waited = witness.connection.waitFor((message) => (message as { id: unknown }).id === 'w')
    server.peer.send({ id: 1 })
    server.peer.send({ id: 'w' })
    await Promise.all([reply, waited])
    expect(server.peer.received.slice(1)).to.deep.equal([ack(1), ack('w')])
    expect(witness.messages).to.deep.equal([])
  })

  it('does not acknowledge replies to heartbeats', async () => {
    const heartbeat = {
      interval: 1_000,
      timeout: 500,
      message: () => ({ ping: 1 }),
      isReply: (message: unknown) => (message as { id: unknown }).id === 'beat',
    }
    const { server, clock } = await ready({ ...acks, heartbeat })
    await clock.advance(1_000)
    server.peer.send({ id: 'beat' })
    server.peer.send({ id: 1 })
    expect(server.peer.received).to.deep.equal(['{"ping":1}', ack(1)])
  })

  it('uses the reserve of rateLimit and goes ahead of queued messages', async () => {
    const rateLimit = { messages: 3, per: 1_000, reserve: 1 }
    const { server, clock, witness } = await ready({ ...acks, rateLimit })
    for (const text of ['a', 'b', 'c']) void witness.connection.send(text)
    server.peer.send({ id: 1 })
    expect(server.peer.received).to.deep.equal(['a', 'b', ack(1)])
    await clock.advance(1_000)
    expect(server.peer.received.at(-1)).to.equal('c')
  })

  it('sends on the link that delivered the message, even during a handover', async () => {
    const gate: Deferred<void> = deferred()
    const rig = await ready(acks, { open: ({ replaces }) => replaces && gate.promise })
    rig.witness.connection.reconnect({ overlap: true })
    await rig.clock.settle()
    const [old, candidate] = rig.server.peers
    old?.send({ id: 1 })
    candidate?.send({ id: 2 })
    expect(old?.received).to.deep.equal([ack(1)])
    expect(candidate?.received).to.deep.equal([ack(2)])
    gate.resolve()
  })

  describe('a function', () => {
    const failures: Record<string, () => unknown> = {
      'that throws': () => {
        throw new RangeError('odd')
      },
      'that returns a promise': () => Promise.reject(new Error('unheard')),
      'whose acknowledgment cannot be encoded': () => ({ big: 1n }),
    }
    for (const [name, ackOnArrival] of Object.entries(failures)) {
      it(`${name} is reported immediately, then at most once per second, and the messages are handled`, async () => {
        const { clock, server, witness } = await ready({ ...acks, ackOnArrival })
        for (const id of [1, 2, 3]) server.peer.send({ id })
        expect(witness.messages).to.have.length(3)
        expect(witness.errors.map(({ context }) => context.count)).to.deep.equal([1])
        expect(witness.errors[0]?.context).to.deep.include({ stage: 'encode', message: { id: 1 } })
        await clock.advance(1_000)
        expect(witness.errors.map(({ context }) => context.count)).to.deep.equal([1, 2])
        expect(server.peer.received).to.deep.equal([])
        expect(witness.connection.state.status).to.equal('open')
      })
    }

    it('reports a promise as a TypeError', async () => {
      const ackOnArrival = (): unknown => Promise.resolve(1)
      const { server, witness } = await ready({ ...acks, ackOnArrival })
      server.peer.send({ id: 1 })
      expect(witness.errors[0]?.error)
        .to.be.instanceOf(TypeError)
        .and.to.have.property('message')
        .that.contains('ackOnArrival returned a promise')
    })
  })

  it('is not called after close(), and sends nothing if the function itself called close()', async () => {
    const gate: Deferred<void> = deferred()
    const seen: unknown[] = []
    const ackOnArrival = (message: unknown): unknown => {
      seen.push(message)
      if (message === 'end') void rig.witness.connection.close()
      return { ack: message }
    }
    const rig = await ready({ ...acks, ackOnArrival }, { message: () => gate.promise })
    for (const message of ['"first"', '"end"', '"late"']) rig.server.peer.send(message)
    expect(seen).to.deep.equal(['first', 'end'])
    expect(rig.server.peer.received).to.deep.equal([ack('first')])
    gate.resolve()
    await rig.witness.connection.closed
  })

  it('continues after end() until the server closes', async () => {
    const { server, clock, witness } = await ready(acks)
    const ended = witness.connection.end({ type: 'logout' })
    await clock.settle()
    server.peer.send({ id: 1 })
    expect(server.peer.received).to.deep.equal(['{"type":"logout"}', ack(1)])
    server.peer.close()
    await ended
  })

  it('drops acknowledgments beyond the hard limit if the server sends but does not read', async () => {
    const { server, witness } = await ready({ ...acks, sendHighWaterMark: 1 })
    server.peer.isReading = false
    for (const id of [1, 2, 3]) server.peer.send({ id })
    expect(witness.messages).to.have.length(3)
    expect(witness.errors).to.have.length(1)
    expect(witness.errors[0]?.error).to.be.instanceOf(OutboxFullError)
    expect(witness.errors[0]?.context.stage).to.equal('send')
    expect(witness.connection.stats.droppedMessages).to.equal(1)
    server.peer.read()
    expect(server.peer.received).to.deep.equal([ack(1), ack(2)])
  })

  it('reports an acknowledgment that the rate limit still held back when the link was lost', async () => {
    const { server, clock, witness } = await ready({ ...acks, rateLimit: { messages: 1, per: 1_000 } })
    for (const id of [1, 2]) server.peer.send({ id })
    server.peer.drop()
    await clock.settle()
    expect(server.peer.received).to.deep.equal([ack(1)])
    const dropped = witness.errors.find(({ error }) => error instanceof MessageDroppedError)
    expect(dropped?.error).to.deep.include({ messages: [ack(2)] })
  })
})
