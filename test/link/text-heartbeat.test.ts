import { expect } from 'chai'
import { DecodeError, HeartbeatTimeoutError } from 'holdfast'
import type { MemoryPeer } from 'holdfast/testing'
import { ready } from '../support/rig.js'

const heartbeat = { interval: 1_000, timeout: 500, text: 'ping', reply: 'pong' }

/** Makes a peer answer each `ping` with `pong`, 20 ms later. */
function answer(peer: MemoryPeer, clock: { setTimeout(callback: () => void, delay: number): unknown }): void {
  peer.onMessage = (data) => {
    if (data === 'ping') clock.setTimeout(() => peer.send('pong'), 20)
  }
}

describe('A text heartbeat', () => {
  it('bypasses the handlers and the codec in both directions, among JSON messages', async () => {
    const { client, server, clock, witness } = await ready({ heartbeat })
    answer(server.peer, clock)
    void client.connection.sendJson({ a: 1 })
    await clock.advance(1_000)
    server.peer.send('{"tick":1}')
    await clock.advance(2_100)
    expect(server.peer.received).to.deep.equal(['{"a":1}', 'ping', 'ping', 'ping'])
    expect(witness.messages).to.deep.equal([{ tick: 1 }])
    expect(witness.errors).to.deep.equal([])
    expect(witness.heartbeat.latency).to.equal(20)
    expect(client.connection.stats.unhandledMessages).to.equal(0)
  })

  it('consumes an unsolicited reply, and treats it as a sign of life', async () => {
    const { clock, server, witness } = await ready({ heartbeat })
    await clock.advance(900)
    server.peer.send('pong')
    expect(witness.heartbeat.lastSeen).to.equal(clock.date())
    await clock.advance(0)
    server.peer.send('pong')
    expect([witness.messages, witness.errors, witness.heartbeat.latency]).to.deep.equal([[], [], undefined])
  })

  it('leaves everything else to the codec, both other texts and bytes', async () => {
    const { server, witness } = await ready({ heartbeat })
    for (const text of ['ping', 'PONG', 'pong ', '"pong"']) server.peer.send(text)
    server.peer.send(new TextEncoder().encode('pong'))
    expect(witness.notes).to.include('binary 4')
    expect(witness.messages).to.deep.equal(['pong'])
    expect(witness.errors[0]?.error).to.be.instanceOf(DecodeError)
  })

  it('considers a peer that does not respond lost', async () => {
    const { clock, server, witness } = await ready({ heartbeat })
    await clock.advance(1_500)
    expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    expect(server.peer.received).to.deep.equal(['ping'])
  })

  it('does not let its reply resolve a request or a wait', async () => {
    const { client, clock, server, witness } = await ready({ heartbeat, requests: {} })
    const waiting = client.connection.waitFor(() => true)
    server.peer.send('pong')
    server.peer.send('1')
    expect(await waiting).to.equal(1)
    await clock.advance(0)
    expect([client.connection.stats.unmatchedReplies, witness.messages]).to.deep.equal([0, []])
  })

  describe('set with Heartbeat.configure', () => {
    it('starts on the current link, while the next link uses the original options', async () => {
      const { clock, server, witness } = await ready({ heartbeat: false })
      witness.heartbeat.configure(heartbeat)
      answer(server.peer, clock)
      await clock.advance(1_020)
      expect(witness.heartbeat.latency).to.equal(20)
      server.peer.drop()
      await clock.advance(2_000)
      server.peer.send('pong')
      expect(witness.errors.at(-1)?.error).to.be.instanceOf(DecodeError)
    })

    it('changes the times of a text heartbeat, and keeps consuming late replies after a change of style', async () => {
      const { clock, server, witness } = await ready({ heartbeat })
      witness.heartbeat.configure({ interval: 400 })
      await clock.advance(400)
      expect(server.peer.received).to.deep.equal(['ping'])
      witness.heartbeat.configure(false)
      server.peer.send('pong')
      expect([witness.messages, witness.errors]).to.deep.equal([[], []])
    })
  })
})
