import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { AckBatch } from '#src/subscriptions/ack-batch.js'

function rig() {
  const clock = new FakeClock()
  const late: (readonly string[])[] = []
  const batch: AckBatch<string> = new AckBatch(['a', 'b', 'c'], (items) => {
    late.push(items)
    for (const item of items) batch.delete(item)
  })
  return { batch, clock, late }
}

describe('AckBatch', () => {
  it('reports all items that were not acknowledged in time together, counted from the start', async () => {
    const { batch, clock, late } = rig()
    await clock.advance(1_000)
    batch.start(clock, 100)
    batch.delete('a')
    await clock.advance(99)
    expect(late).to.deep.equal([])
    await clock.advance(1)
    expect(late).to.deep.equal([['b', 'c']])
  })

  it('has one timer, which the last acknowledgment cancels', () => {
    const { batch, clock } = rig()
    batch.start(clock, 100)
    batch.start(clock, 100)
    batch.delete('a')
    batch.delete('b')
    expect(clock.timers).to.equal(1)
    batch.delete('c')
    expect(clock.timers).to.equal(0)
    batch.start(clock, 100)
    expect(clock.timers).to.equal(0)
  })
})
