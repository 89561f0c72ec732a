import { expect } from 'chai'
import { ConnectionClosedError, SubscriptionError } from 'holdfast'
import type { SubscriptionsOptions, TopicSubscription } from 'holdfast'
import { rejection } from '../support/rejection.js'
import { LISTS, startSubscriber } from '../support/subscriber.js'

const WITHOUT_ACK: SubscriptionsOptions = { subscribe: LISTS.subscribe, unsubscribe: LISTS.unsubscribe! }

/** Starts a client that subscribes, and waits until it is ready. */
async function ready(options = WITHOUT_ACK, more: Parameters<typeof startSubscriber>[1] = {}) {
  const it = await startSubscriber(options, more)
  const client = await it.start()
  return { ...it, client, subscriptions: client.instance.subscriptions }
}

const sub = (...topics: readonly unknown[]) => ({ op: 'sub', topics })
const unsub = (...topics: readonly unknown[]) => ({ op: 'unsub', topics })

describe('Subscriptions', () => {
  describe('#subscribe', () => {
    it('counts: the first subscriber sends, and the last one to leave unsubscribes', async () => {
      const { clock, received, subscriptions } = await ready()
      const [first, second] = [subscriptions.subscribe('x'), subscriptions.subscribe('x')]
      await clock.settle()
      first.unsubscribe()
      first.unsubscribe()
      await clock.settle()
      expect(received()).to.deep.equal([sub('x')])
      expect(subscriptions.has('x')).to.equal(true)
      second.unsubscribe()
      await clock.settle()
      expect(received()).to.deep.equal([sub('x'), unsub('x')])
      expect([subscriptions.size, subscriptions.has('x')]).to.deep.equal([0, false])
    })

    it('ends with the block of a using declaration', async () => {
      const { clock, received, subscriptions } = await ready()
      {
        using held = subscriptions.subscribe('x')
        await held.acknowledged
      }
      await clock.settle()
      expect(received()).to.deep.equal([sub('x'), unsub('x')])
    })

    it('sends 60 topics from one turn in one message, or in batches of batch.size', async () => {
      const topics = Array.from({ length: 60 }, (_, index) => `t${index}`)
      for (const [size, frames] of [
        [undefined, 1],
        [25, 3],
        [1, 60],
      ] as const) {
        const { clock, received, subscriptions } = await ready({
          ...WITHOUT_ACK,
          ...(size && { batch: { size } }),
        })
        const held = topics.map((topic) => subscriptions.subscribe(topic))
        await clock.settle()
        expect(received()).to.have.length(frames)
        expect(received().flatMap((message) => message.topics)).to.deep.equal(topics)
        for (const each of held) each.unsubscribe()
        await clock.settle()
        expect(received()).to.have.length(2 * frames)
      }
    })

    it('waits batch.delay for other topics', async () => {
      const { clock, received, subscriptions } = await ready({ ...WITHOUT_ACK, batch: { delay: 50 } })
      subscriptions.subscribe('a')
      await clock.advance(49)
      subscriptions.subscribe('b')
      expect(received()).to.deep.equal([])
      await clock.advance(1)
      expect(received()).to.deep.equal([sub('a', 'b')])
    })

    it('sends only the net changes from one turn', async () => {
      const { clock, received, subscriptions } = await ready()
      subscriptions.subscribe('a').unsubscribe()
      const kept = subscriptions.subscribe('b')
      await clock.settle()
      expect(received()).to.deep.equal([sub('b')])
      kept.unsubscribe()
      const again = subscriptions.subscribe('b')
      await clock.settle()
      expect(received()).to.deep.equal([sub('b')])
      await again.acknowledged
    })

    it('removes the topic and sends nothing if unsubscribe is not set', async () => {
      const { clock, received, server, subscriptions } = await ready({ subscribe: LISTS.subscribe })
      subscriptions.subscribe('a').unsubscribe()
      const held = subscriptions.subscribe('b')
      await clock.settle()
      held.unsubscribe()
      await clock.settle()
      expect(received()).to.deep.equal([sub('b')])
      server.peer.drop()
      await clock.advance(5_000)
      expect(server.peers).to.have.length(2)
      expect(received()).to.deep.equal([])
    })

    it('compares objects by content, regardless of the order of properties, or by key', async () => {
      const { clock, received, subscriptions } = await ready()
      const [first, second] = [
        { channel: 'book', symbol: 'X' },
        { symbol: 'X', channel: 'book' },
      ]
      subscriptions.subscribe(first)
      subscriptions.subscribe(second)
      await clock.settle()
      expect(received()).to.deep.equal([sub(first)])
      expect(() => subscriptions.subscribe(new Map())).to.throw(TypeError, 'set subscriptions.key')

      const own = await ready({ ...WITHOUT_ACK, key: (topic) => (topic as { symbol: string }).symbol })
      own.subscriptions.subscribe({ symbol: 'X', depth: 10 })
      own.subscriptions.subscribe({ symbol: 'X', depth: 20 })
      await own.clock.settle()
      expect(own.received()).to.deep.equal([sub({ symbol: 'X', depth: 10 })])
      expect(own.subscriptions.keys()).to.deep.equal(['X'])
    })

    it('throws if the option is not set, and names the fix', async () => {
      const it = await startSubscriber(undefined)
      const { subscriptions } = (await it.start()).instance
      expect(() => subscriptions.subscribe('a')).to.throw(TypeError, 'Set subscriptions: { subscribe')
    })

    it('sends again in batches after a reconnect, after @OnOpen and before the outbox', async () => {
      const { client, clock, hooks, received, server, subscriptions } = await ready({
        ...WITHOUT_ACK,
        batch: { size: 2 },
      })
      for (const topic of ['a', 'b', 'c']) subscriptions.subscribe(topic)
      await clock.settle()
      hooks.opened = () => ({ login: true })
      server.peer.drop()
      void client.connection.sendJson({ kept: true })
      subscriptions.subscribe('d')
      await clock.advance(5_000)
      expect(received()).to.deep.equal([{ login: true }, sub('a', 'b'), sub('c', 'd'), { kept: true }])
    })

    it('leaves sending to the next link if this one is lost in the same turn', async () => {
      let made = 0
      const { clock, errors, received, server, subscriptions } = await ready({
        subscribe(topics) {
          made += 1
          return LISTS.subscribe?.(topics)
        },
      })
      subscriptions.subscribe('a')
      server.peer.drop()
      await clock.advance(5_000)
      expect(received()).to.deep.equal([sub('a')])
      expect(errors).to.deep.equal([])
      expect(made).to.equal(1)
    })

    it('reports a failed function once per batch, and sends the topics on the next link', async () => {
      let isBroken = true
      const thrown = new Error('no token')
      const { clock, errors, received, server, subscriptions } = await ready({
        subscribe(topics) {
          if (isBroken) throw thrown
          return { op: 'sub', topics }
        },
      })
      const held = ['a', 'b'].map((topic) => subscriptions.subscribe(topic))
      await clock.settle()
      expect(errors.map((error) => (error as SubscriptionError).keys)).to.deep.equal([['a', 'b']])
      expect(errors[0]).to.include({ reason: 'failed', cause: thrown })
      expect(await rejection(held[0]!.acknowledged)).to.deep.include({
        keys: ['a'],
        reason: 'failed',
        cause: thrown,
      })
      isBroken = false
      await subscriptions.subscribe('a').acknowledged
      expect(received()).to.deep.equal([sub('a')])
      server.peer.drop()
      await clock.advance(5_000)
      expect(received()).to.deep.equal([sub('a', 'b')])
      await held[1]!.acknowledged
    })

    it('rejects a promise from the function, and unencodable values', async () => {
      for (const subscribe of [() => Promise.reject(new Error('unheard')), () => undefined]) {
        const { clock, errors, received, subscriptions } = await ready({ subscribe })
        subscriptions.subscribe('a')
        await clock.settle()
        expect(errors).to.have.length(1)
        expect(errors[0]).to.be.instanceOf(SubscriptionError).with.property('reason', 'failed')
        expect(received()).to.deep.equal([])
      }
    })

    it('reports an unsubscribe that fails, and removes the topics', async () => {
      const { clock, errors, server, subscriptions, received } = await ready({
        subscribe: LISTS.subscribe,
        unsubscribe: () => {
          throw new Error('oops')
        },
      })
      const held = subscriptions.subscribe('a')
      await clock.settle()
      held.unsubscribe()
      await clock.settle()
      expect(errors.map(({ message }) => message)).to.deep.equal(['Failed to unsubscribe from "a": oops'])
      server.peer.drop()
      await clock.advance(5_000)
      expect(received()).to.deep.equal([])
    })

    it('rejects a promise from unsubscribe, and removes the topics', async () => {
      const unsubscribe = () => Promise.reject(new Error('unheard'))
      const { clock, errors, received, subscriptions } = await ready({ ...WITHOUT_ACK, unsubscribe })
      const held = subscriptions.subscribe('a')
      await clock.settle()
      held.unsubscribe()
      await clock.settle()
      expect(errors).to.have.length(1)
      expect(errors[0]!.message)
        .to.contain('Failed to unsubscribe from "a"')
        .and.contain('returned a promise')
      expect(received()).to.deep.equal([sub('a')])
      expect(subscriptions.size).to.equal(0)
    })

    it('can be called and undone inside the function that creates the message', async () => {
      const held: TopicSubscription[] = []
      const { clock, believed, subscriptions } = await ready({
        ...WITHOUT_ACK,
        subscribe(topics) {
          if (topics.includes('a')) held.pop()?.unsubscribe()
          if (topics.includes('b')) subscriptions.subscribe('c')
          return { op: 'sub', topics }
        },
      })
      held.push(subscriptions.subscribe('b'), subscriptions.subscribe('a'))
      await clock.settle()
      expect(believed()).to.deep.equal(['b', 'c'])
      expect(subscriptions.keys()).to.deep.equal(['b', 'c'])
    })

    it('sends nothing while the connection is closing', async () => {
      const { client, clock, errors, received, subscriptions } = await ready()
      const held = subscriptions.subscribe('a')
      await clock.settle()
      const closing = client.close()
      held.unsubscribe()
      const late = subscriptions.subscribe('b')
      const { acknowledged } = late
      await closing
      expect(received()).to.deep.equal([sub('a')])
      expect(await rejection(acknowledged)).to.be.instanceOf(ConnectionClosedError)
      expect(await rejection(subscriptions.subscribe('c').acknowledged)).to.be.instanceOf(
        ConnectionClosedError,
      )
      expect([errors, subscriptions.size, clock.timers]).to.deep.equal([[], 0, 0])
    })
  })

  describe('acknowledged', () => {
    it('resolves for each topic separately when the server acknowledges it, and the message is consumed', async () => {
      const { client, clock, messages, server, subscriptions } = await ready(LISTS, { requests: {} })
      const [a, b] = ['a', 'b'].map((topic) => subscriptions.subscribe(topic).acknowledged)
      const settled: string[] = []
      void a!.then(() => settled.push('a'))
      void b!.then(() => settled.push('b'))
      await clock.settle()
      server.peer.send({ ok: 'b', id: 99 })
      await clock.settle()
      expect(settled).to.deep.equal(['b'])
      server.peer.send({ ok: 'a', id: 98 })
      server.peer.send({ ok: 'nobody', id: 97 })
      server.peer.send({ id: 96 })
      await clock.settle()
      expect(settled).to.deep.equal(['b', 'a'])
      expect(messages).to.deep.equal([{ id: 96 }])
      expect(client.connection.stats.unmatchedReplies).to.equal(1)
      expect(clock.timers).to.equal(0)
    })

    it('resolves when the topic is sent if there is no ack', async () => {
      const { received, subscriptions } = await ready()
      await subscriptions.subscribe('a').acknowledged
      expect(received()).to.deep.equal([sub('a')])
    })

    it('rejects if the server rejects the topic, which is reported; the rest of the batch stays', async () => {
      const { clock, errors, received, server, subscriptions } = await ready(LISTS)
      const [a, b] = [subscriptions.subscribe('a'), subscriptions.subscribe('b')]
      await clock.settle()
      server.peer.send({ no: 'a' })
      server.peer.send({ ok: 'b' })
      await b.acknowledged
      const error = await rejection(a.acknowledged)
      expect(error).to.be.instanceOf(SubscriptionError)
      expect(error).to.include({ key: 'a', reason: 'refused' })
      expect((error as SubscriptionError).details).to.deep.equal({ no: 'a' })
      expect((error as Error).message).to.equal('Server rejected subscription "a": no such topic')
      expect(errors).to.deep.equal([error])
      a.unsubscribe()
      await clock.settle()
      expect(received()).to.deep.equal([sub('a', 'b')])
      const again = subscriptions.subscribe('a')
      await clock.settle()
      expect(received().at(-1)).to.deep.equal(sub('a'))
      server.peer.send({ ok: 'a' })
      await again.acknowledged
    })

    it('rejects ackTimeout after the message was sent; a late acknowledgment is still accepted and provides its ID', async () => {
      const { clock, errors, server, subscriptions } = await ready(LISTS)
      server.peer.isReading = false
      const held = subscriptions.subscribe('a')
      const { acknowledged } = held
      await clock.advance(60_000)
      expect(errors).to.deep.equal([])
      server.peer.read()
      await clock.advance(9_999)
      expect(errors).to.deep.equal([])
      await clock.advance(1)
      expect(await rejection(acknowledged)).to.include({ key: 'a', reason: 'timeout' })
      expect(errors).to.have.length(1)
      server.peer.send({ ok: 'a', id: 7 })
      await clock.settle()
      await held.acknowledged
      expect(subscriptions.keyOf(7)).to.equal('a')
    })

    it('counts its time behind a rate limit from when the message has left', async () => {
      const { client, clock, errors, subscriptions } = await ready(
        { ...LISTS, ackTimeout: 100 },
        { rateLimit: { messages: 1, per: 1_000, reserve: 0 } },
      )
      void client.connection.sendJson(1)
      subscriptions.subscribe('a')
      await clock.advance(1_099)
      expect(errors).to.deep.equal([])
      await clock.advance(1)
      expect(errors).to.have.length(1)
    })

    it('stays pending across a reconnect, and refers to the new link afterward', async () => {
      const { clock, server, subscriptions } = await ready(LISTS)
      const [a, b] = [subscriptions.subscribe('a'), subscriptions.subscribe('b')]
      const waiting = a.acknowledged
      await clock.settle()
      server.peer.send({ ok: 'b' })
      await b.acknowledged
      server.peer.drop()
      let isAgain = false
      void b.acknowledged.then(() => (isAgain = true))
      await clock.advance(5_000)
      expect(isAgain).to.equal(false)
      server.peer.send({ ok: 'a' })
      server.peer.send({ ok: 'b' })
      await Promise.all([waiting, b.acknowledged])
      expect(isAgain).to.equal(true)
    })

    it('rejects when the topic has no subscriber left, and is never unhandled', async () => {
      const { clock, errors, subscriptions } = await ready(LISTS)
      const held = subscriptions.subscribe('a')
      const { acknowledged } = held
      held.unsubscribe()
      expect(await rejection(acknowledged)).to.include({ key: 'a', reason: 'unsubscribed' })
      expect(await rejection(held.acknowledged)).to.include({ reason: 'unsubscribed' })
      await clock.settle()
      expect(errors).to.deep.equal([])
    })

    it('leaves a message to the handlers if ack fails for it, and reports the error', async () => {
      const answers: readonly [() => unknown, reason: string][] = [
        [() => Promise.reject(new Error('unheard')), 'returned a promise'],
        [() => true, 'received a boolean'],
        [() => ({ topics: 'a' }), 'received { topics: a string }'],
        [
          () => ({ topics: ['a'], id: {} }),
          'must return an "id" that is a string or a number, received a plain object',
        ],
      ]
      for (const [answer, reason] of answers) {
        const { clock, errors, messages, server, subscriptions } = await ready({
          ...LISTS,
          ack: answer as () => undefined,
        })
        subscriptions.subscribe('a')
        await clock.settle()
        server.peer.send({ n: 1 })
        await clock.settle()
        expect(messages).to.deep.equal([{ n: 1 }])
        expect(errors[0]).to.be.instanceOf(TypeError).with.property('message').that.contains(reason)
        expect(errors).to.have.length(1)
      }
    })
  })

  describe('IDs from the server', () => {
    const route = 'chan'

    it('route messages to the handler of the key, and are read again after a reconnect', async () => {
      const { clock, heard, messages, server, subscriptions } = await ready(LISTS, { route })
      subscriptions.subscribe('a')
      await clock.settle()
      server.peer.send({ ok: 'a', id: 7 })
      server.peer.send({ chan: 7, n: 1 })
      server.peer.drop()
      await clock.advance(5_000)
      server.peer.send({ ok: 'a', id: 8 })
      for (const chan of [7, 8]) server.peer.send({ chan, n: 2 })
      await clock.settle()
      expect(heard).to.deep.equal([
        ['a', { chan: 7, n: 1 }],
        ['a', { chan: 8, n: 2 }],
      ])
      expect(messages).to.deep.equal([{ chan: 7, n: 2 }])
    })

    it('are passed to unsubscribe, which waits for the acknowledgment', async () => {
      const { clock, received, server, subscriptions } = await ready({
        ...LISTS,
        unsubscribe: (_topics, ids) => ({ op: 'unsub', topics: ids }),
      })
      subscriptions.subscribe('a')
      await clock.settle()
      server.peer.send({ ok: 'a', id: 7 })
      const held = subscriptions.subscribe('b')
      await clock.settle()
      held.unsubscribe()
      await clock.settle()
      expect(received()).to.deep.equal([sub('a'), sub('b')])
      const again = subscriptions.subscribe('b')
      await clock.settle()
      server.peer.send({ ok: 'b', id: 8 })
      await again.acknowledged
      again.unsubscribe()
      await clock.settle()
      expect(received().slice(2)).to.deep.equal([unsub(8)])
      expect(subscriptions.keyOf(8)).to.equal(undefined)
    })

    it('are awaited by an unsubscribe that returns undefined, for up to ackTimeout', async () => {
      const { clock, received, server, subscriptions } = await ready({
        ...LISTS,
        unsubscribe: (_topics, [id]) => (id === undefined ? undefined : { op: 'unsub', topics: [id] }),
      })
      subscriptions.subscribe('a').unsubscribe()
      const held = subscriptions.subscribe('b')
      await clock.settle()
      held.unsubscribe()
      await clock.settle()
      server.peer.send({ ok: 'b', id: 8 })
      await clock.settle()
      expect(received()).to.deep.equal([sub('b'), unsub(8)])
    })
  })

  describe('inside @OnOpen', () => {
    it('sends all topics in one message when @OnOpen has completed, and drops those that a later one does not request', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      it.hooks.opened = async (subscriptions, connection) => {
        subscriptions.subscribe('a')
        await connection.sendJson({ login: 1 })
        await Promise.resolve()
        for (const topic of ['b', 'b', 'c']) subscriptions.subscribe(topic)
      }
      const { subscriptions } = (await it.start()).instance
      const own = subscriptions.subscribe('own')
      await it.clock.settle()
      expect(it.received()).to.deep.equal([{ login: 1 }, sub('a', 'b', 'c'), sub('own')])
      it.hooks.opened = () => void subscriptions.subscribe('b')
      it.server.peer.drop()
      await it.clock.advance(5_000)
      expect(it.received()).to.deep.equal([sub('b', 'own')])
      expect(subscriptions.keys()).to.deep.equal(['b', 'own'])
      own.unsubscribe()
    })

    it('holds a topic until every call for it has ended, or until the next @OnOpen', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      let held: TopicSubscription[] = []
      it.hooks.opened = (subscriptions) => {
        held = ['a', 'a', 'b'].map((topic) => subscriptions.subscribe(topic))
      }
      await it.start()
      held[0]!.unsubscribe()
      await it.clock.settle()
      expect(it.believed()).to.deep.equal(['a', 'b'])
      held[1]!.unsubscribe()
      await it.clock.settle()
      expect(it.believed()).to.deep.equal(['b'])
      const [, , stale] = held
      it.server.peer.drop()
      await it.clock.advance(5_000)
      stale!.unsubscribe()
      await it.clock.settle()
      expect(it.believed()).to.have.members(['a', 'b'])
    })

    it('sends at the end of the turn if acknowledged is read, so that it can be awaited', async () => {
      const it = await startSubscriber(LISTS)
      it.server.onAttempt = (peer) => {
        peer.accept()
        peer.onMessage = (text) => {
          const { topics } = JSON.parse(String(text)) as { topics?: string[] }
          for (const topic of topics ?? []) peer.send({ ok: topic })
        }
      }
      const seen: unknown[] = []
      it.hooks.opened = async (subscriptions) => {
        const all = ['a', 'b'].map((topic) => subscriptions.subscribe(topic))
        await Promise.all(all.map(({ acknowledged }) => acknowledged))
        seen.push(it.received())
        subscriptions.subscribe('c')
      }
      await it.start()
      expect(seen).to.deep.equal([[sub('a', 'b')]])
      expect(it.received()).to.deep.equal([sub('a', 'b'), sub('c')])
    })

    it('does not send a topic again that was rejected in the meantime', async () => {
      const it = await startSubscriber(LISTS)
      it.server.onAttempt = (peer) => {
        peer.accept()
        peer.onMessage = () => peer.send({ no: 'a' })
      }
      it.hooks.opened = async (subscriptions) => {
        expect(await rejection(subscriptions.subscribe('a').acknowledged)).to.have.property(
          'reason',
          'refused',
        )
      }
      await it.start()
      await it.clock.settle()
      expect(it.received()).to.deep.equal([sub('a')])
      expect(it.errors).to.have.length(1)
    })

    it('changes nothing if @OnOpen fails, and rejects pending promises', async () => {
      const it = await startSubscriber(LISTS)
      it.hooks.opened = (subscriptions) => void subscriptions.subscribe('a')
      const client = await it.start()
      it.server.peer.send({ ok: 'a' })
      await it.clock.settle()
      let acknowledged: Promise<void> | undefined
      it.hooks.opened = async (subscriptions) => {
        ;({ acknowledged } = subscriptions.subscribe('b'))
        await Promise.resolve()
        it.hooks.opened = (again) => void again.subscribe('a')
        throw new Error('login refused')
      }
      it.server.peer.drop()
      await it.clock.advance(10_000)
      expect(await rejection(acknowledged!)).to.include({ key: 'b', reason: 'unsubscribed' })
      expect(client.instance.subscriptions.keys()).to.deep.equal(['a'])
      expect(it.believed()).to.deep.equal(['a'])
    })

    it("rejects with the connection's error if the connection closes in the meantime", async () => {
      const it = await startSubscriber(LISTS)
      const errors: unknown[] = []
      const client = await it.start()
      it.hooks.opened = async (subscriptions) => {
        const { acknowledged } = subscriptions.subscribe('a')
        void client.close()
        errors.push(await rejection(acknowledged))
      }
      it.server.peer.drop()
      await it.clock.advance(20_000)
      await client.closed
      expect(errors[0]).to.be.instanceOf(Error)
      expect(it.clock.timers).to.equal(0)
    })
  })

  describe('#kept', () => {
    it('sends nothing that the server still has, and keeps the topics of the previous @OnOpen with those of this one', async () => {
      const it = await startSubscriber(LISTS, { route: 'chan' })
      let added: TopicSubscription | undefined
      it.hooks.opened = (subscriptions) => void subscriptions.subscribe('a')
      const { subscriptions } = (await it.start()).instance
      const own = subscriptions.subscribe('own')
      subscriptions.add('message', { add: 1 })
      await it.clock.settle()
      it.server.peer.send({ ok: 'a', id: 7 })
      await it.clock.settle()
      it.server.peer.drop()
      own.unsubscribe()
      it.hooks.opened = (resumed) => {
        resumed.kept()
        const again = resumed.subscribe('a')
        added = resumed.subscribe('b')
        return again.acknowledged
      }
      await it.clock.advance(5_000)
      expect(it.received()).to.deep.equal([sub('b'), unsub('own')])
      expect(subscriptions.keys()).to.deep.equal(['message', 'a', 'b'])
      it.server.peer.send({ chan: 7 })
      await it.clock.settle()
      expect(it.heard).to.deep.equal([['a', { chan: 7 }]])
      it.server.peer.send({ ok: 'b' })
      added!.unsubscribe()
      await it.clock.settle()
      expect(it.received().at(-1)).to.deep.equal(unsub('b'))
    })

    it('does not unsubscribe topics that @OnOpen released but others hold', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      const { subscriptions } = (await it.start()).instance
      subscriptions.subscribe('a')
      await it.clock.settle()
      it.hooks.opened = async () => {
        subscriptions.kept()
        const held = subscriptions.subscribe('a')
        await held.acknowledged
        void held.acknowledged
        held.unsubscribe()
        await Promise.resolve()
      }
      it.server.peer.drop()
      await it.clock.advance(5_000)
      expect(it.server.peers).to.have.length(2)
      expect(it.received()).to.deep.equal([])
    })

    it('applies to one link only', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      const { subscriptions } = (await it.start()).instance
      subscriptions.subscribe('a')
      await it.clock.settle()
      for (const [isKept, expected] of [
        [true, []],
        [false, [sub('a')]],
      ] as const) {
        it.hooks.opened = () => (isKept ? subscriptions.kept() : undefined)
        it.server.peer.drop()
        await it.clock.advance(10_000)
        expect(it.received()).to.deep.equal(expected)
      }
    })

    it('applies to the session whose @OnOpen called it', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      const { subscriptions } = (await it.start()).instance
      subscriptions.subscribe('a')
      await it.clock.settle()
      it.hooks.opened = () => {
        subscriptions.kept()
        it.hooks.opened = () => undefined
        throw new Error('not resumed after all')
      }
      it.server.peer.drop()
      await it.clock.advance(20_000)
      expect(it.server.peers).to.have.length(3)
      expect(it.received()).to.deep.equal([sub('a')])
    })

    it('throws outside @OnOpen', async () => {
      const { subscriptions } = await ready()
      expect(() => subscriptions.kept()).to.throw(TypeError, 'Cannot call kept() outside @OnOpen')
    })
  })

  describe('in a handover', () => {
    it('are sent on the new link, and not unsubscribed on the old one', async () => {
      const it = await startSubscriber(LISTS)
      it.hooks.opened = (subscriptions) => void subscriptions.subscribe('a')
      const client = await it.start()
      const own = client.instance.subscriptions.subscribe('own')
      await it.clock.settle()
      const [old] = it.server.peers
      for (const topic of ['a', 'own']) old!.send({ ok: topic })
      let release: (() => void) | undefined
      let isAcknowledged = false
      it.hooks.opened = async (subscriptions) => {
        void subscriptions.subscribe('b').acknowledged.then(() => (isAcknowledged = true))
        await new Promise<void>((resolve) => (release = resolve))
      }
      client.connection.reconnect({ overlap: true })
      await it.clock.settle()
      // The old link is still current and handles its own acknowledgments.
      expect(it.received()).to.deep.equal([sub('b')])
      client.instance.subscriptions.subscribe('c')
      old!.send({ ok: 'b' })
      await it.clock.settle()
      expect(isAcknowledged).to.equal(false)
      release!()
      await it.clock.settle()
      expect(it.believed(old)).to.deep.equal(['a', 'own', 'c'])
      expect(it.received(old).filter(({ op }) => op === 'unsub')).to.deep.equal([])
      expect(it.received()).to.deep.equal([sub('b'), sub('own', 'c')])
      it.server.peer.send({ ok: 'b' })
      it.server.peer.send({ ok: 'own' })
      await own.acknowledged
      expect(isAcknowledged).to.equal(true)
      old!.send({ ok: 'a' })
      await it.clock.settle()
      expect(it.messages).to.deep.equal([])
      expect(it.errors).to.deep.equal([])
      await client.close()
    })

    it('are not sent again if kept() refers to the old link, even if they were sent there later', async () => {
      const it = await startSubscriber(WITHOUT_ACK)
      const client = await it.start()
      const { subscriptions } = client.instance
      let release: (() => void) | undefined
      it.hooks.opened = async () => {
        subscriptions.kept()
        await new Promise<void>((resolve) => (release = resolve))
      }
      const [old] = it.server.peers
      client.connection.reconnect({ overlap: true })
      await it.clock.settle()
      subscriptions.subscribe('a')
      await it.clock.settle()
      expect(it.received(old)).to.deep.equal([sub('a')])
      release!()
      await it.clock.settle()
      expect(it.server.peers).to.have.length(2)
      expect(it.received()).to.deep.equal([])
      await client.close()
    })

    it('stay with the old link if the new one fails', async () => {
      const it = await startSubscriber(WITHOUT_ACK, { reconnect: { shouldReconnect: () => false } })
      it.hooks.opened = (subscriptions) => void subscriptions.subscribe('a')
      const client = await it.start()
      const [old] = it.server.peers
      it.hooks.opened = (subscriptions) => {
        subscriptions.subscribe('b')
        throw new Error('no')
      }
      client.connection.reconnect({ overlap: true })
      await it.clock.advance(1_000)
      expect(it.server.peers).to.have.length(2)
      client.instance.subscriptions.subscribe('c')
      await it.clock.settle()
      expect(it.believed(old)).to.deep.equal(['a', 'c'])
      expect(client.instance.subscriptions.keys()).to.deep.equal(['a', 'c'])
      await client.close()
    })
  })
})
