import { expect } from 'chai'
import fc from 'fast-check'
import { ConnectionLostError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { ReadDemand } from '#src/link/read-flow.js'
import { MessageStreams } from '#src/messages/message-stream.js'
import type { MessageIterator } from '#src/messages/message-stream.js'
import { heapInUse } from '../support/heap.js'
import { rejection } from '../support/rejection.js'

/** Streams that record every change of the backlog, as whether any of them is behind. */
function rig() {
  const clock = new FakeClock()
  const demand = new ReadDemand()
  const changes: boolean[] = []
  const warnings: string[] = []
  const streams = new MessageStreams(clock, {
    onBacklog: (before, after) => {
      demand.onBacklog(before, after)
      changes.push(demand.isBehind)
    },
    warn: (warning) => void warnings.push(warning),
  })
  const push = (count: number, from = 0): void => {
    for (let index = 0; index < count; index += 1) streams.push(from + index)
  }
  return { changes, clock, demand, push, streams, warnings }
}

const message = (value: unknown) => ({ done: false, value })
const DONE = { done: true, value: undefined }

async function collect(iterator: MessageIterator): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of iterator) values.push(value)
  return values
}

async function take(iterator: MessageIterator, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await iterator.next()
}

/** A signal that counts its listeners. */
function watchedSignal() {
  const controller = new AbortController()
  const { signal } = controller
  const watched = { controller, signal, listeners: 0 }
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    watched.listeners += 1
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    watched.listeners -= 1
    removeEventListener.apply(signal, args)
  }
  return watched
}

const lost = new ConnectionLostError('It was lost', 1006, '')

describe('MessageStreams', () => {
  describe('#open', () => {
    it('receives messages from the call on, whenever the first one is read', async () => {
      const { push, streams } = rig()
      push(1)
      const iterator = streams.open()
      push(2, 1)
      streams.end()
      expect(await collect(iterator)).to.deep.equal([1, 2])
    })

    it('passes every message to each iteration', async () => {
      const { push, streams } = rig()
      const first = streams.open()
      push(1)
      const second = streams.open()
      push(1, 1)
      streams.end()
      expect([await collect(first), await collect(second)]).to.deep.equal([[0, 1], [1]])
    })

    it('releases an iteration that has ended, so that it can no longer be full', async () => {
      const { changes, push, streams } = rig()
      const first = streams.open({ highWaterMark: 1 })
      streams.open({ highWaterMark: 10 })
      await first.return()
      push(5)
      expect(changes).to.deep.equal([])
      streams.end()
      push(20)
      expect(changes).to.deep.equal([])
    })

    it('rejects a mark that is not a positive integer', () => {
      const { streams } = rig()
      for (const highWaterMark of [0, -1, 1.5, NaN, Infinity, '8' as unknown as number]) {
        expect(() => streams.open({ highWaterMark })).to.throw(TypeError, `received ${highWaterMark}`)
      }
    })

    it('returns an ended iteration if the connection is closed', async () => {
      const { streams } = rig()
      streams.end()
      expect(await collect(streams.open())).to.deep.equal([])
    })

    it('returns an iteration that throws if the connection has failed permanently', async () => {
      const { streams } = rig()
      streams.fail(lost)
      expect(await rejection(streams.open().next())).to.equal(lost)
    })
  })

  describe('#next', () => {
    it('serves concurrent calls in order', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      const three = [iterator.next(), iterator.next(), iterator.next()]
      push(4)
      expect(await Promise.all(three)).to.deep.equal([message(0), message(1), message(2)])
      expect(await iterator.next()).to.deep.equal(message(3))
    })

    it('returns promise-like and nullish messages unchanged', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      const thenable = { then: () => expect.fail('it was taken for a promise') }
      for (const each of [thenable, undefined, null, false]) streams.push(each)
      const values = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
      const results = await Promise.all(values)
      expect(results.map(({ value }) => value)).to.deep.equal([thenable, undefined, null, false])
      expect(results.every(({ done }) => !done)).to.equal(true)
    })

    it('keeps the message in the promise of a call that lost a race (B31)', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      const pending = iterator.next()
      expect(await Promise.race([pending, Promise.resolve('too slow')])).to.equal('too slow')
      push(2)
      expect(await pending).to.deep.equal(message(0))
      expect(await iterator.next()).to.deep.equal(message(1))
    })

    it('cancels one next() call when its signal aborts, and passes the message to the next call (B31)', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      const { controller, signal } = watchedSignal()
      const pending = iterator.next({ signal })
      const following = iterator.next()
      controller.abort(new Error('enough'))
      push(1)
      expect(await rejection(pending)).to.have.property('message', 'enough')
      expect(await following).to.deep.equal(message(0))
    })

    it("consumes nothing if the call's signal has already aborted", async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      push(1)
      const pending = iterator.next({ signal: AbortSignal.abort(new Error('enough')) })
      expect(await rejection(pending)).to.have.property('message', 'enough')
      expect(await iterator.next()).to.deep.equal(message(0))
    })

    it('keeps a message that it received even if its signal aborts in the same tick', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      const controller = new AbortController()
      const pending = iterator.next({ signal: controller.signal })
      push(1)
      controller.abort()
      expect(await pending).to.deep.equal(message(0))
    })

    it("leaves no listener on the call's signal, however the call ends", async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      const watched = watchedSignal()
      const first = iterator.next(watched)
      expect(watched.listeners).to.equal(1)
      push(1)
      expect(watched.listeners).to.equal(0)
      await first
      void iterator.next(watched)
      streams.fail(lost)
      expect(watched.listeners).to.equal(0)
    })

    it('does not have to be awaited: it never causes an unhandled rejection (B34)', () => {
      const { streams } = rig()
      const iterator = streams.open()
      void iterator.next()
      streams.fail(lost)
      void iterator.next()
    })

    it('returns all messages in order, whenever a call is aborted, raced or not awaited (B31)', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('push' as const), count: fc.integer({ min: 1, max: 9 }) }),
        fc.record({ do: fc.constantFrom('next' as const, 'abortable' as const), count: fc.constant(1) }),
        fc.record({ do: fc.constant('abort' as const), count: fc.nat(9) }),
        fc.record({ do: fc.constant('turn' as const), count: fc.constant(1) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const { push, streams } = rig()
          const iterator = streams.open({ highWaterMark: 4 })
          const calls: Promise<IteratorResult<unknown>>[] = []
          const controllers: AbortController[] = []
          let sent = 0
          for (const { do: what, count } of steps) {
            if (what === 'push') {
              push(count, sent)
              sent += count
            } else if (what === 'next') calls.push(iterator.next())
            else if (what === 'abortable') {
              const controller = new AbortController()
              controllers.push(controller)
              calls.push(iterator.next({ signal: controller.signal }))
            } else if (what === 'abort') controllers[count]?.abort(new Error('aborted'))
            else await Promise.resolve()
          }
          streams.end()
          const settled = await Promise.allSettled(calls)
          const received = settled.flatMap((call) =>
            call.status === 'fulfilled' && !call.value.done ? [call.value.value] : [],
          )
          received.push(...(await collect(iterator)))
          expect(received).to.deep.equal(Array.from({ length: sent }, (_, index) => index))
        }),
      )
    })
  })

  describe('#return', () => {
    it('ends the iteration immediately, and drops buffered messages', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      push(3)
      expect(await iterator.return()).to.deep.equal(DONE)
      push(1)
      expect(await iterator.next()).to.deep.equal(DONE)
    })

    it('ends the pending calls', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      const both = [iterator.next(), iterator.next()]
      await iterator.return()
      expect(await Promise.all(both)).to.deep.equal([DONE, DONE])
    })

    it('is called when a loop is left', async () => {
      const { changes, push, streams } = rig()
      push(1)
      const iterator = streams.open()
      push(3)
      for await (const value of iterator) {
        expect(value).to.equal(0)
        break
      }
      push(5_000)
      expect(changes).to.deep.equal([])
    })

    it('makes a full socket readable again, and leaves no listener on the signal', async () => {
      const { changes, push, streams } = rig()
      const watched = watchedSignal()
      const iterator = streams.open({ highWaterMark: 2, signal: watched.signal })
      push(3)
      await iterator.return()
      expect(changes).to.deep.equal([true, false])
      expect(watched.listeners).to.equal(0)
      watched.controller.abort()
      expect(await iterator.next()).to.deep.equal(DONE)
    })
  })

  describe('signal', () => {
    it('ends the iteration: pending and later calls reject with its reason', async () => {
      const { changes, push, streams } = rig()
      const watched = watchedSignal()
      const iterator = streams.open(watched)
      const both = [iterator.next(), iterator.next()]
      const reason = new Error('no longer wanted')
      watched.controller.abort(reason)
      push(1)
      expect(await Promise.all(both.map(rejection))).to.deep.equal([reason, reason])
      expect(await rejection(iterator.next())).to.equal(reason)
      expect(watched.listeners).to.equal(0)
      push(5_000)
      expect(changes).to.deep.equal([])
    })

    it('drops buffered messages with the iteration, and makes a full socket readable again', async () => {
      const { changes, push, streams } = rig()
      const controller = new AbortController()
      const iterator = streams.open({ signal: controller.signal, highWaterMark: 2 })
      push(3)
      controller.abort(new Error('enough'))
      expect(changes).to.deep.equal([true, false])
      expect(await rejection(iterator.next())).to.have.property('message', 'enough')
    })

    it('does not revoke a message that a call has received', async () => {
      const { push, streams } = rig()
      const controller = new AbortController()
      const iterator = streams.open({ signal: controller.signal })
      const pending = iterator.next()
      push(1)
      controller.abort()
      expect(await pending).to.deep.equal(message(0))
    })

    it('ends neither other iterations nor the connection', async () => {
      const { push, streams } = rig()
      const controller = new AbortController()
      streams.open({ signal: controller.signal })
      const other = streams.open()
      controller.abort()
      push(1)
      expect(await other.next()).to.deep.equal(message(0))
    })

    it('starts nothing if it has already aborted', async () => {
      const { push, streams } = rig()
      const iterator = streams.open({ signal: AbortSignal.abort(new Error('before')) })
      push(1)
      expect(await rejection(iterator.next())).to.have.property('message', 'before')
    })

    it('wraps a reason that is not an Error', async () => {
      const { streams } = rig()
      const iterator = streams.open({ signal: AbortSignal.abort('just text') })
      expect(await rejection(iterator.next()))
        .to.be.instanceOf(Error)
        .with.property('cause', 'just text')
    })

    it('still applies after the end while a message is buffered, without a listener', async () => {
      const { push, streams } = rig()
      const watched = watchedSignal()
      const iterator = streams.open(watched)
      push(2)
      streams.end()
      expect(watched.listeners).to.equal(0)
      expect(await iterator.next()).to.deep.equal(message(0))
      watched.controller.abort(new Error('enough'))
      expect(await rejection(iterator.next())).to.have.property('message', 'enough')
    })

    it('changes nothing once all messages have been read', async () => {
      const { push, streams } = rig()
      const controller = new AbortController()
      const iterator = streams.open({ signal: controller.signal })
      push(1)
      streams.end()
      expect(await collect(iterator)).to.deep.equal([0])
      controller.abort()
      expect(await iterator.next()).to.deep.equal(DONE)
    })
  })

  describe('#end', () => {
    it('ends iterations after their buffered messages', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      push(2)
      streams.end()
      push(1, 2)
      expect(await collect(iterator)).to.deep.equal([0, 1])
      expect(await iterator.next()).to.deep.equal(DONE)
    })

    it('ends the pending calls', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      const both = [iterator.next(), iterator.next()]
      streams.end()
      expect(await Promise.all(both)).to.deep.equal([DONE, DONE])
    })

    it('leaves no backlog', () => {
      const { changes, push, streams } = rig()
      streams.open({ highWaterMark: 2 })
      push(3)
      streams.end()
      expect(changes).to.deep.equal([true, false])
    })
  })

  describe('#fail', () => {
    it('makes iterations throw after their buffered messages, on every later call', async () => {
      const { push, streams } = rig()
      const iterator = streams.open()
      push(1)
      streams.fail(lost)
      expect(await iterator.next()).to.deep.equal(message(0))
      expect(await rejection(iterator.next())).to.equal(lost)
      expect(await rejection(iterator.next())).to.equal(lost)
    })

    it('makes the pending calls throw', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      const both = [iterator.next(), iterator.next()]
      streams.fail(lost)
      expect(await Promise.all(both.map(rejection))).to.deep.equal([lost, lost])
    })

    it('changes nothing after an end', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      streams.end()
      streams.fail(lost)
      expect(await iterator.next()).to.deep.equal(DONE)
      expect(await streams.open().next()).to.deep.equal(DONE)
    })
  })

  describe('marks', () => {
    it('is full above highWaterMark until only a quarter is left (hysteresis)', async () => {
      const { changes, demand, push, streams } = rig()
      const iterator = streams.open({ highWaterMark: 8 })
      push(8)
      expect(demand.isBehind).to.equal(false)
      push(1)
      expect(demand.isBehind).to.equal(true)
      await take(iterator, 6)
      expect(demand.isBehind).to.equal(true)
      await take(iterator, 1)
      expect(demand.isBehind).to.equal(false)
      push(6)
      expect(demand.isBehind).to.equal(false)
      expect(changes).to.deep.equal([true, false])
    })

    it('is full above 1,024 messages by default', () => {
      const { demand, push, streams } = rig()
      streams.open({ highWaterMark: undefined })
      push(1_024)
      expect(demand.isBehind).to.equal(false)
      push(1)
      expect(demand.isBehind).to.equal(true)
    })

    it('is full while at least one stream is full', async () => {
      const { demand, push, streams } = rig()
      const small = streams.open({ highWaterMark: 1 })
      const large = streams.open({ highWaterMark: 4 })
      push(5)
      await small.return()
      expect(demand.isBehind).to.equal(true)
      await take(large, 4)
      expect(demand.isBehind).to.equal(false)
    })

    it('does not count messages that a pending call receives directly', () => {
      const { changes, push, streams } = rig()
      const iterator = streams.open({ highWaterMark: 1 })
      for (let index = 0; index < 5; index += 1) void iterator.next()
      push(6)
      expect(changes).to.deep.equal([])
    })

    it('is overfull above 16 times the mark, until it falls to the mark', async () => {
      const { changes, demand, push, streams } = rig()
      const iterator = streams.open({ highWaterMark: 2 })
      push(32)
      expect(demand.isOverLimit).to.equal(false)
      push(1)
      expect(demand.isOverLimit).to.equal(true)
      await take(iterator, 1)
      expect(demand.isOverLimit).to.equal(false)
      expect(changes).to.deep.equal([true, true, true])
    })

    it('has no backlog after it has ended, even if many messages are unread', async () => {
      const { demand, push, streams } = rig()
      const iterator = streams.open({ highWaterMark: 2 })
      push(100)
      expect(demand.isOverLimit).to.equal(true)
      streams.end()
      expect([demand.isBehind, demand.isOverLimit]).to.deep.equal([false, false])
      await take(iterator, 1)
      expect([demand.isBehind, demand.isOverLimit]).to.deep.equal([false, false])
    })

    it('keeps no reference to messages that were read, even if it is never empty', async () => {
      const { streams } = rig()
      const iterator = streams.open()
      streams.push(0)
      const before = heapInUse()
      for (let sent = 1; sent <= 1_000_000; sent += 1) {
        streams.push({ sent })
        void iterator.next()
      }
      expect(heapInUse() - before).to.be.below(4 * 2 ** 20)
      expect(await iterator.next()).to.deep.equal(message({ sent: 1_000_000 }))
    })
  })

  describe('warning', () => {
    it('logs once that an iteration has been behind for 30 s: where and when it was opened, and what to do', async () => {
      const { clock, push, streams, warnings } = rig()
      await clock.advance(5_000)
      streams.open({ highWaterMark: 2 }, { stack: 'Error\n    at feed.js:1:2' })
      await clock.advance(1_000)
      push(3)
      await clock.advance(29_999)
      push(1)
      expect(warnings).to.deep.equal([])
      await clock.advance(1)
      expect(warnings).to.have.lengthOf(1)
      expect(warnings[0]).to.match(
        /^messages\(\): an iterator opened 31 s ago at feed\.js:1:2 has been behind for 30 s, with 4 unread messages \(highWaterMark 2\)/,
      )
      expect(warnings[0]).to.contain('Keep reading, or end the iteration with break, return(), or a signal')
    })

    it('leaves no timer after the iteration or the connection has ended', async () => {
      const { clock, push, streams } = rig()
      const iterator = streams.open({ highWaterMark: 2 })
      streams.open({ highWaterMark: 2 })
      push(3)
      expect(clock.timers).to.equal(2)
      await iterator.return()
      expect(clock.timers).to.equal(1)
      streams.end()
      expect(clock.timers).to.equal(0)
    })
  })
})
