import { expect } from 'chai'
import fc from 'fast-check'
import { Chain, Fifo } from '#src/core/fifo.js'
import type { Place } from '#src/core/fifo.js'

class Item {
  previous: Item | undefined
  next: Item | undefined

  constructor(readonly name: number) {}
}

/** Returns a chain of `count` items, and the items. */
function rig(count: number) {
  const chain = new Chain<Item>()
  const items = Array.from({ length: count }, (_, name) => new Item(name))
  for (const item of items) chain.push(item)
  return { chain, items, names: () => chain.items().map(({ name }) => name) }
}

describe('Chain', () => {
  it('keeps the order in which items were added', () => {
    const { chain, items, names } = rig(3)
    expect(names()).to.deep.equal([0, 1, 2])
    expect(chain.first).to.equal(items[0])
    expect(chain.size).to.equal(3)
  })

  it('is empty at first', () => {
    const { chain, names } = rig(0)
    expect(names()).to.deep.equal([])
    expect(chain.first).to.equal(undefined)
    expect(chain.size).to.equal(0)
  })

  for (const removed of [0, 1, 2]) {
    it(`removes item ${removed} out of 3, and keeps the rest`, () => {
      const { chain, items, names } = rig(3)
      chain.remove(items[removed]!)
      const left = [0, 1, 2].filter((name) => name !== removed)
      expect(names()).to.deep.equal(left)
      expect(chain.size).to.equal(2)
      chain.push(new Item(3))
      expect(names()).to.deep.equal([...left, 3])
      expect(items[removed]).to.include({ previous: undefined, next: undefined })
    })
  }

  it('accepts a removed item again at the end', () => {
    const { chain, items, names } = rig(3)
    chain.remove(items[0]!)
    chain.push(items[0]!)
    expect(names()).to.deep.equal([1, 2, 0])
  })

  it('can be refilled once all items have been removed', () => {
    const { chain, items, names } = rig(2)
    for (const item of items) chain.remove(item)
    expect(chain.first).to.equal(undefined)
    chain.push(new Item(7))
    expect(names()).to.deep.equal([7])
    expect(chain.size).to.equal(1)
  })
})

/** Returns a queue of these items. */
function queueOf<T>(...items: readonly T[]): Fifo<T> {
  const queue = new Fifo<T>()
  for (const item of items) queue.push(item)
  return queue
}

describe('Fifo', () => {
  describe('#shift', () => {
    it('returns the items in the order they were pushed', () => {
      const queue = queueOf('a', 'b')
      expect(queue.shift()).to.equal('a')
      queue.push('c')
      expect([queue.shift(), queue.shift()]).to.deep.equal(['b', 'c'])
    })

    it('returns undefined for an empty queue, even if it had items before', () => {
      const queue = queueOf('a')
      queue.shift()
      expect(queue.shift()).to.equal(undefined)
      expect(queue.size).to.equal(0)
      queue.push('b')
      expect(queue.shift()).to.equal('b')
    })
  })

  describe('#clear', () => {
    it('returns all items in order and leaves the queue empty', () => {
      const queue = queueOf('a', 'b')
      expect(queue.clear()).to.deep.equal(['a', 'b'])
      expect(queue.size).to.equal(0)
      expect(queue.clear()).to.deep.equal([])
    })
  })

  describe('#remove', () => {
    it('returns the matching items, and keeps the others in order', () => {
      const queue = queueOf(1, 2, 3, 4, 5)
      expect(queue.remove((item) => item % 2 === 1)).to.deep.equal([1, 3, 5])
      expect(queue.size).to.equal(2)
      queue.push(6)
      expect(queue.clear()).to.deep.equal([2, 4, 6])
    })
  })

  describe('#delete', () => {
    it('deletes from the front, the middle, and the end', () => {
      const queue = new Fifo<number>()
      const places = [1, 2, 3, 4, 5].map((item) => queue.push(item))
      for (const index of [2, 0, 4]) queue.delete(places[index] as Place<number>)
      expect(queue.first).to.equal(2)
      queue.push(6)
      expect(queue.clear()).to.deep.equal([2, 4, 6])
    })

    it('has no effect if the item has been taken', () => {
      const queue = new Fifo<string>()
      const places = ['a', 'b', 'c'].map((item) => queue.push(item))
      queue.shift()
      queue.remove((item) => item === 'c')
      for (const index of [0, 2]) queue.delete(places[index] as Place<string>)
      expect(queue.size).to.equal(1)
      queue.delete(places[1] as Place<string>)
      queue.delete(places[1] as Place<string>)
      expect(queue.size).to.equal(0)
      expect(queue.first).to.equal(undefined)
    })
  })

  it('behaves like an array under any sequence of calls', () => {
    const step = fc.oneof(
      fc.nat(9),
      fc.constantFrom('shift' as const, 'clear' as const, 'remove' as const, 'delete' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new Fifo<number>()
        const places: Place<number>[] = []
        let model: number[] = []
        let count = 0
        const isSmall = (item: number): boolean => item % 10 < 5
        for (const each of steps) {
          if (each === 'shift') expect(queue.shift()).to.equal(model.shift())
          else if (each === 'clear') expect(queue.clear()).to.deep.equal(model.splice(0))
          else if (each === 'remove') {
            expect(queue.remove(isSmall)).to.deep.equal(model.filter(isSmall))
            model = model.filter((item) => !isSmall(item))
          } else if (each === 'delete') {
            const middle = Math.floor(model.length / 2)
            const place = places.find(({ item }) => item === model[middle])
            if (place) queue.delete(place)
            model.splice(middle, 1)
          } else {
            count += 10
            places.push(queue.push(each + count))
            model.push(each + count)
          }
          expect(queue.first).to.equal(model[0])
          expect(queue.size).to.equal(model.length)
        }
        expect(queue.clear()).to.deep.equal(model)
      }),
    )
  })
})
