import { expect } from 'chai'
import fc from 'fast-check'
import type { SubscriptionError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { fillInSubscriptions } from '#src/subscriptions/subscribe-options.js'
import type { SubscriptionAck, SubscriptionsSettings } from '#src/subscriptions/subscribe-options.js'
import { TopicSubscriptions } from '#src/subscriptions/topic-subscriptions.js'
import type { TopicSubscription } from '#src/subscriptions/topic-subscriptions.js'

/** One link, and the state of its server. */
interface Session {
  isCaller: boolean
  isOpen: boolean
  /** The topics that the server sends. */
  readonly subscribed: Set<string>
  /** Unacknowledged topics. */
  readonly unacknowledged: string[]
}

interface Sent {
  readonly sub?: readonly string[]
  readonly unsub?: readonly string[]
}

/** The holder of a handle: a single call, the last `@OnOpen`, a running one, or one that was replaced. */
type Group = 'own' | 'open' | 'gone' | Session

interface Handle {
  readonly topic: string
  readonly subscription: TopicSubscription
  group: Group
  hasLeft: boolean
}

/** Topics on links with known server states, and the expected holders. */
class World {
  readonly clock = new FakeClock()
  readonly errors: unknown[] = []
  readonly handles: Handle[] = []
  readonly topics: TopicSubscriptions<Session>
  #last: Session | undefined
  #opening: Session | undefined
  #isKept = false
  #caller: Session | undefined

  constructor(batch: SubscriptionsSettings['batch'], hasIds: boolean) {
    const settings = fillInSubscriptions({
      subscribe: (topics) => ({ sub: topics }),
      unsubscribe: (topics) => ({ unsub: topics }),
      ack: ({ ok }: { ok: string }) => ({ topics: [ok], id: hasIds ? `id of ${ok}` : undefined }),
      batch,
    })!
    const callersSession = (): Session | undefined => this.#caller
    this.topics = new TopicSubscriptions<Session>(
      settings,
      {
        get callersSession() {
          return callersSession()
        },
        canSend: ({ isOpen }) => isOpen,
        sendOn: (session, message, left) => {
          this.#receive(session, message as Sent)
          left()
        },
        report: (error) => this.errors.push(error),
        onAckError: (thrown) => this.errors.push(thrown),
      },
      this.clock,
    )
  }

  /** The server reports an error if it receives a topic twice, or an unsubscribe for a topic that it does not have. */
  #receive({ isOpen, subscribed, unacknowledged }: Session, { sub = [], unsub = [] }: Sent): void {
    if (!isOpen) this.errors.push('sent on a lost link')
    for (const topic of sub) {
      if (subscribed.has(topic)) this.errors.push(`${topic} twice`)
      subscribed.add(topic)
      unacknowledged.push(topic)
    }
    for (const topic of unsub) if (!subscribed.delete(topic)) this.errors.push(`${topic} for nothing`)
  }

  subscribe(topic: string): void {
    this.#hold(topic, 'own')
  }

  #hold(topic: string, group: Group): Handle {
    const handle = { topic, subscription: this.topics.subscribe(topic), group, hasLeft: false }
    this.handles.push(handle)
    return handle
  }

  leave(index: number): void {
    const handle = this.handles[index % this.handles.length]
    handle?.subscription.unsubscribe()
    if (handle) handle.hasLeft = true
  }

  /** Opens a link whose `@OnOpen` subscribes to topics. */
  open(topics: readonly string[], reads: boolean, keeps: boolean): void {
    if (this.#opening) return
    this.#isKept = keeps && this.#last?.isOpen !== true
    const subscribed = new Set(this.#isKept ? this.#last?.subscribed : [])
    const session: Session = { isCaller: true, isOpen: true, subscribed, unacknowledged: [] }
    this.#opening = session
    this.#caller = session
    if (this.#isKept) this.topics.keep(session)
    for (const topic of topics) {
      const { subscription } = this.#hold(topic, session)
      if (reads) void subscription.acknowledged.catch(() => undefined)
    }
    this.#caller = undefined
    session.isCaller = false
  }

  /** Ends the `@OnOpen`. */
  settle(isGood: boolean): void {
    const session = this.#opening
    if (!session) return
    this.#opening = undefined
    if (!isGood) {
      session.isOpen = false
      this.#regroup(session, 'gone')
      this.topics.onLost(session)
      return
    }
    if (!this.#isKept) this.#regroup('open', 'gone')
    this.#regroup(session, 'open')
    if (this.#last) this.#last.isOpen = false
    this.#last = session
    this.topics.onReady(session, this.#isKept)
  }

  #regroup(from: Group, to: Group): void {
    for (const handle of this.handles) if (handle.group === from) handle.group = to
  }

  lose(): void {
    if (!this.#last?.isOpen) return
    this.#last.isOpen = false
    this.topics.onLost(this.#last)
  }

  /** Lets the servers acknowledge all topics. */
  acknowledge(): void {
    for (const session of [this.#last, this.#opening]) {
      for (const ok of session?.unacknowledged.splice(0) ?? [])
        if (session?.isOpen) this.topics.intercept({ ok }, session)
    }
  }

  get held(): string[] {
    return [...new Set(this.#holding().map(({ topic }) => topic))].sort()
  }

  #holding(): Handle[] {
    return this.handles.filter(({ group, hasLeft }) => !hasLeft && (group === 'own' || group === 'open'))
  }

  /** Topics that are held and not acknowledged. */
  async unacknowledged(): Promise<string[]> {
    const waiting = new Set<string>()
    const all = this.#holding().map(async ({ topic, subscription }) => {
      waiting.add(topic)
      await subscription.acknowledged
      waiting.delete(topic)
    })
    await Promise.race([Promise.all(all), this.clock.settle()])
    return [...waiting]
  }

  get believed(): string[] {
    return [...(this.#last?.subscribed ?? [])].sort()
  }

  get isServing(): boolean {
    return this.#last?.isOpen === true
  }
}

describe('TopicSubscriptions', () => {
  it('keep the server subscribed to exactly the held topics once it is quiet, in any order of events', async () => {
    const topic = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const topics = fc.array(topic, { maxLength: 4 })
    const step = fc.oneof(
      topic.map((each) => (world: World) => world.subscribe(each)),
      fc.nat().map((index) => (world: World) => world.leave(index)),
      fc.tuple(topics, fc.boolean(), fc.boolean()).map((args) => (world: World) => world.open(...args)),
      fc.boolean().map((isGood) => (world: World) => world.settle(isGood)),
      fc.constant((world: World) => world.lose()),
      fc.constant((world: World) => world.acknowledge()),
      fc.constant((world: World) => world.clock.settle()),
      fc.constant((world: World) => world.clock.advance(20)),
    )
    const batch = fc.record({ size: fc.constantFrom(1, 2, Infinity), delay: fc.constantFrom(0, 20) })
    await fc.assert(
      fc.asyncProperty(
        batch,
        fc.boolean(),
        fc.array(step, { maxLength: 60, size: 'max' }),
        async (settings, hasIds, steps) => {
          const world = new World(settings, hasIds)
          for (const act of steps) await act(world)
          world.settle(true)
          if (!world.isServing) world.open([], false, false)
          world.settle(true)
          for (let round = 0; round < 3; round += 1) {
            await world.clock.advance(20)
            world.acknowledge()
          }
          await world.clock.settle()
          expect(world.errors).to.deep.equal([])
          expect(world.believed).to.deep.equal(world.held)
          expect([...world.topics.topics.keys()].sort()).to.deep.equal(world.held)
          expect([world.clock.timers, world.topics.pendingAcks]).to.deep.equal([0, 0])
          expect(await world.unacknowledged()).to.deep.equal([])
        },
      ),
      { numRuns: 300 },
    )
  })

  it('settle each `acknowledged` that an `@OnOpen` reads in time, however many topics it requests', async () => {
    const world = new World({ size: Infinity, delay: 0 }, false)
    const topics = Array.from({ length: 20_000 }, (_, index) => `topic ${index}`)
    world.open(topics, true, false)
    await world.clock.settle()
    world.acknowledge()
    world.settle(true)
    expect(await world.unacknowledged()).to.deep.equal([])
    expect(world.believed).to.deep.equal(world.held)
    expect(world.errors).to.deep.equal([])
  })

  describe('with IDs that `unsubscribe` needs', () => {
    it('unsubscribe a topic if its acknowledgment arrives after the timeout', async () => {
      for (const leavesLate of [false, true]) {
        const { clock, receive, sent, topics } = idRig()
        const { unsubscribe } = topics.subscribe('a')
        await clock.settle()
        if (!leavesLate) unsubscribe()
        await clock.advance(10_000)
        if (leavesLate) unsubscribe()
        await clock.settle()
        expect(sent).to.deep.equal([{ sub: ['a'] }])
        receive({ topics: ['a'], id: 9 })
        await clock.settle()
        expect(sent.slice(1)).to.deep.equal([{ unsub: [9] }])
        expect(topics.keyOf(9)).to.equal(undefined)
      }
    })

    it('send a topic again if its acknowledgment is late, and use that acknowledgment for the new subscription', async () => {
      const { clock, receive, sent, topics } = idRig()
      topics.subscribe('a').unsubscribe()
      const first = topics.subscribe('a')
      await clock.advance(10_000)
      first.unsubscribe()
      await clock.settle()
      const second = topics.subscribe('a')
      await clock.settle()
      expect(sent).to.deep.equal([{ sub: ['a'] }, { sub: ['a'] }])
      receive({ topics: ['a'], id: 9 })
      await second.acknowledged
      second.unsubscribe()
      await clock.settle()
      expect(sent.slice(2)).to.deep.equal([{ unsub: [9] }])
    })

    it('drop a topic that the server rejects late', async () => {
      const { clock, errors, receive, sent, topics } = idRig()
      const { unsubscribe } = topics.subscribe('a')
      await clock.settle()
      unsubscribe()
      await clock.advance(10_000)
      receive({ topics: ['a'], error: 'no' })
      receive({ topics: ['a'], id: 9 })
      await clock.settle()
      expect([sent.length, errors, topics.keyOf(9)]).to.deep.equal([1, [], undefined])
    })

    it('recognize 1,000 late acknowledgments, the newest ones', async () => {
      const { clock, receive, sent, topics } = idRig()
      const names = Array.from({ length: 1_001 }, (_, index) => `topic ${index}`)
      const all = names.map((name) => topics.subscribe(name))
      await clock.advance(10_000)
      for (const { unsubscribe } of all) unsubscribe()
      await clock.settle()
      names.forEach((name, id) => receive({ topics: [name], id }))
      await clock.settle()
      expect(sent.slice(1)).to.deep.equal([{ unsub: names.map((_, id) => id).slice(1) }])
    })
  })

  it('report an error of a batch once, and reject each `acknowledged` with its own error', async () => {
    const { clock, errors, receive, topics } = idRig()
    const rejections = (names: readonly string[]) =>
      names.map(async (name) => topics.subscribe(name).acknowledged.catch((error: unknown) => error))
    const late = rejections(['a', 'b', 'c', 'd', 'e'])
    await clock.advance(10_000)
    expect((await Promise.all(late)).map((error) => (error as SubscriptionError).keys)).to.deep.equal(
      ['a', 'b', 'c', 'd', 'e'].map((key) => [key]),
    )
    const refused = rejections(['f', 'g'])
    await clock.settle()
    receive({ topics: ['f', 'g', 'g', 'unknown'], error: 'no' })
    expect((await Promise.all(refused)).map((error) => (error as SubscriptionError).key)).to.deep.equal([
      'f',
      'g',
    ])
    const [alone] = rejections(['h'])
    await clock.advance(10_000)
    expect(errors.map(({ message }) => message)).to.deep.equal([
      'Subscriptions "a", "b", "c" and 2 more were not acknowledged within 10000 ms (ackTimeout)',
      'Server rejected subscriptions "f", "g": no',
      'Subscription "h" was not acknowledged within 10000 ms (ackTimeout)',
    ])
    expect(errors[0]).to.deep.include({ key: 'a', keys: ['a', 'b', 'c', 'd', 'e'], reason: 'timeout' })
    expect(errors[2]).to.equal(await alone)
  })
})

/** Topics on one link, whose server assigns IDs that unsubscribing requires. */
function idRig() {
  const clock = new FakeClock()
  const session = { isCaller: false }
  const sent: unknown[] = []
  const errors: Error[] = []
  const settings = fillInSubscriptions({
    subscribe: (topics) => ({ sub: topics }),
    unsubscribe: (_topics, ids) => (ids.includes(undefined) ? undefined : { unsub: ids }),
    ack: (message) => message as SubscriptionAck,
  })!
  const topics = new TopicSubscriptions<{ isCaller: boolean }>(
    settings,
    {
      callersSession: session,
      canSend: () => true,
      sendOn: (_session, message, left) => {
        sent.push(message)
        left()
      },
      report: (error) => errors.push(error),
      onAckError: (thrown) => errors.push(thrown as Error),
    },
    clock,
  )
  topics.onReady(session, false)
  return { clock, errors, receive: (ack: SubscriptionAck) => topics.intercept(ack, session), sent, topics }
}
