import { expect } from 'chai'
import { Chain } from '#src/requests/chain.js'

class Item {
  previous: Item | undefined
  next: Item | undefined

  constructor(readonly name: number) {}
}

/** A chain of so many items, and the items. */
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
    it(`removes item ${removed} of 3, and goes on with the rest`, () => {
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

  it('takes an item again that was removed, at the end', () => {
    const { chain, items, names } = rig(3)
    chain.remove(items[0]!)
    chain.push(items[0]!)
    expect(names()).to.deep.equal([1, 2, 0])
  })

  it('starts anew once all are removed', () => {
    const { chain, items, names } = rig(2)
    for (const item of items) chain.remove(item)
    expect(chain.first).to.equal(undefined)
    chain.push(new Item(7))
    expect(names()).to.deep.equal([7])
    expect(chain.size).to.equal(1)
  })
})
