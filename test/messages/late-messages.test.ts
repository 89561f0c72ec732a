import { expect } from 'chai'
import { EncodeError, JsonSender, MessageDroppedError, OutboxFullError } from 'holdfast'
import { textCodec } from 'holdfast/codecs'
import { rejection } from '../support/rejection.js'
import { ready } from '../support/rig.js'

/** One message per second. */
const rateLimit = { messages: 1, per: 1_000 }
const QUIET = { heartbeat: false } as const

/** Returns a function that creates a message with the current time. */
function stamped(clock: { now(): number }): () => { at: number } {
  return () => ({ at: clock.now() })
}

describe('A message that is created late', () => {
  it('is created during the call if nothing delays it', async () => {
    const { client, server } = await ready(QUIET)
    const { connection } = client
    void connection.sendMessage(() => ({ a: 1 }))
    void connection.sendJson(() => ({ b: 2 }))
    expect(server.peer.received).to.deep.equal(['{"a":1}', '{"b":2}'])
  })

  it('goes through the codec with sendMessage, and is sent as JSON with sendJson and JsonSender', async () => {
    const { client, server } = await ready({ ...QUIET, codec: textCodec })
    void client.connection.sendMessage(() => 'text')
    void client.connection.sendJson(() => 'text')
    void new (JsonSender as unknown as new (connection: unknown) => JsonSender)(client.connection).send(
      () => 'json',
    )
    expect(server.peer.received).to.deep.equal(['text', '"text"', '"json"'])
  })

  it('is created once, when the outbox sends it, in its original position', async () => {
    const { client, server, clock } = await ready(QUIET)
    let calls = 0
    const lostAt = clock.now()
    server.peer.drop()
    void client.connection.send('before')
    void client.connection.sendMessage(() => ({ calls: (calls += 1), isLate: clock.now() > lostAt }))
    void client.connection.send('after')
    expect(calls).to.equal(0)
    expect(client.connection.bufferedAmount).to.equal('beforeafter'.length)
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal(['before', '{"calls":1,"isLate":true}', 'after'])
  })

  it('is created when the rate limit allows it', async () => {
    const { client, server, clock } = await ready({ ...QUIET, rateLimit })
    const start = clock.now()
    for (let count = 0; count < 3; count += 1) void client.connection.sendMessage(stamped(clock))
    expect(client.connection.bufferedAmount).to.equal(0)
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal(
      [0, 1_000, 2_000].map((delay) => JSON.stringify({ at: start + delay })),
    )
  })

  it('is sent before close() completes', async () => {
    const { client, server, clock } = await ready({ ...QUIET, rateLimit })
    void client.connection.send('a')
    void client.connection.sendMessage(() => 'late')
    const closing = client.close()
    await clock.advance(1_000)
    await closing
    expect(server.peer.received).to.deep.equal(['a', '"late"'])
  })

  it('counts toward the limit of messages behind the rate limit', async () => {
    for (const [outbox, limit] of [
      [{ limit: 2 }, 2],
      [false, 1_000],
    ] as const) {
      const { client, clock } = await ready({ ...QUIET, rateLimit, outbox })
      const send = (): Promise<void> => client.connection.sendMessage(() => 'late')
      for (let count = 0; count < 1 + limit; count += 1) void send()
      expect(send)
        .to.throw(OutboxFullError, `${limit} message functions or iterables are waiting (outbox.limit)`)
        .that.includes({ size: limit, bytes: 0 })
      await clock.advance(1_000)
      void send()
      await client.connection.terminate()
    }
  })

  it('throws like any other message while too much is unsent', async () => {
    const { client, server } = await ready({ ...QUIET, sendHighWaterMark: 100 })
    server.peer.isReading = false
    void client.connection.send('x'.repeat(1_601))
    expect(() => client.connection.sendMessage(() => 1)).to.throw(OutboxFullError, '1601 bytes')
  })

  it('is dropped like any other message: the report contains the function, which was not called', async () => {
    const make = (): never => expect.fail('it was called')
    for (const [options, act, reason] of [
      [{ outbox: { limit: 1, overflow: 'drop-oldest' } }, 'send', 'overflow'],
      [{ outbox: { maxAge: 500 } }, 'wait', 'expired'],
      [{}, 'close', 'closed'],
    ] as const) {
      const { client, clock, server, witness } = await ready({ ...QUIET, ...options })
      server.peer.drop()
      void client.connection.sendMessage(make)
      if (act === 'send') void client.connection.send('next')
      if (act === 'wait') await clock.advance(2_000)
      await client.connection.terminate()
      expect(witness.errors[0]?.error).to.deep.include({ reason, messages: [make] })
      expect(witness.errors[0]?.context).to.include({ stage: 'send', message: make })
    }
  })

  it('is reported as the function if the link is lost before rateLimit sends it', async () => {
    const make = (): never => expect.fail('it was called')
    const { client, server, witness } = await ready({ ...QUIET, rateLimit })
    void client.connection.send('a')
    void client.connection.sendMessage(make)
    server.peer.drop()
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: [make] })
  })

  it('is sent only on the link of context.connection', async () => {
    let release: (() => void) | undefined
    const make = (): never => expect.fail('it was called')
    const { server, clock, witness } = await ready(QUIET, {
      message: async (_message, { connection }) => {
        void connection.sendMessage(() => 'now')
        await new Promise<void>((resolve) => (release = resolve))
        void connection.sendMessage(make)
      },
    })
    server.peer.send('1')
    expect(server.peer.received).to.deep.equal(['"now"'])
    server.peer.drop()
    release?.()
    await clock.advance(2_000)
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'gone', messages: [make] })
  })

  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no key')
      },
    ],
    ['returns a promise', () => Promise.resolve({})],
    ['returns undefined', () => undefined],
  ]
  for (const [title, make] of failures) {
    it(`is reported with stage "encode" if its function ${title}; the rest is sent`, async () => {
      for (const isLimited of [false, true]) {
        const { client, clock, server, witness } = await ready(isLimited ? { ...QUIET, rateLimit } : QUIET)
        await client.connection.sendMessage(make)
        void client.connection.send('next')
        await clock.advance(1_000)
        expect(server.peer.received).to.deep.equal(['next'])
        expect(witness.errors).to.have.length(1)
        expect(witness.errors[0]?.error).to.be.instanceOf(EncodeError)
        expect(witness.errors[0]?.context).to.include({ stage: 'encode', message: make, fatal: false })
      }
    })

    it(`rejects its request and is reported if its function ${title}`, async () => {
      for (const isLimited of [false, true]) {
        const { client, clock, witness } = await ready(isLimited ? { ...QUIET, rateLimit } : QUIET)
        if (isLimited) void client.connection.send('first')
        const asked = client.connection.request(make)
        await clock.advance(1_000)
        const error = await rejection(asked)
        expect(error).to.be.instanceOf(EncodeError)
        expect(witness.errors.map(({ error: reported, context }) => [reported, context.stage])).to.deep.equal(
          [[error, 'encode']],
        )
      }
    })
  }

  it('is reported as dropped if its function closes the link', async () => {
    for (const isLimited of [false, true]) {
      const { client, clock, server, witness } = await ready(isLimited ? { ...QUIET, rateLimit } : QUIET)
      if (isLimited) void client.connection.send('first')
      const make = (): string => {
        void client.connection.terminate()
        return 'too late'
      }
      void client.connection.sendMessage(make)
      await clock.advance(1_000)
      expect(server.peer.received).to.deep.equal(isLimited ? ['first'] : [])
      expect(witness.errors[0]?.error)
        .to.be.instanceOf(MessageDroppedError)
        .and.to.deep.include({ reason: 'gone', messages: [make] })
    }
  })

  it('is sent after the messages that its function sends', async () => {
    const { client, server } = await ready(QUIET)
    void client.connection.sendMessage(() => {
      void client.connection.send('inner')
      return 'outer'
    })
    expect(server.peer.received).to.deep.equal(['inner', '"outer"'])
  })
})

describe('A request that is created late', () => {
  it('is created when the rate limit allows it, and then gets its ID', async () => {
    const { client, server, clock } = await ready({ ...QUIET, rateLimit, requests: {} })
    server.peer.onMessage = (data) => server.peer.send(String(data))
    const start = clock.now()
    const replies = Promise.all([1, 2].map(() => client.connection.request(stamped(clock))))
    await clock.advance(1_000)
    expect(await replies).to.deep.equal([
      { at: start, id: 1 },
      { at: start + 1_000, id: 2 },
    ])
  })

  it('is created when a link is ready for it', async () => {
    const { client, server, clock } = await ready({ ...QUIET, requests: {} })
    server.peer.drop()
    let calls = 0
    const asked = client.connection.request(() => ({ calls: (calls += 1) }))
    server.onAttempt = (peer) => {
      peer.onMessage = (data) => peer.send(String(data))
      peer.accept()
    }
    expect(calls).to.equal(0)
    await clock.advance(2_000)
    expect(await asked).to.deep.equal({ calls: 1, id: 1 })
  })

  it('is created again for each link with resend', async () => {
    const { client, server, clock } = await ready({ ...QUIET, requests: {} })
    let calls = 0
    const asked = client.connection.request(() => ({ calls: (calls += 1) }), { resend: true })
    expect(server.peer.received).to.deep.equal(['{"calls":1,"id":1}'])
    server.onAttempt = (peer) => {
      peer.onMessage = (data) => peer.send(String(data))
      peer.accept()
    }
    server.peer.drop()
    await clock.advance(2_000)
    expect(await asked).to.deep.equal({ calls: 2, id: 1 })
  })

  it('is not created once it has timed out', async () => {
    const { client, server, clock } = await ready({ ...QUIET, rateLimit, requests: {} })
    const make = (): never => expect.fail('it was called')
    void client.connection.send('first')
    const asked = client.connection.request(make, { timeout: 500 })
    await clock.advance(500)
    expect(await rejection(asked)).to.include({ name: 'RequestTimeoutError', wasSent: false })
    void client.connection.sendMessage(() => 'next')
    await clock.advance(2_000)
    expect(server.peer.received).to.deep.equal(['first', '"next"'])
  })

  it('iterates over the replies of requestMany', async () => {
    const { client, server } = await ready({ ...QUIET, requests: {} })
    server.peer.onMessage = () => {
      for (const part of [1, 2]) server.peer.send(JSON.stringify({ id: 1, part }))
    }
    const parts: unknown[] = []
    const replies = client.connection.requestMany(() => ({ op: 'list' }), {
      isLast: (message) => (message as { part: number }).part === 2,
    })
    for await (const reply of replies) parts.push(reply)
    expect(server.peer.received).to.deep.equal(['{"op":"list","id":1}'])
    expect(parts).to.have.length(2)
  })

  it('keeps its own ID', async () => {
    const { client, server } = await ready({ ...QUIET, requests: {} })
    server.peer.onMessage = (data) => server.peer.send(String(data))
    expect(await client.connection.request(() => ({ id: 'mine' }))).to.deep.equal({ id: 'mine' })
  })
})
