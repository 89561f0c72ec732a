import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { MessageDroppedError, OutboxFullError } from 'holdfast'
import { ready, start } from '../support/rig.js'

describe('Sender', () => {
  it('keeps what is sent while not connected, and sends it in order once ready (B16)', async () => {
    const { client, server, clock } = await ready()
    server.peer.drop()
    void client.connection.send('a')
    void client.connection.sendJson({ b: 1 })
    void client.connection.sendMessage({ c: 2 })
    expect(client.connection.bufferedAmount).to.equal(1 + 7 + 7)
    await clock.advance(1_000)
    expect(server.peer.received).to.deep.equal(['a', '{"b":1}', '{"c":2}'])
    expect(client.connection.bufferedAmount).to.equal(0)
  })

  it('lets what @OnOpen sends go first, also after an await; all else waits until it has settled (B17)', async () => {
    const rig = await ready(
      {},
      {
        open: async (_open, { connection }) => {
          void connection.send('login')
          await connection.waitFor((message) => message === 'welcome')
          void connection.send('hello')
        },
      },
      (server) => {
        server.onAttempt = (peer) => {
          peer.onMessage = (data) => {
            if (data === 'login') queueMicrotask(() => peer.send('"welcome"'))
          }
          peer.accept()
        }
      },
    )
    rig.server.peer.drop()
    void rig.client.connection.send('offline')
    rig.clock.setTimeout(() => void rig.client.connection.send('meanwhile'), 500)
    await rig.clock.advance(1_000)
    expect(rig.server.peer.received).to.deep.equal(['login', 'hello', 'offline', 'meanwhile'])
  })

  it('does not take what an @OnOpen of a lost connection sends for part of the next one', async () => {
    let release: (() => void) | undefined
    const { server, clock } = start(
      {},
      {
        open: async (open, { connection }) => {
          if (open.connectionNumber === 1) {
            await new Promise<void>((resolve) => (release = resolve))
            void connection.send('of the first')
          } else void connection.send('login')
        },
      },
    )
    await clock.settle()
    server.peer.drop()
    release?.()
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal(['login', 'of the first'])
  })

  it('throws when the outbox is full, by default', async () => {
    const { client, server } = await ready({ outbox: { limit: 1 } })
    server.peer.drop()
    void client.connection.send('a')
    expect(() => void client.connection.send('b')).to.throw(OutboxFullError, '1 messages, 1 bytes')
    await client.close()
  })

  it('reports what goes under the other policies, each message', async () => {
    for (const [overflow, gone, kept] of [
      ['drop-oldest', 'a', 'b'],
      ['drop-newest', 'b', 'a'],
    ] as const) {
      const { client, server, witness, clock } = await ready({ outbox: { limit: 1, overflow } })
      server.peer.drop()
      void client.connection.sendJson('a')
      void client.connection.sendJson('b')
      const [{ error, context } = {}] = witness.errors
      expect(error)
        .to.be.instanceOf(MessageDroppedError)
        .and.to.deep.include({ reason: 'overflow', messages: [gone] })
      expect(context).to.include({ stage: 'send', message: gone, fatal: false })
      await clock.advance(1_000)
      expect(server.peer.received).to.deep.equal([JSON.stringify(kept)])
    }
  })

  it('reports what has grown too old, and sends the rest', async () => {
    const { client, server, witness, clock } = await ready({ outbox: { maxAge: 600 } })
    server.peer.drop()
    void client.connection.send('old')
    await clock.advance(500)
    void client.connection.send('new')
    await clock.advance(500)
    expect(server.peer.received).to.deep.equal(['new'])
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'expired', messages: ['old'] })
  })

  it('reports what is left when the connection is closed', async () => {
    const { client, server, witness } = await ready()
    server.peer.drop()
    void client.connection.send('a')
    void client.connection.send('b')
    await client.close()
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'closed', messages: ['a', 'b'], count: 2 })
  })

  it('is flow control while nothing can be sent, too', async () => {
    const { client, server, clock } = await ready({ sendHighWaterMark: 10 })
    server.peer.drop()
    let isThrough = false
    void client.connection.send('0123456789').then(() => (isThrough = true))
    await clock.advance(999)
    expect(isThrough).to.equal(false)
    await clock.advance(1)
    expect(isThrough).to.equal(true)
  })

  it('lets those who wait go on when the connection ends', async () => {
    const { client, server } = await ready({ sendHighWaterMark: 1 })
    server.peer.drop()
    const flow = client.connection.send('x')
    await client.close()
    await flow
  })

  it('keeps the order when somebody who is told of what has expired sends at once', async () => {
    const rig = await ready(
      { outbox: { maxAge: 600 } },
      { error: () => void rig.client.connection.send('late') },
    )
    rig.server.peer.drop()
    void rig.client.connection.send('old')
    await rig.clock.advance(500)
    void rig.client.connection.send('kept')
    await rig.clock.advance(500)
    expect(rig.server.peer.received).to.deep.equal(['kept', 'late'])
  })

  it('lets nothing overtake what is being flushed, though it is sent in the middle of that', async () => {
    const rig = await ready()
    const meanwhile = (): void => void rig.client.connection.send('meanwhile')
    subscribe('holdfast:message', meanwhile)
    rig.server.onAttempt = (peer) => {
      // A transport in memory answers within the send, and whoever listens to the diagnostics hears of it there and then.
      peer.onMessage = (data) => {
        if (data === 'a') peer.send('1')
      }
      peer.accept()
    }
    rig.server.peer.drop()
    for (const text of ['a', 'b', 'c']) void rig.client.connection.send(text)
    await rig.clock.advance(1_000)
    unsubscribe('holdfast:message', meanwhile)
    expect(rig.server.peer.received).to.deep.equal(['a', 'b', 'c', 'meanwhile'])
  })

  it('keeps on what a closing transport does not take any more', async () => {
    const { client, server, clock } = await ready({}, {}, (memory) => {
      memory.onAttempt = (peer) => {
        if (memory.peers.length === 2) {
          peer.onMessage = () => peer.drop()
        }
        peer.accept()
      }
    })
    server.peer.drop()
    for (const text of ['a', 'b', 'c']) void client.connection.send(text)
    await clock.advance(10_000)
    expect(server.peers.map(({ received }) => received)).to.deep.equal([[], ['a'], ['b', 'c']])
  })

  it('grows by no more than the outbox, however much is sent while not connected (B15)', async () => {
    const { client, server, witness } = await ready({ outbox: { overflow: 'drop-oldest' } })
    server.peer.drop()
    let reported = 0
    for (let count = 0; count < 10_000; count += 1) {
      void client.connection.send('x'.repeat(100))
      reported += witness.errors.splice(0).length
      witness.notes.length = 0
    }
    expect(client.connection.bufferedAmount).to.equal(1_000 * 100)
    expect(reported).to.equal(10_000 - 1_000)
    await client.close()
  })
})
