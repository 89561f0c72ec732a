import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { RequestTimeouts } from '#src/requests/request-timeouts.js'
import type { TimedRequest, Timeout } from '#src/requests/request-timeouts.js'
import { heapInUse } from '../support/heap.js'

/** Timeouts on their own clock, and the events of the requests, in order. */
function rig() {
  const clock = new FakeClock()
  const timeouts = new RequestTimeouts(clock)
  const events: unknown[] = []
  const owner = { flush: () => events.push('flush') }
  const start = (message: string, duration: number) => {
    const request: TimedRequest = {
      owner,
      onTimeout: (ended) => {
        events.push([message, ended, clock.now()])
        timeout.line.cancel(timeout)
      },
    }
    const timeout: Timeout = timeouts.start(request, duration)
    return { settle: () => timeout.line.cancel(timeout), restart: () => timeout.line.restart(timeout) }
  }
  return { clock, events, start }
}

describe('RequestTimeouts', () => {
  it('end each request on time, with one timer for all of the same duration', async () => {
    const { clock, events, start } = rig()
    start('a', 10)
    await clock.advance(4)
    start('b', 10)
    start('short', 3)
    expect(clock.timers).to.equal(2)
    await clock.advance(10)
    expect(events).to.deep.equal([['short', 3, 7], 'flush', ['a', 10, 10], 'flush', ['b', 10, 14], 'flush'])
    expect(clock.timers).to.equal(0)
  })

  it('let nothing be sent between requests that time out at the same time', async () => {
    const { clock, events, start } = rig()
    for (const name of ['a', 'b']) start(name, 10)
    await clock.advance(10)
    expect(events).to.deep.equal([['a', 10, 10], ['b', 10, 10], 'flush'])
  })

  it('end only the due ones when the clock has jumped', async () => {
    const { clock, events, start } = rig()
    start('a', 10)
    await clock.advance(5)
    start('b', 10)
    await clock.advance(1)
    start('c', 10)
    await clock.jump(9)
    expect(events).to.deep.equal([['a', 10, 15], ['b', 10, 15], 'flush'])
    await clock.advance(1)
    expect(events.at(-2)).to.deep.equal(['c', 10, 16])
  })

  it('never end a settled request, even if it started the timer', async () => {
    const { clock, events, start } = rig()
    const [first, , third] = ['a', 'b', 'c'].map((name) => start(name, 10))
    first?.settle()
    third?.settle()
    await clock.advance(10)
    expect(events).to.deep.equal([['b', 10, 10], 'flush'])
  })

  it('flush no owner if nothing is due', async () => {
    const { clock, events, start } = rig()
    const first = start('a', 10)
    await clock.advance(5)
    start('b', 10)
    first.settle()
    await clock.advance(5)
    expect(events).to.deep.equal([])
    await clock.advance(5)
    expect(events).to.deep.equal([['b', 10, 15], 'flush'])
  })

  it('restart on demand, behind those that started before', async () => {
    const { clock, events, start } = rig()
    const first = start('a', 10)
    start('b', 10)
    await clock.advance(6)
    first.restart()
    await clock.advance(10)
    expect(events).to.deep.equal([['b', 10, 10], 'flush', ['a', 10, 16], 'flush'])
  })

  it('leave no timer once the last request has settled, and start again after that', async () => {
    const { clock, events, start } = rig()
    start('a', 10).settle()
    expect(clock.timers).to.equal(0)
    await clock.advance(7)
    start('b', 10)
    await clock.advance(9)
    expect(events).to.deep.equal([])
    await clock.advance(1)
    expect(events).to.deep.equal([['b', 10, 17], 'flush'])
  })

  it('keep nothing for durations that no request uses', () => {
    const { start } = rig()
    const before = heapInUse()
    for (let count = 1; count <= 20_000; count += 1) start('a', 30_000 + count / 7).settle()
    expect(heapInUse() - before).to.be.lessThan(1_000_000)
    start('a', 1)
  })
})
