import { expect } from 'chai'
import {
  bootstrap,
  ConnectFailedError,
  ConnectTimeoutError,
  HandshakeError,
  HeartbeatTimeoutError,
} from 'holdfast'
import type { ClientOptions } from 'holdfast'
import {
  accept,
  createSeededRandom,
  dropAfter,
  FakeClock,
  flood,
  halfOpenAfter,
  ignore,
  MemoryServer,
  playBack,
  refuse,
  reply,
  startTestServer,
} from 'holdfast/testing'
import type { Behavior } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'
import { watched } from '../support/watched.js'

describe('Behaviors', () => {
  it('answer one attempt each, in order, and the last one repeats', async () => {
    const { server, witness, clock } = start({}, {}, (each) =>
      each.script(refuse(503), accept(), dropAfter(3), refuse(), accept()),
    )
    await clock.until(() => witness.opens[0])
    server.peer.drop()
    const second = await server.connection(2)
    for (const text of ['a', 'b', 'c']) void witness.connection.send(text)
    expect(await second.closed()).to.equal(undefined)
    expect(second.received).to.deep.equal(['a', 'b', 'c'])
    server.peers.at(-1)!.drop()
    const third = await server.connection(3)
    third.drop()
    expect(await server.connection(4)).to.equal(server.peers[5])
    expect(witness.errors.map(({ error }) => error.name)).to.deep.equal([
      'HandshakeError',
      'ConnectFailedError',
    ])
    expect(witness.closes.map(({ code }) => code)).to.deep.equal([1006, 1006, 1006])
  })

  it('reply sends what the answer resolves to', async () => {
    const { witness, clock } = await ready({}, {}, (each) =>
      each.script(reply((text) => Promise.resolve(text === 'a' ? { got: text } : undefined))),
    )
    void witness.connection.send('a')
    void witness.connection.send('b')
    await clock.settle()
    expect(witness.messages).to.deep.equal([{ got: 'a' }])
  })

  it('reply does not throw inside the call with which the client sends', async () => {
    const { witness } = await ready({}, {}, (each) =>
      each.script(
        reply(() => {
          throw new Error('an assertion of the test')
        }),
      ),
    )
    const uncaught = new Promise<unknown>((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve)
    })
    try {
      await witness.connection.send('a')
      expect(await uncaught).to.have.property('message', 'an assertion of the test')
    } finally {
      process.setUncaughtExceptionCaptureCallback(null)
    }
  })

  describe('refuse', () => {
    it('honors Retry-After, as with a real server', async () => {
      const { witness, clock, server } = start({}, {}, (each) =>
        each.script(refuse(503, { headers: { 'Retry-After': '10' }, body: 'later' }), accept()),
      )
      await clock.until(() => witness.errors[0])
      const { error } = witness.errors[0]!
      expect(error).to.be.instanceOf(HandshakeError)
      expect((error as HandshakeError).body).to.equal('later')
      await server.connection(1)
      expect(clock.now()).to.be.at.least(10_000)
    })

    it('fails the connection without a status', async () => {
      const { witness, clock } = start({}, {}, (each) => each.script(refuse()))
      await clock.until(() => witness.errors[0])
      expect(witness.errors[0]?.error).to.be.instanceOf(ConnectFailedError)
    })
  })

  it('ignore never responds, so that the attempt runs into connectTimeout', async () => {
    const { witness, clock } = start({ connectTimeout: 5_000 }, {}, (each) => each.script(ignore(), accept()))
    await clock.until(() => witness.opens[0])
    expect(witness.errors[0]?.error).to.be.instanceOf(ConnectTimeoutError)
  })

  it('reply answers each message with the result of a function, if there is one, and never inside send', async () => {
    const { witness, clock, server } = await ready({}, {}, (each) =>
      each.script(
        reply(({ id, ping }: { id?: number; ping?: true }) => (ping ? undefined : { id, result: 'yes' })),
      ),
    )
    void witness.connection.sendJson({ ping: true })
    expect(await witness.connection.request({ type: 'ask' })).to.deep.equal({ id: 1, result: 'yes' })
    await clock.settle()
    expect(server.peer.received).to.have.length(2)
  })

  it('halfOpenAfter keeps the socket open, but nothing arrives any more: the heartbeat finds out', async () => {
    const { witness, clock, server } = await ready({}, {}, (each) => each.script(halfOpenAfter(1), accept()))
    void witness.connection.send('last')
    await clock.settle()
    void witness.connection.send('lost')
    server.peer.send('lost, too')
    server.peer.close()
    await clock.settle()
    const [first] = server.peers
    expect([first?.isOpen, first?.received, witness.messages]).to.deep.equal([true, ['last'], []])
    await server.connection(2)
    expect(witness.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
    expect([first?.pings, first?.pongs, first?.closeFrame]).to.deep.equal([0, [], undefined])
  })

  it('flood sends many messages at once', async () => {
    const { witness, clock } = await ready({}, {}, (each) =>
      each.script(flood(5_000, (index) => ({ index }))),
    )
    await clock.settle()
    expect(witness.messages).to.have.length(5_000)
    expect(witness.messages.at(-1)).to.deep.equal({ index: 4_999 })
  })

  it('play a recording between other attempts', async () => {
    const playback = playBack([
      '{"t":0,"d":"open"}',
      '{"t":1,"d":"recv","text":"1"}',
      '{"t":2,"d":"close","code":1001}',
    ])
    const { witness, server } = start({}, {}, (each) => each.script(refuse(), playback.attempt, accept()))
    await server.connection(2)
    expect(witness.messages).to.deep.equal([1])
    expect(witness.closes[0]?.code).to.equal(1001)
  })

  it('repeat the same delays with a seeded random source', async () => {
    const run = async (seed: number): Promise<number> => {
      const options = { random: createSeededRandom(seed) }
      const { server, clock } = start(options, {}, (each) => each.script(refuse(), refuse(), accept()))
      await server.connection(1)
      return clock.now()
    }
    expect(await run(7)).to.equal(await run(7))
    expect(await run(7)).to.not.equal(await run(8))
  })
})

describe('Behaviors over a real socket', function () {
  this.timeout(30_000)
  const use = disposal()

  async function connectTo(options: ClientOptions, ...script: Behavior[]) {
    const server = use(await startTestServer(undefined, { script }))
    const { Watched, log } = watched()
    const client = use(
      await bootstrap(Watched, server.url, {
        logger: false,
        reconnect: { delays: [0], initialDelay: 0 },
        ...options,
      }),
    )
    return { server, log, connection: client.connection }
  }

  it('refuse, ignore and accept, one attempt each', async () => {
    const refusal = { headers: { 'x-reason': ['busy', 'full'] }, body: 'later' }
    const { log, connection } = await connectTo(
      { connectTimeout: 500, protocols: ['v1', 'v2'] },
      refuse(503, refusal),
      refuse(),
      ignore(),
      accept({ protocol: 'v2', headers: { 'x-server': 'test' } }),
    )
    const [refused, failed, late] = log.errors.map(({ error }) => error)
    expect((refused as HandshakeError).status).to.equal(503)
    expect((refused as HandshakeError).body).to.equal('later')
    expect((refused as HandshakeError).headers['x-reason']).to.equal('busy, full')
    expect(failed).to.be.instanceOf(ConnectFailedError)
    expect(late).to.be.instanceOf(ConnectTimeoutError)
    expect(connection.state).to.deep.include({ status: 'open', protocol: 'v2' })
    expect(log.opens[0]?.headers['x-server']).to.equal('test')
  })

  it('drop after some messages, reply, and play a recording', async () => {
    const playback = playBack([
      '{"t":0,"d":"open"}',
      '{"t":0,"d":"recv","text":"1"}',
      '{"t":0,"d":"close","code":1001}',
    ])
    const { server, log, connection } = await connectTo(
      {},
      dropAfter(2),
      playback.attempt,
      reply((message) => ({ echo: message })),
    )
    await connection.send('"a"')
    await connection.send('"b"')
    const third = await server.connection(3, { within: 20_000 })
    await connection.whenOpen()
    await connection.sendJson({ n: 1 })
    expect(await third.next({ within: 20_000 })).to.deep.equal({ n: 1 })
    await eventually('the reply has arrived', () => log.messages.length === 2)
    expect(log.messages).to.deep.equal([1, { echo: { n: 1 } }])
    expect(log.closes.map(({ code }) => code)).to.deep.equal([1006, 1001])
  })

  it('go half-open: the heartbeat finds out', async () => {
    const heartbeat = { interval: 50, timeout: 200 }
    const { server, log } = await connectTo({ heartbeat }, halfOpenAfter(0), accept())
    await server.connection(2, { within: 20_000 })
    expect(log.errors[0]?.error).to.be.instanceOf(HeartbeatTimeoutError)
  })

  it('flood', async () => {
    const { log } = await connectTo({}, flood(1_000, String))
    await eventually('everything has arrived', () => log.messages.length === 1_000)
  })

  it('use the same fake clock as in memory', async () => {
    const clock = new FakeClock()
    const { server, connection } = await connectTo({ clock }, accept())
    const peer = await server.connection(1)
    const failure = await rejection(peer.next({ within: 10 }))
    expect(failure).to.have.property(
      'message',
      'Stopped waiting for message 1 from the client: 10 ms have passed. The client has sent no message',
    )
    expect([connection.state.status, new MemoryServer().live]).to.deep.equal(['open', 0])
  })
})
