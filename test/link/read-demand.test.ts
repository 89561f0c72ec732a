import { expect } from 'chai'
import { ReadDemand } from '#src/link/read-flow.js'
import type { ReadDemandListener } from '#src/link/read-flow.js'

/** A demand with one listener that counts its calls. */
function rig() {
  const demand = new ReadDemand()
  const counted = { calls: 0 }
  const listener: ReadDemandListener = { onDemandChange: () => (counted.calls += 1) }
  demand.subscribe(listener)
  return { demand, listener: counted }
}

describe('ReadDemand', () => {
  it('is waiting until every wait has ended', () => {
    const { demand } = rig()
    expect(demand.isWaiting).to.equal(false)
    demand.add(2)
    demand.add()
    demand.remove(2)
    expect(demand.isWaiting).to.equal(true)
    demand.remove()
    expect(demand.isWaiting).to.equal(false)
  })

  it('calls its listeners for each new wait, for the end of the last one, and for each backlog', () => {
    const { demand, listener } = rig()
    const calls: number[] = []
    const step = (change: () => void): void => {
      change()
      calls.push(listener.calls)
    }
    step(() => demand.add())
    step(() => demand.add())
    step(() => demand.remove())
    step(() => demand.remove())
    step(() => demand.onBacklog('low', 'full'))
    expect(calls).to.deep.equal([1, 2, 2, 3, 4])
  })

  it('is behind while any iterator is, and over the limit while any iterator is', () => {
    const { demand } = rig()
    const seen: [boolean, boolean][] = []
    const changes = [
      ['low', 'full'],
      ['low', 'full'],
      ['full', 'overfull'],
      ['full', 'low'],
      ['overfull', 'full'],
      ['full', 'low'],
    ] as const
    for (const [before, after] of changes) {
      demand.onBacklog(before, after)
      seen.push([demand.isBehind, demand.isOverLimit])
    }
    expect(seen).to.deep.equal([
      [true, false],
      [true, false],
      [true, true],
      [true, true],
      [true, false],
      [false, false],
    ])
  })

  it('does not call a listener that has unsubscribed, even during a call', () => {
    const { demand, listener } = rig()
    const once = {
      calls: 0,
      onDemandChange: () => {
        once.calls += 1
        demand.unsubscribe(once)
      },
    }
    demand.subscribe(once)
    const last = { calls: 0, onDemandChange: () => (last.calls += 1) }
    demand.subscribe(last)
    demand.add()
    demand.add()
    expect([listener.calls, once.calls, last.calls]).to.deep.equal([2, 1, 2])
  })
})
