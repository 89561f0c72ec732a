import { expect } from 'chai'
import fc from 'fast-check'
import { FakeClock } from 'holdfast/testing'
import { heapInUse } from '../support/heap.js'
import { RateLimiter } from '#src/link/rate-limiter.js'
import type { RateLimitSettings } from '#src/link/rate-limiter.js'

interface Sent {
  readonly item: string
  readonly at: number
}

/** A limiter whose sends are recorded with their times. */
function rig(settings: RateLimitSettings = { messages: 3, per: 1_000, reserve: 1 }) {
  const clock = new FakeClock()
  const sent: Sent[] = []
  const limiter = new RateLimiter<string>(settings, clock, {
    send: (item) => void sent.push({ item, at: clock.now() }),
  })
  const push = (...items: string[]): void => items.forEach((item) => limiter.push(item))
  const items = (): string[] => sent.map(({ item }) => item)
  return { clock, items, limiter, push, sent }
}

describe('RateLimiter', () => {
  describe('#push', () => {
    it('immediately sends what the limit allows, and does not use the reserve', () => {
      const { items, push, clock } = rig()
      push('a', 'b')
      expect(items()).to.deep.equal(['a', 'b'])
      expect(clock.timers).to.equal(0)
      push('c')
      expect(items()).to.deep.equal(['a', 'b'])
      expect(clock.timers).to.equal(1)
    })

    it('sends the rest in order, as each window allows', async () => {
      const { clock, push, sent } = rig({ messages: 2, per: 1_000, reserve: 0 })
      push('a')
      await clock.advance(300)
      push('b', 'c', 'd', 'e')
      await clock.advance(5_000)
      expect(sent).to.deep.equal([
        { item: 'a', at: 0 },
        { item: 'b', at: 300 },
        { item: 'c', at: 1_000 },
        { item: 'd', at: 1_300 },
        { item: 'e', at: 2_000 },
      ])
    })

    it('does not go ahead of waiting items, even if the limit would allow it', async () => {
      const { clock, items, limiter, push } = rig({ messages: 1, per: 1_000, reserve: 0 })
      clock.setTimeout(() => limiter.push('c'), 1_000)
      push('a', 'b')
      await clock.advance(2_000)
      expect(items()).to.deep.equal(['a', 'b', 'c'])
    })

    it('sends everything that is due if its timer fires late', async () => {
      const { clock, items, push } = rig({ messages: 2, per: 1_000, reserve: 0 })
      push('a', 'b', 'c', 'd', 'e')
      await clock.jump(10_000)
      expect(items()).to.deep.equal(['a', 'b', 'c', 'd'])
    })

    it('waits whole milliseconds even if the clock returns fractions', async () => {
      const delays: number[] = []
      const clock = new FakeClock()
      const limiter = new RateLimiter<string>(
        { messages: 1, per: 1_000, reserve: 0 },
        {
          now: () => clock.now() + 0.3,
          date: () => clock.date(),
          nextTurn: (callback) => clock.nextTurn(callback),
          setTimeout(callback, delay) {
            delays.push(delay)
            return clock.setTimeout(callback, delay)
          },
        },
        { send: () => undefined },
      )
      limiter.push('a')
      await clock.advance(0.5)
      limiter.push('b')
      expect(delays).to.deep.equal([1_000])
    })
  })

  describe('#pushUrgent', () => {
    it('uses the reserve', () => {
      const { items, limiter, push } = rig()
      push('a', 'b', 'c')
      limiter.pushUrgent('beat')
      expect(items()).to.deep.equal(['a', 'b', 'beat'])
    })

    it('waits if the whole limit is used, and then goes ahead of other items', async () => {
      const { clock, limiter, push, sent } = rig()
      push('a', 'b', 'c')
      limiter.pushUrgent('beat 1')
      limiter.pushUrgent('beat 2')
      limiter.pushUrgent('beat 3')
      await clock.advance(1_000)
      expect(sent.slice(3)).to.deep.equal([
        { item: 'beat 2', at: 1_000 },
        { item: 'beat 3', at: 1_000 },
        { item: 'c', at: 1_000 },
      ])
    })

    it('does not go ahead of other urgent items, even if the limit would allow it', async () => {
      const { clock, items, limiter } = rig({ messages: 1, per: 1_000 })
      clock.setTimeout(() => limiter.pushUrgent('beat 3'), 1_000)
      limiter.pushUrgent('beat 1')
      limiter.pushUrgent('beat 2')
      await clock.advance(2_000)
      expect(items()).to.deep.equal(['beat 1', 'beat 2', 'beat 3'])
    })

    it('does not wait for ordinary items to be due', async () => {
      const { clock, limiter, push, sent } = rig({ messages: 4, per: 1_000, reserve: 3 })
      limiter.pushUrgent('beat 1')
      limiter.pushUrgent('beat 2')
      limiter.pushUrgent('beat 3')
      await clock.advance(500)
      push('a', 'b')
      limiter.pushUrgent('beat 4')
      expect(sent).to.have.lengthOf(4)
      await clock.advance(500)
      expect(sent.slice(4)).to.deep.equal([{ item: 'beat 4', at: 1_000 }])
      await clock.advance(500)
      expect(sent.slice(5)).to.deep.equal([{ item: 'b', at: 1_500 }])
    })

    it('takes nothing from ordinary items within its reserve', () => {
      const { items, limiter, push } = rig()
      limiter.pushUrgent('beat')
      push('a', 'b')
      expect(items()).to.deep.equal(['beat', 'a', 'b'])
    })

    it('has a reserve of 1 by default, and none if only one message is allowed', () => {
      const two = rig({ messages: 2, per: 1_000 })
      two.push('a', 'b')
      expect(two.items()).to.deep.equal(['a'])
      const one = rig({ messages: 1, per: 1_000 })
      one.push('a')
      expect(one.items()).to.deep.equal(['a'])
    })
  })

  describe('#remove', () => {
    it('returns waiting items in sending order, and leaves no timer running', async () => {
      const { clock, items, limiter, push } = rig()
      push('a', 'b', 'c', 'd')
      limiter.pushUrgent('beat 1')
      limiter.pushUrgent('beat 2')
      expect(clock.timers).to.equal(1)
      expect(limiter.remove(() => true)).to.deep.equal(['beat 2', 'c', 'd'])
      expect(clock.timers).to.equal(0)
      await clock.advance(10_000)
      expect(items()).to.deep.equal(['a', 'b', 'beat 1'])
    })

    it('keeps the order of the others, and their urgency', async () => {
      const { clock, limiter, push, sent } = rig({ messages: 2, per: 1_000, reserve: 1 })
      push('a', 'x1', 'b', 'x2', 'c')
      for (const item of ['beat 1', 'x beat', 'beat 2']) limiter.pushUrgent(item)
      expect(limiter.remove((item) => item.startsWith('x'))).to.deep.equal(['x beat', 'x1', 'x2'])
      await clock.advance(3_000)
      expect(sent.slice(2)).to.deep.equal([
        { item: 'beat 2', at: 1_000 },
        { item: 'b', at: 1_000 },
        { item: 'c', at: 2_000 },
      ])
      expect(clock.timers).to.equal(0)
    })

    it('sends the remaining items when they are due, even if the removed ones would have been first', async () => {
      const { clock, limiter, push, sent } = rig({ messages: 4, per: 1_000, reserve: 3 })
      for (const item of ['beat 1', 'beat 2', 'beat 3']) limiter.pushUrgent(item)
      await clock.advance(500)
      push('a', 'b')
      limiter.pushUrgent('x beat')
      limiter.remove((item) => item.startsWith('x'))
      await clock.advance(2_000)
      expect(sent.at(-1)).to.deep.equal({ item: 'b', at: 1_500 })
    })

    it('remembers past sends, because a new connection has no new limit', () => {
      const { items, limiter, push } = rig()
      push('a', 'b')
      limiter.remove(() => true)
      push('c')
      expect(items()).to.deep.equal(['a', 'b'])
    })
  })

  it('keeps to the limit in a window with very many sends, although it does not remember all their times', async () => {
    const { clock, push, sent } = rig({ messages: 10_000, per: 60_000, reserve: 0 })
    const times = (): number[] => sent.map(({ at }) => at)
    push(...Array.from({ length: 5_000 }, () => 'a'))
    await clock.advance(30_000)
    push(...Array.from({ length: 5_000 }, () => 'b'))
    expect(sent).to.have.lengthOf(10_000)
    push(...Array.from({ length: 6_000 }, () => 'c'))
    await clock.advance(29_999)
    expect(sent).to.have.lengthOf(10_000)
    await clock.advance(60)
    expect(sent).to.have.lengthOf(15_000)
    await clock.advance(30_000)
    expect(sent).to.have.lengthOf(16_000)
    for (let index = 10_000; index < 16_000; index += 1)
      expect((times()[index] as number) - (times()[index - 10_000] as number)).to.be.at.least(60_000)
  })

  it('treats sends at about the same time as if all were made at the latest time', async () => {
    const { clock, push, sent } = rig({ messages: 10_000, per: 60_000, reserve: 0 })
    push(...Array.from({ length: 5_000 }, () => 'a'))
    await clock.advance(50)
    push(...Array.from({ length: 5_001 }, () => 'b'))
    await clock.advance(59_999)
    expect(sent).to.have.lengthOf(10_000)
    await clock.advance(1)
    expect(sent).to.have.lengthOf(10_001)
  })

  it('remembers no more times for a higher limit', () => {
    const noted = { now: 0, sent: 0 }
    const clock = Object.assign(new FakeClock(), { now: () => (noted.now += 0.1) })
    const send = (): void => void (noted.sent += 1)
    const limiter = new RateLimiter<string>({ messages: 1_000_000, per: 60_000 }, clock, { send })
    const before = heapInUse()
    for (let count = 0; count < 200_000; count += 1) limiter.push('a')
    expect(noted.sent).to.equal(200_000)
    expect(heapInUse() - before).to.be.below(2 ** 20)
    limiter.remove(() => true)
  })

  it('leaves no timer running once nothing waits', async () => {
    const { clock, items, push } = rig()
    push('a', 'b', 'c')
    expect(clock.timers).to.equal(1)
    await clock.advance(1_000)
    expect(items()).to.deep.equal(['a', 'b', 'c'])
    expect(clock.timers).to.equal(0)
  })

  it('continues after a send that throws', async () => {
    const clock = new FakeClock()
    const tried: string[] = []
    const limiter = new RateLimiter<string>({ messages: 1, per: 1_000, reserve: 0 }, clock, {
      send(item) {
        tried.push(item)
        if (item === 'b') throw new Error('oops')
      },
    })
    for (const item of ['a', 'b', 'c']) limiter.push(item)
    const thrown = await clock.advance(1_000).catch((error: unknown) => error)
    expect(thrown).to.have.property('message', 'oops')
    await clock.advance(1_000)
    expect(tried).to.deep.equal(['a', 'b', 'c'])
  })

  it('keeps to the limit if a send causes more sends', () => {
    const sent: number[] = []
    const limiter = new RateLimiter<number>({ messages: 3, per: 1_000, reserve: 0 }, new FakeClock(), {
      send(item) {
        sent.push(item)
        limiter.push(item + 1)
      },
    })
    limiter.push(0)
    expect(sent).to.deep.equal([0, 1, 2])
    expect(limiter.remove(() => true)).to.deep.equal([3])
  })

  it('never exceeds the limit in any window, and keeps the reserve, the order, and every item', async () => {
    const step = fc.record({
      do: fc.constantFrom(
        'push' as const,
        'push' as const,
        'pushUrgent' as const,
        'advance' as const,
        'jump' as const,
      ),
      by: fc.nat(400),
    })
    const settings = fc.integer({ min: 1, max: 6 }).chain((messages) =>
      fc.record({
        messages: fc.constant(messages),
        per: fc.integer({ min: 1, max: 1_000 }),
        reserve: fc.nat(messages - 1),
      }),
    )
    await fc.assert(
      fc.asyncProperty(settings, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
        const { clock, limiter, sent } = rig(limits)
        const given: Record<'push' | 'pushUrgent', string[]> = { push: [], pushUrgent: [] }
        for (const [index, { do: what, by }] of steps.entries()) {
          if (what === 'advance' || what === 'jump') await clock[what](by)
          else {
            const item = `${what} ${index}`
            given[what].push(item)
            limiter[what](item)
          }
        }
        await clock.advance(limits.per * (steps.length + 1))
        expect(clock.timers).to.equal(0)
        const { messages, per, reserve } = limits
        expectRate(sent, messages, per)
        const ordinary = sent.filter(({ item }) => item.startsWith('push '))
        expectRate(ordinary, messages - reserve, per)
        expect(ordinary.map(({ item }) => item)).to.deep.equal(given.push)
        const urgent = sent.filter(({ item }) => item.startsWith('pushUrgent'))
        expect(urgent.map(({ item }) => item)).to.deep.equal(given.pushUrgent)
      }),
    )
  })
})

/** Expects a whole window between each send and the one `messages` later. */
function expectRate(sent: readonly Sent[], messages: number, per: number): void {
  for (const [index, { at }] of sent.entries()) {
    const later = sent[index + messages]
    if (later) expect(later.at - at).to.be.at.least(per)
  }
}
