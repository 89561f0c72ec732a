import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { MessageDroppedError, OutboxFullError } from 'holdfast'
import { ready, start } from '../support/rig.js'

describe('Sender', () => {
  it('keeps messages while not connected, and sends them in order once ready (B16)', async () => {
    const { client, server, clock } = await ready()
    server.peer.drop()
    void client.connection.send('a')
    void client.connection.sendJson({ b: 1 })
    void client.connection.sendMessage({ c: 2 })
    expect(client.connection.bufferedAmount).to.equal(1 + 7 + 7)
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal(['a', '{"b":1}', '{"c":2}'])
    expect(client.connection.bufferedAmount).to.equal(0)
  })

  it('sends messages from @OnOpen first, even after an await, and all others after it completes (B17)', async () => {
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
    await rig.clock.advance(2_000)
    expect(rig.server.peer.received).to.deep.equal(['login', 'hello', 'offline', 'meanwhile'])
  })

  it('does not treat messages from the @OnOpen of a lost link as part of the next one', async () => {
    let release: (() => void) | undefined
    const rig = start(
      {},
      {
        open: async (open) => {
          if (open.connectionNumber === 1) {
            await new Promise<void>((resolve) => (release = resolve))
            void rig.witness.connection.send('of the first')
          } else void rig.witness.connection.send('login')
        },
      },
    )
    await rig.clock.settle()
    rig.server.peer.drop()
    release?.()
    await rig.clock.advance(2_000)
    expect(rig.server.peer.received).to.deep.equal(['login', 'of the first'])
  })

  it('drops and reports messages sent through the context of a lost link, because they were for that link', async () => {
    let release: (() => void) | undefined
    const { server, clock, client, witness } = await ready(
      {},
      {
        message: async (_message, { connection }) => {
          await new Promise<void>((resolve) => (release = resolve))
          await connection.sendJson({ late: true })
        },
      },
    )
    server.peer.send(1)
    server.peer.drop()
    release?.()
    await clock.advance(2_000)
    expect(server.peers.map(({ received }) => received)).to.deep.equal([[], []])
    const [{ error, context } = {}] = witness.errors
    expect(error)
      .to.be.instanceOf(MessageDroppedError)
      .and.to.deep.include({ reason: 'gone', messages: [{ late: true }] })
    expect(context).to.include({ stage: 'send', fatal: false })
    expect(client.connection.stats.droppedMessages).to.equal(1)
  })

  it('throws by default if the outbox is full', async () => {
    const { client, server } = await ready({ outbox: { limit: 1 } })
    server.peer.drop()
    void client.connection.send('a')
    expect(() => void client.connection.send('b')).to.throw(OutboxFullError, '1 messages, 1 bytes')
    await client.close()
  })

  it('reports each message that the other policies drop', async () => {
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
      await clock.advance(2_000)
      expect(server.peer.received).to.deep.equal([JSON.stringify(kept)])
    }
  })

  it('reports expired messages, and sends the rest', async () => {
    const { client, server, witness, clock } = await ready({ outbox: { maxAge: 1_600 } })
    server.peer.drop()
    void client.connection.send('old')
    await clock.advance(500)
    void client.connection.send('new')
    await clock.advance(1_500)
    expect(server.peer.received).to.deep.equal(['new'])
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'expired', messages: ['old'] })
  })

  it('reports the remaining messages when the connection is closed', async () => {
    const { client, server, witness } = await ready()
    server.peer.drop()
    void client.connection.send('a')
    void client.connection.send('b')
    await client.close()
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'closed', messages: ['a', 'b'], count: 2 })
  })

  it('provides flow control even while nothing can be sent', async () => {
    const { client, server, clock } = await ready({ sendHighWaterMark: 10 })
    server.peer.drop()
    let isThrough = false
    void client.connection.send('0123456789').then(() => (isThrough = true))
    await clock.advance(1_999)
    expect(isThrough).to.equal(false)
    await clock.advance(1)
    expect(isThrough).to.equal(true)
  })

  it('resolves pending sends when the connection ends', async () => {
    const { client, server } = await ready({ sendHighWaterMark: 1 })
    server.peer.drop()
    const flow = client.connection.send('x')
    await client.close()
    await flow
  })

  it('keeps the order if the callback for expired messages sends immediately', async () => {
    const rig = await ready(
      { outbox: { maxAge: 1_600 } },
      { error: () => void rig.client.connection.send('late') },
    )
    rig.server.peer.drop()
    void rig.client.connection.send('old')
    await rig.clock.advance(500)
    void rig.client.connection.send('kept')
    await rig.clock.advance(1_500)
    expect(rig.server.peer.received).to.deep.equal(['kept', 'late'])
  })

  it('lets nothing go ahead of messages that are being flushed, even if it is sent during the flush', async () => {
    const rig = await ready()
    const meanwhile = (): void => void rig.client.connection.send('meanwhile')
    subscribe('holdfast:message', meanwhile)
    rig.server.onAttempt = (peer) => {
      // An in-memory transport replies during the send, and a subscriber of the diagnostics is called right then.
      peer.onMessage = (data) => {
        if (data === 'a') peer.send('1')
      }
      peer.accept()
    }
    rig.server.peer.drop()
    for (const text of ['a', 'b', 'c']) void rig.client.connection.send(text)
    await rig.clock.advance(2_000)
    unsubscribe('holdfast:message', meanwhile)
    expect(rig.server.peer.received).to.deep.equal(['a', 'b', 'c', 'meanwhile'])
  })

  it('keeps messages that a closing transport no longer accepts', async () => {
    const { client, server, clock } = await ready({}, { open: () => Promise.resolve() }, (memory) => {
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

  it('uses no more memory than the outbox, however much is sent while not connected (B15)', async () => {
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

  describe('above 16 times sendHighWaterMark', () => {
    it('throws while open if the peer does not read, and accepts messages again once it does', async () => {
      const { client, server } = await ready({ sendHighWaterMark: 100 })
      const { connection } = client
      server.peer.isReading = false
      void connection.send('x'.repeat(1_600))
      void connection.sendJson(1)
      for (const send of [
        () => connection.send(''),
        () => connection.sendJson(1),
        () => connection.sendMessage(1),
      ]) {
        expect(send)
          .to.throw(OutboxFullError, '1601 bytes are waiting, more than 16 times sendHighWaterMark (100)')
          .that.includes({ size: 0, bytes: 1_601 })
      }
      server.peer.read()
      void connection.send('y')
      expect(server.peer.received.at(-1)).to.equal('y')
    })

    it('accepts one message of any size if the link has little unsent data', async () => {
      const { client, server } = await ready({ sendHighWaterMark: 100 })
      void client.connection.send('x'.repeat(10_000))
      expect(server.peer.received).to.have.lengthOf(1)
    })

    it('also limits the outbox, regardless of outbox.bytes, and applies the overflow policy', async () => {
      const { client, server } = await ready({ sendHighWaterMark: 100, outbox: { bytes: 1_000_000 } })
      server.peer.drop()
      void client.connection.send('x'.repeat(1_600))
      expect(() => client.connection.send('x')).to.throw(OutboxFullError)
      expect(client.connection.bufferedAmount).to.equal(1_600)
    })
  })

  it('copies bytes that it keeps, so that the caller can reuse them', async () => {
    const { client, server, clock } = await ready()
    server.peer.drop()
    const bytes = new Uint8Array(1)
    for (const value of [1, 2]) void client.connection.send(bytes.fill(value))
    bytes.fill(9)
    await clock.advance(2_000)
    expect(server.peer.received.map((data) => (data as Uint8Array)[0])).to.deep.equal([1, 2])
  })

  it('reports a message whose conflate function or codec closes the connection while the message is accepted', async () => {
    for (const place of ['conflate', 'encode'] as const) {
      const closeIn = (name: string): void => {
        if (name === place) void rig.witness.connection.terminate()
      }
      const rig = start(
        {
          outbox: { conflate: () => closeIn('conflate') },
          codec: {
            encode: (message) => {
              closeIn('encode')
              return JSON.stringify(message)
            },
            decode: (data) => data,
          },
        },
        {},
        (server) => (server.onAttempt = () => undefined),
      )
      void rig.witness.connection.sendMessage('never kept')
      expect(rig.witness.connection.state.status).to.equal('closed')
      await rig.clock.settle()
      expect(rig.witness.errors[0]?.error).to.include({ reason: 'closed', count: 1 })
      expect(rig.witness.connection.stats.droppedMessages).to.equal(1)
    }
  })
})
