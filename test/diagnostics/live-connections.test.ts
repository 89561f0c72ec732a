import { expect } from 'chai'
import { OnMessage, OnOpen, WebSocketClient, bootstrap } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { liveConnections } from '#src/diagnostics/live-connections.js'
import type { ConnectionSnapshot } from '#src/diagnostics/live-connections.js'
import { deferred } from '#src/core/deferred.js'
import { ready, start } from '../support/rig.js'
import { rejection } from '../support/rejection.js'

function snapshotOf(id: string): ConnectionSnapshot | undefined {
  return [...liveConnections()].find((live) => live.id === id)?.snapshot()
}

describe('liveConnections', () => {
  it('contain a connection from its start to its permanent end', async () => {
    const { client, witness, server, clock } = await ready()
    const { id } = witness.connection
    expect(snapshotOf(id)?.status).to.equal('open')
    server.peer.drop()
    expect(snapshotOf(id)?.status).to.equal('waiting')
    await clock.settle()
    await client.close()
    expect(snapshotOf(id)).to.equal(undefined)
  })

  it('lose a connection whose bootstrap failed', async () => {
    const rig = start({ reconnect: false }, {}, (server) => (server.onAttempt = (peer) => peer.refuse()))
    const { id } = rig.witness.connection
    expect(snapshotOf(id)?.status).to.equal('connecting')
    await rejection(rig.starting)
    expect(snapshotOf(id)).to.equal(undefined)
  })

  it('never contain a connection whose instance could not be created', async () => {
    const before = liveConnections().size
    @WebSocketClient()
    class Broken {
      constructor() {
        throw new Error('no')
      }
      @OnMessage() any(): void {}
    }
    await rejection(bootstrap(Broken, 'ws://a.test', { logger: false }))
    expect(liveConnections().size).to.equal(before)
  })

  describe('#snapshot', () => {
    it('contains no key that is part of the path of the URL', async () => {
      const { witness } = await ready({ url: 'wss://a.test/v2/x1Ab9Qd0z8Rt7Yu6Iw5Op4Kj3' })
      expect(snapshotOf(witness.connection.id)?.url).to.equal('wss://a.test/v2/[redacted]')
    })

    it('contains what waits, the times as dates, and a URL without its query and credentials', async () => {
      const gate = deferred<undefined>()
      const clock = new FakeClock()
      const { server, witness } = await ready(
        { clock, url: 'wss://user:pass@a.test/feed?token=1', highWaterMark: 1, concurrency: 1 },
        { message: () => gate.promise },
      )
      await clock.advance(1_000)
      const answer = witness.heartbeat.ping()
      await clock.settle()
      await answer
      const request = witness.connection.request({ op: 'x' }).catch(() => undefined)
      server.peer.send({ n: 1 })
      server.peer.send({ n: 2 })
      await clock.advance(1_000)
      const { id } = witness.connection
      const at = clock.date()
      expect(snapshotOf(id)).to.deep.include({
        connection: id,
        connectionNumber: 1,
        status: 'open',
        since: at - 2_000,
        nextAttempt: undefined,
        url: 'wss://a.test/feed',
        queuedMessages: 2,
        isPaused: false,
        outboxMessages: 0,
        pendingRequests: 1,
        latency: 0,
        lastSeen: at - 1_000,
        stats: { unhandledMessages: 0, conflated: 0, unmatchedReplies: 0, droppedMessages: 0 },
      })
      server.peer.drop()
      await request
      gate.resolve(undefined)
    })

    it('contains the next attempt and its reason while the connection waits, and the size of the outbox', async () => {
      const { server, witness, clock } = await ready()
      server.peer.drop(new RangeError('cable'))
      void witness.connection.send('later')
      const { id, state } = witness.connection
      const { nextAttempt, outboxMessages, bufferedAmount, pendingRequests } = snapshotOf(
        id,
      ) as ConnectionSnapshot
      const delay = state.status === 'waiting' ? state.delay : NaN
      expect(nextAttempt).to.deep.include({ at: clock.date() + delay, attempt: 2 })
      expect(nextAttempt?.error).to.include({ name: 'RangeError', message: 'cable' })
      expect([outboxMessages, bufferedAmount, pendingRequests]).to.deep.equal([1, 5, 0])
    })

    it('contains the handlers with their decorators', async () => {
      @WebSocketClient({ heartbeat: false, logger: false })
      class Ticker {
        @OnOpen() opened(): void {}
        @OnMessage('tick') tick(): void {}
        @OnMessage() rest(): void {}
      }
      const server = new MemoryServer()
      const client = await bootstrap(Ticker, 'ws://a.test', { transport: server.connect })
      expect(snapshotOf(client.connection.id)?.handlers).to.deep.equal([
        { name: 'Ticker#tick', event: "@OnMessage('tick')" },
        { name: 'Ticker#rest', event: '@OnMessage()' },
        { name: 'Ticker#opened', event: '@OnOpen()' },
      ])
      await client.close()
    })
  })
})
