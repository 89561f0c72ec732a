import { expect } from 'chai'
import fc from 'fast-check'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { TaskQueue } from '#src/dispatch/queues/task-queue.js'

function queueOf(limit: number, run: (item: number) => void | Promise<void>): TaskQueue<number> {
  return new TaskQueue(limit, { run })
}

/** Lets all promise callbacks run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** A queue whose items run until the test ends them; what has begun is noted in order. */
function rig(limit: number) {
  const begun: number[] = []
  const runs = new Map<number, Deferred<void>>()
  const queue = queueOf(limit, (item) => {
    begun.push(item)
    const run: Deferred<void> = deferred()
    runs.set(item, run)
    return run.promise
  })
  const end = async (item: number): Promise<void> => {
    runs.get(item)?.resolve()
    await settle()
  }
  return { begun, queue, end }
}

describe('TaskQueue', () => {
  describe('#start', () => {
    it('runs nothing before, and what has gathered then, in order', () => {
      const run: number[] = []
      const queue = queueOf(1, (item) => void run.push(item))
      queue.push(1)
      queue.push(2)
      expect(run).to.deep.equal([])
      queue.start()
      expect(run).to.deep.equal([1, 2])
    })
  })

  describe('#push', () => {
    it('runs an item at once, in the same tick, where nothing is in its way', () => {
      const run: number[] = []
      const queue = queueOf(1, (item) => void run.push(item))
      queue.start()
      queue.push(1)
      expect(run).to.deep.equal([1])
    })

    it('lets no item begin before the one before it is over (B19)', async () => {
      const { begun, queue, end } = rig(1)
      queue.start()
      for (const item of [1, 2, 3]) queue.push(item)
      expect(begun).to.deep.equal([1])
      await end(1)
      expect(begun).to.deep.equal([1, 2])
      await end(2)
      expect(begun).to.deep.equal([1, 2, 3])
    })

    it('runs as many at once as its limit says, and no more', async () => {
      const { begun, queue, end } = rig(2)
      queue.start()
      for (const item of [1, 2, 3, 4]) queue.push(item)
      expect(begun).to.deep.equal([1, 2])
      await end(2)
      expect(begun).to.deep.equal([1, 2, 3])
      await end(1)
      expect(begun).to.deep.equal([1, 2, 3, 4])
    })

    it('runs what an item pushes after that item, not inside it', () => {
      const run: string[] = []
      const queue: TaskQueue<number> = queueOf(1, (item) => {
        run.push(`begin ${item}`)
        if (item < 3) queue.push(item + 1)
        run.push(`end ${item}`)
      })
      queue.start()
      queue.push(1)
      expect(run).to.deep.equal(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
    })

    it('does not grow the stack however many follow each other', () => {
      let count = 0
      const queue: TaskQueue<number> = queueOf(1, (item) => {
        count += 1
        if (item > 0) queue.push(item - 1)
      })
      queue.start()
      queue.push(100_000)
      expect(count).to.equal(100_001)
    })
  })

  describe('#clear', () => {
    it('takes back what has not begun, and lets what runs go on', async () => {
      const { begun, queue, end } = rig(1)
      queue.start()
      for (const item of [1, 2, 3]) queue.push(item)
      expect(queue.clear()).to.deep.equal([2, 3])
      expect(queue.clear()).to.deep.equal([])
      await end(1)
      expect(begun).to.deep.equal([1])
      queue.push(4)
      expect(begun).to.deep.equal([1, 4])
    })
  })

  describe('#idle', () => {
    it('resolves at once where nothing waits and nothing runs', async () => {
      await rig(1).queue.idle()
    })

    it('resolves when everything has been run, and not before', async () => {
      const { queue, end } = rig(1)
      queue.start()
      queue.push(1)
      queue.push(2)
      let isIdle = false
      const idle = queue.idle().then(() => (isIdle = true))
      await end(1)
      expect(isIdle).to.equal(false)
      await end(2)
      expect(isIdle).to.equal(true)
      await idle
    })

    it('waits for what has gathered before the start', async () => {
      const queue = queueOf(1, () => undefined)
      queue.push(1)
      let isIdle = false
      void queue.idle().then(() => (isIdle = true))
      await settle()
      expect(isIdle).to.equal(false)
      queue.start()
      await settle()
      expect(isIdle).to.equal(true)
    })

    it('resolves when the rest is cleared', async () => {
      const queue = queueOf(1, () => undefined)
      queue.push(1)
      const idle = queue.idle()
      queue.clear()
      await idle
    })

    it('asked from inside an item waits for that item, too', async () => {
      const order: string[] = []
      const queue: TaskQueue<number> = queueOf(1, () => {
        void queue.idle().then(() => order.push('idle'))
        order.push('over')
      })
      queue.start()
      queue.push(1)
      await settle()
      expect(order).to.deep.equal(['over', 'idle'])
    })

    it('is the same for all who ask meanwhile, and anew afterwards', async () => {
      const { queue, end } = rig(1)
      queue.start()
      queue.push(1)
      const both = [queue.idle(), queue.idle()]
      await end(1)
      await Promise.all(both)
      queue.push(2)
      const again = queue.idle()
      await end(2)
      await again
    })
  })

  it('begins each item once and in order, never more at once than the limit, whatever happens', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('push sync' as const) },
      { weight: 3, arbitrary: fc.constant('push async' as const) },
      { weight: 3, arbitrary: fc.constant('end' as const) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    )
    const steps = fc.array(step, { maxLength: 100 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (limit, all) => {
        const begun: number[] = []
        const cleared: number[] = []
        const running: Deferred<void>[] = []
        const run = ({ id, isAsync }: { id: number; isAsync: boolean }): void | Promise<void> => {
          begun.push(id)
          if (!isAsync) return undefined
          const over: Deferred<void> = deferred()
          running.push(over)
          expect(running.length).to.be.at.most(limit)
          return over.promise
        }
        const queue = new TaskQueue(limit, { run })
        queue.start()
        let pushed = 0
        for (const each of all) {
          if (each === 'clear') cleared.push(...queue.clear().map(({ id }) => id))
          else if (each === 'end') {
            running.shift()?.resolve()
            await Promise.resolve()
            await Promise.resolve()
          } else queue.push({ id: (pushed += 1), isAsync: each === 'push async' })
          if (begun.length + cleared.length < pushed) expect(running.length).to.equal(limit)
        }
        const idle = queue.idle()
        while (running.length > 0) {
          running.shift()?.resolve()
          await settle()
        }
        await idle
        expect(begun).to.deep.equal([...begun].sort((a, b) => a - b))
        expect([...begun, ...cleared].sort((a, b) => a - b)).to.deep.equal(
          Array.from({ length: pushed }, (_, index) => index + 1),
        )
      }),
      { numRuns: 50 },
    )
  })

  it('keeps order over any number of items', async () => {
    const { begun, queue, end } = rig(1)
    queue.start()
    const items = Array.from({ length: 3_000 }, (_, index) => index)
    for (const item of items) queue.push(item)
    for (const item of items) {
      await end(item)
    }
    expect(begun).to.deep.equal(items)
  })
})
