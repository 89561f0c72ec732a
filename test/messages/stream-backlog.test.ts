import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { StreamBacklog } from '#src/messages/stream-backlog.js'

/** The backlog of an iteration with a mark of 8, and a record of every change. */
function rig() {
  const clock = new FakeClock()
  const changes: string[] = []
  const warnings: string[] = []
  const port = {
    onBacklog: (before: string, after: string) => void changes.push(`${before} → ${after}`),
    warn: (warning: string) => void warnings.push(warning),
  }
  return { backlog: new StreamBacklog(8, clock, port, {}), changes, clock, warnings }
}

describe('StreamBacklog', () => {
  it('is full above the mark until a quarter is left, and overfull above 16 times the mark', () => {
    const { backlog, changes } = rig()
    const steps = [8, 9, 3, 2, 8, 128, 129, 128, 3, 2]
    const seen = steps.map((unread) => {
      backlog.measure(unread)
      return changes.splice(0)
    })
    expect(seen).to.deep.equal([
      [],
      ['low → full'],
      [],
      ['full → low'],
      [],
      ['low → full'],
      ['full → overfull'],
      ['overfull → full'],
      [],
      ['full → low'],
    ])
  })

  it('stays low once the iteration has ended', () => {
    const { backlog, changes, clock } = rig()
    backlog.measure(200)
    backlog.end()
    backlog.measure(200)
    backlog.end()
    expect(changes).to.deep.equal(['low → overfull', 'overfull → low'])
    expect(clock.timers).to.equal(0)
  })

  it('warns once, 30 s after it became full, even if it was overfull in the meantime', async () => {
    const { backlog, clock, warnings } = rig()
    await clock.advance(1_000)
    backlog.measure(9)
    await clock.advance(29_000)
    backlog.measure(129)
    backlog.measure(3)
    await clock.advance(999)
    expect(warnings).to.deep.equal([])
    await clock.advance(1)
    expect(warnings).to.deep.equal([
      'messages(): an iterator opened 31 s ago has been behind for 30 s, with 3 unread messages (highWaterMark 8). ' +
        'The socket is paused until the iterator catches up. Keep reading, or end the iteration with break, return(), or a signal',
    ])
    backlog.measure(0)
    backlog.measure(9)
    await clock.advance(100_000)
    expect(warnings).to.have.lengthOf(1)
    expect(clock.timers).to.equal(0)
  })

  it('does not warn if the iteration has caught up, and restarts the time for the next backlog', async () => {
    const { backlog, clock, warnings } = rig()
    backlog.measure(9)
    await clock.advance(29_999)
    backlog.measure(2)
    expect(clock.timers).to.equal(0)
    backlog.measure(9)
    await clock.advance(29_999)
    expect(warnings).to.deep.equal([])
    await clock.advance(1)
    expect(warnings).to.have.lengthOf(1)
  })
})
