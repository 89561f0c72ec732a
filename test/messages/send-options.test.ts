import { expect } from 'chai'
import type { Connect, Connection, SendOptions } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { ready } from '../support/rig.js'
import type { Rig } from '../support/rig.js'

const rateLimit = { messages: 1, per: 1_000 }
const QUIET = { heartbeat: false } as const
const PLAIN = { compress: false } as const

/** Records every message with whether the transport may compress it. */
function spy(sent: string[]): (server: Rig['server']) => void {
  return (server) => {
    const { connect } = server
    const spied: Connect = (request, listener) => {
      const transport = connect(request, listener)
      const send = transport.send.bind(transport)
      transport.send = (data, flushed, options) => {
        sent.push(`${String(data)}${options?.compress === false ? ' plain' : ''}`)
        send(data, flushed, options)
      }
      return transport
    }
    Object.assign(server, { connect: spied })
  }
}

/** A connection, and what its transport was given. */
async function begin(options: Parameters<typeof ready>[0] = {}, hooks: Parameters<typeof ready>[1] = {}) {
  const sent: string[] = []
  const rig = await ready({ ...QUIET, ...options }, hooks, spy(sent))
  return { ...rig, sent, connection: rig.client.connection }
}

/** Sends with every method, compressed and not. */
function sendAll(connection: Pick<Connection, 'send' | 'sendJson' | 'sendMessage'>): void {
  for (const options of [PLAIN, undefined, {}, { compress: true }] as readonly (SendOptions | undefined)[]) {
    void connection.send('raw', options)
    void connection.sendJson(1, options)
    void connection.sendJson(() => 2, options)
    void connection.sendMessage(3, options)
    void connection.sendMessage(() => 4, options)
  }
}

const EACH = ['raw', '1', '2', '3', '4']
const ALL = [...EACH.map((data) => `${data} plain`), ...EACH, ...EACH, ...EACH]

describe('compress: false', () => {
  it('reaches the transport with every method, and only for that message', async () => {
    const { connection, sent } = await begin()
    sendAll(connection)
    expect(sent).to.deep.equal(ALL)
  })

  it('reaches the transport above the high-water mark', async () => {
    const { connection, sent } = await begin({ sendHighWaterMark: 1 })
    sendAll(connection)
    expect(sent).to.deep.equal(ALL)
  })

  it('reaches the transport through the outbox', async () => {
    const { connection, sent, server, clock } = await begin()
    server.peer.drop()
    sendAll(connection)
    expect(sent).to.deep.equal([])
    await clock.advance(5_000)
    expect(sent).to.deep.equal(ALL)
  })

  it('reaches the transport through the outbox if each link has its own codec', async () => {
    const { connection, sent, server, clock } = await begin({ codec: () => jsonCodec })
    server.peer.drop()
    sendAll(connection)
    await clock.advance(5_000)
    expect(sent).to.deep.equal(ALL)
  })

  it('reaches the transport through the rate limit', async () => {
    const { connection, sent, clock } = await begin({ rateLimit })
    sendAll(connection)
    await clock.advance(60_000)
    expect(sent).to.deep.equal(ALL)
  })

  it('reaches the transport after a handover, and on the connection of a context', async () => {
    const { connection, sent, server, clock } = await begin(
      {},
      {
        message: (_message, context) => sendAll(context.connection),
      },
    )
    connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers).to.have.lengthOf(2)
    sendAll(connection)
    expect(sent).to.deep.equal(ALL)
    server.peer.send('1')
    await clock.settle()
    expect(sent).to.deep.equal([...ALL, ...ALL])
  })
})
