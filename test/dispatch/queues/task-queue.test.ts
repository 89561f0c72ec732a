import { expect } from 'chai'
import fc from 'fast-check'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { Slots } from '#src/dispatch/queues/slots.js'
import { TaskQueue } from '#src/dispatch/queues/task-queue.js'
import { ItemSession, silentWarning } from '../../support/queued-items.js'

function queueOf(limit: number): TaskQueue {
  return new TaskQueue(new Slots(limit, silentWarning()))
}

function sessionOf(limit: number, run: (item: number) => void | Promise<void>): ItemSession<number> {
  return new ItemSession(queueOf(limit), { run })
}

/** Runs all pending promise callbacks. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Sessions of one queue. Their items run until the test ends them, and started items are recorded in order. */
function rig(limit: number) {
  const begun: number[] = []
  const handled: number[] = []
  const runs = new Map<number, Deferred<void>>()
  const queue = queueOf(limit)
  const open = (): ItemSession<number> =>
    new ItemSession(queue, {
      run: (item) => {
        begun.push(item)
        const run: Deferred<void> = deferred()
        runs.set(item, run)
        return run.promise
      },
      onHandled: (item) => void handled.push(item),
    })
  const end = async (item: number): Promise<void> => {
    runs.get(item)?.resolve()
    await settle()
  }
  return { begun, handled, session: open(), other: open(), end }
}

describe('TaskQueue', () => {
  describe('#push', () => {
    it('runs a message immediately, in the same tick, if nothing delays it', () => {
      const run: number[] = []
      sessionOf(1, (item) => void run.push(item)).push(1)
      expect(run).to.deep.equal([1])
    })

    it('starts no message before the previous one has ended (B19)', async () => {
      const { begun, session, end } = rig(1)
      session.push(1, 2, 3)
      expect(begun).to.deep.equal([1])
      await end(1)
      expect(begun).to.deep.equal([1, 2])
      await end(2)
      expect(begun).to.deep.equal([1, 2, 3])
    })

    it('runs as many messages at once as its limit allows, and no more', async () => {
      const { begun, session, end } = rig(2)
      session.push(1, 2, 3, 4)
      expect(begun).to.deep.equal([1, 2])
      await end(2)
      expect(begun).to.deep.equal([1, 2, 3])
      await end(1)
      expect(begun).to.deep.equal([1, 2, 3, 4])
    })

    it('shares order and limit among all sessions', async () => {
      const { begun, session, other, end } = rig(2)
      session.push(1)
      other.push(11)
      session.push(2)
      other.push(12)
      expect(begun).to.deep.equal([1, 11])
      await end(11)
      expect(begun).to.deep.equal([1, 11, 2])
      await end(1)
      expect(begun).to.deep.equal([1, 11, 2, 12])
    })

    it('runs the messages that a message pushes after that message, not inside it', () => {
      const run: string[] = []
      const session: ItemSession<number> = sessionOf(1, (item) => {
        run.push(`begin ${item}`)
        if (item < 3) session.push(item + 1)
        run.push(`end ${item}`)
      })
      session.push(1)
      expect(run).to.deep.equal(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
    })

    it('does not grow the stack, however many messages run one after another', () => {
      let count = 0
      const session: ItemSession<number> = sessionOf(1, (item) => {
        count += 1
        if (item > 0) session.push(item - 1)
      })
      session.push(100_000)
      expect(count).to.equal(100_001)
    })
  })

  describe('#pushAll', () => {
    it('runs messages in order, before the messages that they push', () => {
      const run: number[] = []
      const session: ItemSession<number> = sessionOf(1, (item) => {
        run.push(item)
        if (item < 10) session.push(item + 10)
      })
      session.pushAll([1, 2, 3])
      expect(run).to.deep.equal([1, 2, 3, 11, 12, 13])
    })

    it('queues messages behind those that are waiting', async () => {
      const { begun, session, other, end } = rig(1)
      session.push(1)
      other.pushAll([11, 12])
      session.push(2)
      for (const item of [1, 11, 12]) await end(item)
      expect(begun).to.deep.equal([1, 11, 12, 2])
    })
  })

  describe('#remove', () => {
    it("removes one session's waiting messages, and lets the others continue in order", async () => {
      const { begun, session, other, end } = rig(1)
      session.push(1, 2)
      other.push(11)
      session.push(3)
      other.push(12)
      expect(session.remove()).to.deep.equal([2, 3])
      expect(session.remove()).to.deep.equal([])
      for (const item of [1, 11]) await end(item)
      expect(begun).to.deep.equal([1, 11, 12])
    })
  })

  describe('a slot that is released from a handler', () => {
    it("goes to the next message, and the handler's later results have no effect", async () => {
      const { begun, handled, session, other, end } = rig(1)
      session.push(1)
      other.push(11, 12)
      expect(session.release()).to.deep.equal(['1'])
      expect(begun).to.deep.equal([1, 11])
      expect(handled).to.deep.equal([1])
      await end(1)
      expect(begun).to.deep.equal([1, 11])
      expect(handled).to.deep.equal([1])
      await end(11)
      expect(begun).to.deep.equal([1, 11, 12])
    })

    it('belongs to its own session', async () => {
      const { begun, session, other, end } = rig(3)
      session.push(1, 2)
      other.push(11, 12, 13)
      expect(session.release()).to.have.members(['1', '2'])
      expect(session.release()).to.deep.equal([])
      expect(begun).to.deep.equal([1, 2, 11, 12, 13])
      expect(other.release()).to.have.members(['11', '12', '13'])
      for (const item of begun) await end(item)
    })
  })

  it('starts each message once and in order, and never more at once than the limit, under random operations', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('push sync' as const) },
      { weight: 3, arbitrary: fc.constant('push async' as const) },
      { weight: 3, arbitrary: fc.constant('end' as const) },
      { weight: 1, arbitrary: fc.constant('remove' as const) },
      { weight: 1, arbitrary: fc.constant('release' as const) },
    )
    const steps = fc.array(fc.tuple(step, fc.boolean()), { maxLength: 100 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (limit, all) => {
        interface Item {
          readonly id: number
          readonly isAsync: boolean
          readonly session: number
        }
        const begun: number[] = []
        const handled: number[] = []
        const removed: number[] = []
        let running: { readonly item: Item; readonly over: Deferred<void> }[] = []
        const queue = queueOf(limit)
        const run = (item: Item): void | Promise<void> => {
          begun.push(item.id)
          if (!item.isAsync) return undefined
          const over: Deferred<void> = deferred()
          running.push({ item, over })
          expect(running.length).to.be.at.most(limit)
          return over.promise
        }
        const onHandled = ({ id }: Item): void => {
          handled.push(id)
          running = running.filter(({ item }) => item.id !== id)
        }
        const sessions = [0, 1].map(() => new ItemSession(queue, { run, onHandled }))
        let pushed = 0
        for (const [each, isFirst] of all) {
          const session = isFirst ? 0 : 1
          const { [session]: at } = sessions
          if (each === 'remove') removed.push(...(at?.remove() ?? []).map(({ id }) => id))
          else if (each === 'release') at?.release()
          else if (each === 'end') {
            running[0]?.over.resolve()
            await settle()
          } else at?.push({ id: (pushed += 1), isAsync: each === 'push async', session })
          if (begun.length + removed.length < pushed) expect(running.length).to.equal(limit)
        }
        while (running.length > 0) {
          running[0]?.over.resolve()
          await settle()
        }
        const numbers = Array.from({ length: pushed }, (_, index) => index + 1)
        const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)
        expect(begun).to.deep.equal(ascending(begun))
        expect(ascending([...begun, ...removed])).to.deep.equal(numbers)
        expect(ascending([...handled, ...removed])).to.deep.equal(numbers)
      }),
      { numRuns: 50 },
    )
  })

  it('keeps the order of any number of messages', async () => {
    const { begun, session, end } = rig(1)
    const items = Array.from({ length: 3_000 }, (_, index) => index)
    session.push(...items)
    for (const item of items) await end(item)
    expect(begun).to.deep.equal(items)
  })
})
