import { expect } from 'chai'
import { EncodeError, broadcast } from 'holdfast'
import type { Client, ClientOptions, Codec, MessageContext } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import { ready, start } from '../support/rig.js'
import type { Rig } from '../support/rig.js'

const QUIET = { heartbeat: false } as const

/** Connections with these options, and a codec that counts its calls. */
async function several(...all: readonly ClientOptions[]) {
  const rigs: (Rig & { client: Client })[] = []
  for (const options of all) rigs.push(await ready({ ...QUIET, ...options }))
  const connections = rigs.map(({ client }) => client.connection)
  return { rigs, connections, received: () => rigs.map(({ server }) => server.peer.received) }
}

function countingCodec(name = ''): { codec: Codec; calls: () => number } {
  let calls = 0
  const codec: Codec = {
    encode: (message) => {
      calls += 1
      return `${name}${JSON.stringify(message)}`
    },
    decode: (data) => data,
  }
  return { codec, calls: () => calls }
}

describe('broadcast', () => {
  it('sends a message to all connections, and counts them', async () => {
    const { connections, received } = await several({}, {})
    expect(broadcast(connections, { price: 1 })).to.deep.equal({ sent: 2, skipped: 0 })
    expect(received()).to.deep.equal([['{"price":1}'], ['{"price":1}']])
  })

  it('sends strings and bytes unchanged', async () => {
    const { connections, received } = await several({})
    broadcast(connections, 'text')
    broadcast(connections, new Uint8Array([1, 2]))
    expect(received()).to.deep.equal([['text', new Uint8Array([1, 2])]])
  })

  it('accepts clients, and any iterable', async () => {
    const { rigs, received } = await several({}, {})
    expect(broadcast(new Set(rigs.map(({ client }) => client)), 'x')).to.deep.equal({ sent: 2, skipped: 0 })
    expect(received()).to.deep.equal([['x'], ['x']])
    expect(broadcast([], 'x')).to.deep.equal({ sent: 0, skipped: 0 })
  })

  it('encodes once per codec, not once per connection', async () => {
    const { codec, calls } = countingCodec()
    const other = countingCodec('other ')
    const { connections, received } = await several({ codec }, { codec: other.codec }, { codec })
    broadcast(connections, { a: 1 })
    expect([calls(), other.calls()]).to.deep.equal([1, 1])
    expect(received()).to.deep.equal([['{"a":1}'], ['other {"a":1}'], ['{"a":1}']])
  })

  it("encodes with each link's own codec, if codec is a function", async () => {
    let links = 0
    const codec = (): Codec => {
      const number = (links += 1)
      return { ...jsonCodec, encode: (message) => `${number} ${JSON.stringify(message)}` }
    }
    const { connections, received } = await several({ codec }, { codec })
    broadcast(connections, 7.5)
    expect(received()).to.deep.equal([['1 7.5'], ['2 7.5']])
  })

  it('skips connections that are not open, without using their outboxes', async () => {
    const { rigs, connections, received } = await several({}, {}, {}, {})
    const [waiting, closing, closed] = rigs
    waiting?.server.peer.drop()
    if (closing) closing.server.peer.isAlive = false
    void closing?.client.close()
    await closed?.client.connection.terminate()
    const opening = start(QUIET, { open: () => new Promise(() => undefined) })
    await opening.clock.settle()
    const all = [...connections, opening.witness.connection]
    expect(broadcast(all, 'x')).to.deep.equal({ sent: 1, skipped: 4 })
    expect(received()).to.deep.equal([[], [], [], ['x']])
    expect(opening.server.peer.received).to.deep.equal([])
    await waiting?.clock.advance(5_000)
    expect(waiting?.server.peers).to.have.lengthOf(2)
    expect(waiting?.server.peer.received).to.deep.equal([])
    expect(waiting?.witness.errors).to.deep.equal([])
    await opening.witness.connection.terminate()
  })

  it('skips a connection with sendHighWaterMark bytes waiting, and never fills its buffer', async () => {
    const { rigs, connections, received } = await several({ sendHighWaterMark: 10 }, {})
    const peer = rigs[0]?.server.peer
    if (peer) peer.isReading = false
    const text = 'x'.repeat(6)
    const results = [1, 2, 3, 4].map(() => broadcast(connections, text).sent)
    expect(results).to.deep.equal([2, 2, 1, 1])
    expect(connections[0]?.bufferedAmount).to.equal(12)
    peer?.read()
    expect(broadcast(connections, 'y')).to.deep.equal({ sent: 2, skipped: 0 })
    expect(received()).to.deep.equal([
      [text, text, 'y'],
      [text, text, text, text, 'y'],
    ])
  })

  it('skips a connection that a codec closes while the message is encoded', async () => {
    const rigs: { client: Client }[] = []
    const codec: Codec = {
      ...jsonCodec,
      encode: (message) => {
        void rigs[0]?.client.close()
        return JSON.stringify(message)
      },
    }
    const { connections, rigs: made, received } = await several({}, { codec })
    rigs.push(...made)
    expect(broadcast(connections, { a: 1 })).to.deep.equal({ sent: 1, skipped: 1 })
    expect(received()).to.deep.equal([[], ['{"a":1}']])
  })

  it('sends twice to a connection that is listed twice', async () => {
    const { connections, received } = await several({})
    expect(broadcast([...connections, ...connections], 'x')).to.deep.equal({ sent: 2, skipped: 0 })
    expect(received()).to.deep.equal([['x', 'x']])
  })

  it('uses the link of a context, and skips it once it has been replaced', async () => {
    const contexts: MessageContext[] = []
    const { client, server, clock } = await ready(QUIET, {
      message: (_message, context) => void contexts.push(context),
    })
    const [old] = server.peers
    old?.send('1')
    await clock.settle()
    const bound = contexts.map(({ connection }) => connection as never)
    expect(broadcast(bound, 'a')).to.deep.equal({ sent: 1, skipped: 0 })
    void client.connection.request({ keeps: 'the old link' })
    client.connection.reconnect({ overlap: true })
    await clock.settle()
    expect(server.peers).to.have.lengthOf(2)
    expect(broadcast(bound, 'b')).to.deep.equal({ sent: 0, skipped: 1 })
    expect(broadcast([client], 'c')).to.deep.equal({ sent: 1, skipped: 0 })
    expect(old?.received).to.include('a').and.not.include('b').and.not.include('c')
    expect(server.peer.received).to.deep.equal(['c'])
  })

  it('throws before anything is sent if a codec cannot encode the message', async () => {
    const failing: Codec = { ...jsonCodec, encode: () => undefined as never }
    const { connections, received } = await several({}, { codec: failing })
    expect(() => broadcast(connections, { a: 1 })).to.throw(EncodeError, 'the codec returned undefined')
    expect(received()).to.deep.equal([[], []])
  })

  it('throws before anything is sent if it is called with anything other than connections', async () => {
    const { connections, received } = await several({})
    const [connection] = connections
    for (const [given, message] of [
      [connection, 'received an instance of Connection. Pass an array or a Set'],
      ['abc', 'received a string. Pass an array or a Set'],
      [undefined, 'received undefined. Pass an array or a Set'],
      [[connection, new FakeClock()], 'received an instance of FakeClock. Pass client or client.connection'],
      [[connection, null], 'received null'],
    ] as const) {
      expect(() => broadcast(given as never, 'x')).to.throw(TypeError, message)
    }
    expect(received()).to.deep.equal([[]])
  })

  it('is sent when rateLimit allows it, like any other message', async () => {
    const { rigs, connections, received } = await several({ rateLimit: { messages: 1, per: 1_000 } })
    const results = ['a', 'b'].map((text) => broadcast(connections, text))
    expect(results).to.deep.equal(Array.from({ length: 2 }, () => ({ sent: 1, skipped: 0 })))
    expect(received()).to.deep.equal([['a']])
    await rigs[0]?.clock.advance(1_000)
    expect(received()).to.deep.equal([['a', 'b']])
  })
})
