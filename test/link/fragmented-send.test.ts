import { expect } from 'chai'
import { ConnectionLostError, EncodeError, MessageDroppedError, OutboxFullError, broadcast } from 'holdfast'
import type { Chunks } from 'holdfast'
import { ChunkFeed } from '../support/chunk-feed.js'
import { ready, start } from '../support/rig.js'

const QUIET = { heartbeat: false } as const
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)

async function begin(options: Parameters<typeof ready>[0] = {}, hooks: Parameters<typeof ready>[1] = {}) {
  const rig = await ready({ ...QUIET, ...options }, hooks)
  const { connection } = rig.client
  const feed = new ChunkFeed()
  const errors = (): unknown[] => rig.witness.errors.map(({ error }) => error)
  return { ...rig, connection, feed, errors, peer: rig.server.peer }
}

/** Returns a function that returns whether a promise has resolved by now. */
function watch(promise: Promise<unknown>): () => boolean {
  let isResolved = false
  void promise.then(() => (isResolved = true))
  return () => isResolved
}

describe('send(iterable)', () => {
  describe('sends one message', () => {
    const rows: [string, Chunks, string | Uint8Array][] = [
      ['an array of strings', ['a', 'b', 'c'], 'abc'],
      ['an array of bytes', [bytes(1, 2), bytes(3)], bytes(1, 2, 3)],
      ['a Set', new Set(['x', 'y']), 'xy'],
      ['empty chunks', ['', 'a', '', ''], 'a'],
      ['only empty strings', ['', ''], ''],
      ['only empty bytes', [bytes(), bytes()], bytes()],
      ['nothing, as an empty text', [], ''],
    ]
    for (const [name, source, message] of rows) {
      it(`from ${name}`, async () => {
        const { connection, peer } = await begin()
        void connection.send(source)
        expect(peer.received).to.deep.equal([message])
        expect(peer.fragments).to.deep.equal([])
      })
    }

    it('from a generator, an async generator and an async iterable', async () => {
      const { connection, peer } = await begin()
      function* letters(): Generator<string> {
        yield 'a'
        yield 'b'
      }
      async function* numbers(): AsyncGenerator<Uint8Array> {
        yield bytes(1)
        await Promise.resolve()
        yield bytes(2)
      }
      await connection.send(letters())
      await connection.send(numbers())
      expect(peer.received).to.deep.equal(['ab', bytes(1, 2)])
    })

    it('whose characters are complete, even if a chunk ends in the middle of one', async () => {
      const { connection, peer, feed, clock } = await begin()
      const [high = '', low = ''] = '🐎'.split('')
      feed.push(`a${high}`, `${low}b${high}`, '', low, high)
      feed.end()
      await connection.send(feed)
      expect(peer.received).to.deep.equal([`a🐎b🐎${high}`])
      const second = new ChunkFeed()
      void connection.send(second)
      second.push(high, low)
      await clock.settle()
      expect(peer.fragments).to.deep.equal(['🐎'])
    })
  })

  it('sends each chunk as soon as it is there', async () => {
    const { connection, peer, feed, clock } = await begin()
    const isOver = watch(connection.send(feed))
    for (const chunk of ['a', 'b']) {
      feed.push(chunk)
      await clock.settle()
    }
    expect(peer.fragments).to.deep.equal(['a', 'b'])
    expect(isOver()).to.equal(false)
    feed.end()
    await clock.settle()
    expect(peer.received).to.deep.equal(['ab'])
    expect(isOver()).to.equal(true)
  })

  it('keeps strings and bytes that are iterable themselves as single messages', async () => {
    const { connection, peer } = await begin()
    void connection.send('abc')
    void connection.send(bytes(1, 2))
    expect(peer.received).to.deep.equal(['abc', bytes(1, 2)])
  })

  it('throws for what is not iterable, and for an array with other elements, before anything is sent', async () => {
    const { connection, peer } = await begin()
    for (const data of [{}, 5, new Uint16Array(1), [1], ['a', bytes(1)]] as never[]) {
      expect(() => connection.send(data)).to.throw(TypeError)
    }
    void connection.send('next')
    expect(peer.received).to.deep.equal(['next'])
  })

  describe('keeps other messages back until it is complete', () => {
    it('whatever sends them, in order', async () => {
      const heartbeat = { interval: 1_000, timeout: 500, message: () => 'beat' }
      const options = { heartbeat, ackOnArrival: () => 'ack' }
      const { connection, peer, feed, clock } = await begin(options, { message: () => 'reply' })
      void connection.send(feed)
      feed.push('a')
      void connection.send('text')
      void connection.sendMessage(() => 'late')
      void connection.request({ ask: 1 }).catch(() => undefined)
      broadcast([connection], 'broadcast')
      peer.send('1')
      await clock.advance(1_000)
      expect(peer.received).to.deep.equal([])
      expect(connection.bufferedAmount).to.be.greaterThan(0)
      feed.push('b')
      feed.end()
      await clock.settle()
      const [first, ...rest] = peer.received
      expect(first).to.equal('ab')
      expect(rest).to.deep.equal([
        'text',
        '"late"',
        '{"ask":1,"id":1}',
        'broadcast',
        '"ack"',
        '"reply"',
        '"beat"',
      ])
      expect(connection.bufferedAmount).to.equal(0)
    })

    it('and also the next iterable, which is not started before', async () => {
      const { connection, peer, feed, clock } = await begin()
      const second = new ChunkFeed()
      void connection.send(feed)
      feed.push('a')
      void connection.send('between')
      const isOver = watch(connection.send(second))
      void connection.send('after')
      second.push('c')
      second.end()
      await clock.settle()
      expect(second.pulls).to.equal(0)
      feed.end()
      await clock.settle()
      expect(peer.received).to.deep.equal(['a', 'between', 'c', 'after'])
      expect(isOver()).to.equal(true)
    })

    it('with their bytes copied, because their owner can reuse the memory', async () => {
      const { connection, peer, feed, clock } = await begin()
      void connection.send(feed)
      const data = bytes(0)
      for (const value of [1, 2]) void connection.send(data.fill(value))
      data.fill(9)
      feed.end()
      await clock.settle()
      expect(peer.received).to.deep.equal(['', bytes(1), bytes(2)])
    })

    it('with what a message function sends behind them', async () => {
      const { connection, peer, feed, clock } = await begin()
      void connection.send(feed)
      void connection.sendMessage(() => {
        void connection.send('from the function')
        return 'late'
      })
      void connection.send('last')
      feed.end()
      await clock.settle()
      expect(peer.received).to.deep.equal(['', '"late"', 'last', 'from the function'])
    })

    it('but sends pings and pongs in between', async () => {
      const { connection, peer, feed, clock } = await begin({ heartbeat: { interval: 1_000, timeout: 500 } })
      void connection.send(feed)
      feed.push('a')
      peer.ping(bytes(7))
      await clock.advance(1_000)
      expect(peer.pings).to.equal(1)
      expect(peer.pongs).to.deep.equal([bytes(7)])
      expect(peer.received).to.deep.equal([])
      expect(connection.state.status).to.equal('open')
    })

    it('up to the limits of bytes and of messages without a size', async () => {
      const { connection, peer, feed } = await begin({ sendHighWaterMark: 10, outbox: { limit: 2 } })
      void connection.send(feed)
      for (let count = 0; count < 2; count += 1) void connection.send(['x'])
      expect(() => connection.send(['x'])).to.throw(
        OutboxFullError,
        '2 message functions or iterables are waiting',
      )
      const isThrough = watch(connection.send('x'.repeat(161)))
      expect(() => connection.send('y')).to.throw(OutboxFullError, '161 bytes are waiting')
      feed.end()
      await new Promise(setImmediate)
      expect(isThrough()).to.equal(true)
      expect(peer.received).to.deep.equal(['', 'x', 'x', 'x'.repeat(161)])
    })

    it('without a timeout for a message heartbeat that cannot be sent', async () => {
      const heartbeat = { interval: 1_000, timeout: 500, message: () => 'beat' }
      const { connection, feed, clock, peer, witness } = await begin({ heartbeat })
      void connection.send(feed)
      feed.push('a')
      await clock.advance(60_000)
      expect(witness.closes).to.deep.equal([])
      feed.end()
      await clock.advance(400)
      expect(peer.received).to.deep.equal(['a', '"beat"'])
      await clock.advance(200)
      expect(witness.closes).to.have.lengthOf(1)
    })
  })

  describe('flow control', () => {
    it('reads the source only while less than sendHighWaterMark is buffered', async () => {
      const { connection, peer, feed, clock } = await begin({ sendHighWaterMark: 10 })
      peer.isReading = false
      feed.push(...'abcdef'.split('').map((letter) => letter.repeat(6)))
      feed.end()
      const isOver = watch(connection.send(feed))
      await clock.settle()
      expect(feed.pulls).to.equal(2)
      expect(connection.bufferedAmount).to.equal(12)
      peer.read()
      await clock.settle()
      expect(peer.received).to.deep.equal(['aaaaaabbbbbbccccccddddddeeeeeeffffff'])
      expect(isOver()).to.equal(true)
    })

    it('lets the event loop run while a source is always ready', async () => {
      const { connection, peer, clock } = await begin()
      let count = 0
      let isStopped = false
      function* endless(): Generator<string> {
        try {
          for (;;) {
            count += 1
            yield ''
          }
        } finally {
          isStopped = true
        }
      }
      void connection.send(endless())
      expect(count).to.be.within(1_000, 100_000)
      await new Promise(setImmediate)
      peer.drop()
      await clock.settle()
      expect(isStopped).to.equal(true)
    }).timeout(5_000)
  })

  describe('a source that fails', () => {
    for (const [name, spoil] of [
      ['throws', (feed: ChunkFeed) => feed.fail(new Error('disk error'))],
      ['yields a number', (feed: ChunkFeed) => feed.push(5)],
      ['yields bytes after text', (feed: ChunkFeed) => feed.push(bytes(1))],
    ] as const) {
      it(`closes the link with 1011 if it ${name} after a part was sent, and is reported`, async () => {
        const { connection, peer, feed, clock, witness, server } = await begin()
        const isOver = watch(connection.send(feed))
        feed.push('a')
        void connection.send('behind')
        spoil(feed)
        await clock.settle()
        expect(peer.closeFrame?.code).to.equal(1011)
        expect(isOver()).to.equal(true)
        const [failed, dropped] = witness.errors
        expect(failed?.error).to.be.instanceOf(EncodeError)
        expect(failed?.error.message).to.match(
          /^Failed to encode an iterable: (disk error|expected|a message)/,
        )
        expect(failed?.context).to.include({ stage: 'encode', message: feed, fatal: false })
        expect(dropped?.error).to.deep.include({ reason: 'lost', messages: ['behind'] })
        expect(feed.returns).to.equal(name === 'throws' ? 0 : 1)
        expect(peer.received).to.deep.equal([])
        expect(witness.closes[0]).to.include({ initiator: 'local', sentCode: 1011, willReconnect: true })
        await clock.advance(5_000)
        expect(server.peers).to.have.lengthOf(2)
        expect(connection.state.status).to.equal('open')
        void connection.send('works again')
        expect(server.peer.received).to.deep.equal(['works again'])
      })
    }

    it('does not affect the link if nothing has been sent yet', async () => {
      const { connection, peer, witness, clock } = await begin()
      const sources = [
        {
          [Symbol.iterator]: (): Iterator<string> => {
            throw new Error('no iterator')
          },
        },
        {
          [Symbol.iterator]: (): Iterator<string> => ({
            next: () => {
              throw new Error('no file')
            },
          }),
        },
        [5].values() as unknown as Iterable<string>,
        [Promise.resolve('a')].values() as unknown as Iterable<string>,
      ]
      for (const source of sources) {
        await connection.send(source)
        void connection.send('next')
      }
      await clock.settle()
      expect(witness.errors.map(({ context, error }) => [context.stage, error.message])).to.deep.equal([
        ['encode', 'Failed to encode an iterable: no iterator'],
        ['encode', 'Failed to encode an iterable: no file'],
        ['encode', 'Failed to encode an iterable: expected strings or Uint8Arrays, received a number'],
        [
          'encode',
          'Failed to encode an iterable: expected strings or Uint8Arrays, received an instance of Promise',
        ],
      ])
      expect(peer.received).to.deep.equal(['next', 'next', 'next', 'next'])
      expect(connection.state.status).to.equal('open')
    })

    it('is skipped by broadcast() while the closing handshake takes its time, and sends go to the outbox', async () => {
      const { connection, peer, feed, clock, server } = await begin()
      peer.isAlive = false
      void connection.send(feed)
      feed.push('a')
      feed.fail(new Error('disk error'))
      await clock.settle()
      expect(connection.state.status).to.equal('open')
      expect(broadcast([connection], 'x')).to.deep.equal({ sent: 0, skipped: 1 })
      void connection.send('kept')
      peer.drop()
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal(['kept'])
    })

    it('also leads to a reconnect if it fails inside @OnOpen', async () => {
      function* fails(): Generator<string> {
        yield 'a'
        throw new Error('disk error')
      }
      const { server, witness, clock } = start(QUIET, {
        open: (info, { connection }) => (info.connectionNumber === 1 ? connection.send(fails()) : undefined),
      })
      await clock.advance(5_000)
      expect(server.peers[0]?.closeFrame?.code).to.equal(1011)
      expect(server.peers).to.have.lengthOf(2)
      expect(witness.connection.state.status).to.equal('open')
    })
  })

  describe('when the link ends', () => {
    it('closes the source, reports the message, and never resumes it on another link', async () => {
      const { connection, peer, feed, clock, witness, server } = await begin()
      const isOver = watch(connection.send(feed))
      feed.push('a')
      await clock.settle()
      void connection.send('behind')
      peer.drop()
      expect(feed.returns).to.equal(1)
      await clock.settle()
      expect(isOver()).to.equal(true)
      expect(witness.errors[0]?.error).to.be.instanceOf(MessageDroppedError)
      expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: [feed, 'behind'] })
      expect(witness.errors[0]?.context).to.include({ stage: 'send', message: feed })
      feed.push('b')
      feed.end()
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal([])
      expect(connection.stats.droppedMessages).to.equal(2)
      expect(feed.returns).to.equal(1)
    })

    for (const how of ['reconnect', 'terminate'] as const) {
      it(`closes a generator that calls ${how}() itself`, async () => {
        const { connection, clock } = await begin()
        let isClosed = false
        function* source(): Generator<string> {
          try {
            yield 'a'
            void connection[how]()
            yield 'b'
            yield 'c'
          } finally {
            isClosed = true
          }
        }
        void connection.send(source())
        await clock.advance(5_000)
        expect(isClosed).to.equal(true)
      })
    }

    it('does not wait for a source that is busy, and ignores what it does later', async () => {
      const { connection, peer, clock, errors } = await begin()
      let fail: (error: Error) => void = () => undefined
      const source: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((_resolve, reject) => {
              fail = reject
            }),
          return: () => Promise.reject(new Error('cannot close')),
        }),
      }
      const isOver = watch(connection.send(source))
      peer.drop()
      await clock.settle()
      expect(isOver()).to.equal(true)
      fail(new Error('aborted'))
      await clock.settle()
      expect(errors()).to.have.lengthOf(1)
      expect(errors()[0]).to.be.instanceOf(MessageDroppedError)
    })

    it('drops an iterable that was not started, without starting it', async () => {
      const { connection, peer, feed, clock, witness } = await begin()
      const second = new ChunkFeed()
      void connection.send(feed)
      const isOver = watch(connection.send(second))
      peer.drop()
      await clock.settle()
      expect(isOver()).to.equal(true)
      expect(second).to.include({ pulls: 0, returns: 0 })
      expect(witness.errors[0]?.error).to.deep.include({ messages: [feed, second] })
    })
  })

  describe('close()', () => {
    it('waits for the message for at most half of closeTimeout', async () => {
      const { connection, peer, feed, clock, witness } = await begin({ closeTimeout: 1_000 })
      peer.isAlive = false
      void connection.send(feed)
      feed.push('a')
      const isClosed = watch(connection.close())
      await clock.advance(499)
      expect(peer.closeFrame).to.equal(undefined)
      await clock.advance(1)
      expect(peer.closeFrame?.code).to.equal(1000)
      expect(feed.returns).to.equal(0)
      feed.push('too late')
      await clock.settle()
      expect(feed.returns).to.equal(1)
      await clock.advance(500)
      expect(isClosed()).to.equal(true)
      expect(feed.returns).to.equal(1)
      expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: [feed] })
      expect(clock.timers).to.equal(0)
    })

    it('follows at once if the message is completed in that time, behind the messages that waited', async () => {
      const { connection, peer, feed, clock, errors } = await begin({ closeTimeout: 1_000 })
      void connection.send(feed)
      void connection.send('behind')
      const isClosed = watch(connection.close())
      await clock.advance(100)
      feed.push('a')
      feed.end()
      await clock.settle()
      expect(isClosed()).to.equal(true)
      expect(peer.received).to.deep.equal(['a', 'behind'])
      expect(errors()).to.deep.equal([])
    })

    it('also ends a source that never ends', async () => {
      const { connection, peer, clock } = await begin({ closeTimeout: 1_000, sendHighWaterMark: 10 })
      let isStopped = false
      async function* endless(): AsyncGenerator<string> {
        try {
          for (;;) yield await Promise.resolve('x')
        } finally {
          isStopped = true
        }
      }
      peer.isReading = false
      void connection.send(endless())
      const isClosed = watch(connection.close())
      await clock.advance(1_000)
      expect(isClosed()).to.equal(true)
      expect(isStopped).to.equal(true)
    })

    it('ends with terminate() immediately', async () => {
      const { connection, feed, clock } = await begin()
      void connection.send(feed)
      await connection.terminate()
      await clock.settle()
      expect(feed.returns).to.equal(1)
    })

    it('lets end() send its last message after it', async () => {
      const { connection, peer, feed, clock } = await begin()
      void connection.send(feed)
      const ending = connection.end('bye')
      feed.push('a')
      feed.end()
      await clock.settle()
      peer.close()
      await ending
      expect(peer.received).to.deep.equal(['a', '"bye"'])
    })
  })

  describe('while no link is ready', () => {
    it('waits in the outbox, not started and without a size, in its place', async () => {
      const { connection, peer, feed, clock, server } = await begin()
      peer.drop()
      void connection.send('before')
      const isOver = watch(connection.send(feed))
      void connection.send('after')
      feed.push('a', 'b')
      feed.end()
      await clock.settle()
      expect(feed.pulls).to.equal(0)
      expect(isOver()).to.equal(false)
      expect(connection.bufferedAmount).to.equal('beforeafter'.length)
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal(['before', 'ab', 'after'])
      expect(isOver()).to.equal(true)
    })

    it('counts as one message, and is dropped like any other', async () => {
      for (const [outbox, act, reason] of [
        [{ limit: 1, overflow: 'drop-oldest' }, 'send', 'overflow'],
        [{ maxAge: 500 }, 'wait', 'expired'],
        [{}, 'close', 'closed'],
      ] as const) {
        const { connection, peer, feed, clock, witness } = await begin({ outbox })
        peer.drop()
        const isOver = watch(connection.send(feed))
        if (act === 'send') void connection.send('next')
        if (act === 'wait') await clock.advance(5_000)
        await connection.terminate()
        await clock.settle()
        expect(isOver(), reason).to.equal(true)
        expect(feed.pulls).to.equal(0)
        expect(witness.errors[0]?.error).to.deep.include({ reason, messages: [feed] })
      }
    })

    it('throws with a full outbox, and with outbox: false', async () => {
      const full = await begin({ outbox: { limit: 1 } })
      full.peer.drop()
      void full.connection.send(['a'])
      expect(() => full.connection.send(['b'])).to.throw(OutboxFullError)
      const none = await begin({ outbox: false })
      none.peer.drop()
      expect(() => none.connection.send(['b'])).to.throw('Cannot send while the connection is')
    })

    it('is passed to outbox.conflate as undefined, and can be replaced', async () => {
      const conflated: unknown[] = []
      const conflate = (message: unknown): string => {
        conflated.push(message)
        return 'all'
      }
      const { connection, peer, feed, clock, server } = await begin({ outbox: { conflate } })
      peer.drop()
      const isOver = watch(connection.send(feed))
      void connection.send('newer')
      await clock.settle()
      expect(conflated).to.deep.equal([undefined, 'newer'])
      expect(isOver()).to.equal(true)
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal(['newer'])
    })

    it('is sent immediately inside @OnOpen', async () => {
      const { peer } = await begin({}, { open: (_open, { connection }) => connection.send(['a', 'b']) })
      expect(peer.received).to.deep.equal(['ab'])
    })
  })

  describe('with a rate limit', () => {
    const rateLimit = { messages: 1, per: 1_000 }

    it('counts as one message, and starts when the limit allows it', async () => {
      const { connection, peer, feed, clock } = await begin({ rateLimit })
      void connection.send('a')
      void connection.send(feed)
      void connection.send('c')
      feed.push('b1', 'b2')
      await clock.settle()
      expect(feed.pulls).to.equal(0)
      await clock.advance(1_000)
      expect(peer.fragments).to.deep.equal(['b1', 'b2'])
      await clock.advance(1_000)
      expect(peer.received).to.deep.equal(['a'])
      feed.end()
      await clock.settle()
      expect(peer.received).to.deep.equal(['a', 'b1b2', 'c'])
    })

    it('is dropped in order with the messages that wait for the end and for the limit', async () => {
      const { connection, peer, feed, clock, witness } = await begin({ rateLimit })
      void connection.send(feed)
      void connection.send('held')
      void connection.send('limited')
      await clock.advance(1_000)
      peer.drop()
      expect(witness.errors[0]?.error).to.deep.include({ messages: [feed, 'held', 'limited'] })
      await clock.advance(10_000)
      expect(connection.bufferedAmount).to.equal(0)
    })
  })

  describe('in a handover', () => {
    it('is completed on the old link, which then leaves', async () => {
      const { connection, peer, feed, clock, server, errors } = await begin()
      void connection.send(feed)
      feed.push('a')
      connection.reconnect({ overlap: true })
      await clock.settle()
      void connection.send('on the new link')
      expect(server.peer.received).to.deep.equal(['on the new link'])
      expect(peer.closeFrame).to.equal(undefined)
      feed.push('b')
      feed.end()
      await clock.settle()
      expect(peer.received).to.deep.equal(['ab'])
      expect(peer.closeFrame?.code).to.equal(1000)
      expect(errors()).to.deep.equal([])
    })

    it('is reported after drainTimeout if its source does not end', async () => {
      const { connection, peer, feed, clock, witness } = await begin({ drainTimeout: 1_000 })
      void connection.send(feed)
      feed.push('a')
      connection.reconnect({ overlap: true })
      await clock.advance(1_500)
      expect(peer.closeFrame?.code).to.equal(1000)
      expect(feed.returns).to.equal(1)
      expect(witness.errors[0]?.error).to.deep.include({ reason: 'lost', messages: [feed] })
    })
  })

  it('is bound to the link of a context', async () => {
    const feed = new ChunkFeed()
    const contexts: { connection: { send: (data: Chunks) => Promise<void> } }[] = []
    const { peer, clock, witness } = await begin(
      {},
      { message: (_message, context) => void contexts.push(context) },
    )
    peer.send('1')
    await clock.settle()
    peer.drop()
    const [context] = contexts
    await context?.connection.send(feed)
    expect(witness.errors[0]?.error).to.be.instanceOf(MessageDroppedError)
    expect(witness.errors[0]?.error).to.deep.include({ reason: 'gone', messages: [feed] })
    expect(feed.pulls).to.equal(0)
  })

  it('reports a lost link to calls as usual while a message is incomplete', async () => {
    const { connection, feed, peer, clock } = await begin()
    void connection.send(feed)
    const request = connection.request({ ask: 1 })
    peer.drop()
    let error: unknown
    await request.catch((thrown: unknown) => (error = thrown))
    expect(error).to.be.instanceOf(ConnectionLostError)
    await clock.settle()
  })
})
