import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { RunningHandler, Slots } from '#src/dispatch/queues/slots.js'
import { SlowHandlerWarning, WARN_AFTER } from '#src/session/slow-handler-warning.js'
import { ItemSession } from '../support/queued-items.js'
import { TaskQueue } from '#src/dispatch/queues/task-queue.js'

/** Slots on a fake clock, with the time of each warning. */
function rig() {
  const clock = new FakeClock()
  const warnings: string[] = []
  const warning = new SlowHandlerWarning(clock, (message) => warnings.push(`${clock.now()} ${message}`))
  const slots = new Slots(Infinity, warning)
  const session = new ItemSession<string>(new TaskQueue(slots), { run: () => undefined })
  const begin = (name: string): RunningHandler => {
    const running = new RunningHandler(session.messageOf(name), name, session)
    slots.add(running, { onSettled: () => slots.remove(running) })
    return running
  }
  return { clock, warnings, warning, begin }
}

describe('SlowHandlerWarning', () => {
  it('names a handler once it has been running for 30 s', async () => {
    const { clock, warnings, begin } = rig()
    begin('Ticker#tick')
    await clock.advance(29_999)
    expect(warnings).to.deep.equal([])
    await clock.advance(120_000)
    expect(WARN_AFTER).to.equal(30_000)
    expect(warnings).to.deep.equal([
      '30000 Ticker#tick has been running for 30 s. Is it waiting for something that never arrives?',
    ])
  })

  it('does not warn about a handler that settles in time, and leaves no timer running', async () => {
    const { clock, warnings, begin } = rig()
    const running = begin('Ticker#tick')
    await clock.advance(29_999)
    running.settle()
    await clock.advance(60_000)
    expect(warnings).to.deep.equal([])
    expect(clock.timers).to.equal(0)
  })

  it('names each handler after it has run for 30 s to 35 s, with one timer for all', async () => {
    const { clock, warnings, begin } = rig()
    begin('a')
    await clock.advance(4_999)
    begin('b')
    await clock.advance(2)
    begin('c')
    expect(clock.timers).to.equal(1)
    await clock.advance(60_000)
    expect(warnings.map((warning) => warning.slice(0, 7))).to.deep.equal(['30000 a', '35000 b', '40000 c'])
  })

  it('restarts the count with the next step of a message', async () => {
    const { clock, warnings, begin } = rig()
    const running = begin('The schema')
    await clock.advance(29_000)
    running.rename('The handler')
    await clock.advance(30_999)
    expect(warnings).to.deep.equal([])
    await clock.advance(1)
    expect(warnings.map((warning) => warning.slice(0, 17))).to.deep.equal(['60000 The handler'])
  })

  it('resumes watching after a time without running handlers', async () => {
    const { clock, warnings, begin } = rig()
    begin('a').settle()
    await clock.advance(5_000)
    expect(clock.timers).to.equal(0)
    begin('b')
    await clock.advance(30_000)
    expect(warnings.map((warning) => warning.slice(0, 7))).to.deep.equal(['35000 b'])
  })

  it('leaves no timer and logs no more warnings after #stop', async () => {
    const { clock, warnings, warning, begin } = rig()
    warning.stop()
    begin('Ticker#tick')
    warning.stop()
    expect(clock.timers).to.equal(0)
    await clock.advance(60_000)
    expect(warnings).to.deep.equal([])
  })
})
