import { expect } from 'chai'
import { NamedTimers } from '#src/core/clock.js'
import { FakeClock } from 'holdfast/testing'

describe('NamedTimers', () => {
  function make(): { clock: FakeClock; timers: NamedTimers<string>; fired: string[] } {
    const clock = new FakeClock()
    const fired: string[] = []
    return {
      clock,
      fired,
      timers: new NamedTimers<string>(clock, { onTimer: (name) => void fired.push(name) }),
    }
  }

  it('fire once, by name', async () => {
    const { clock, timers, fired } = make()
    timers.set('delay', 20)
    timers.set('maxAge', 10)
    await clock.advance(30)
    expect(fired).to.deep.equal(['maxAge', 'delay'])
    expect(clock.timers).to.equal(0)
  })

  it('do not fire once they are canceled; canceling one that is not running has no effect', async () => {
    const { clock, timers, fired } = make()
    timers.set('delay', 20)
    timers.set('half', 20)
    timers.cancel('delay')
    timers.cancel('end')
    await clock.advance(30)
    expect(fired).to.deep.equal(['half'])
  })

  it('restart when they are set again', async () => {
    const { clock, timers, fired } = make()
    timers.set('delay', 20)
    await clock.advance(15)
    timers.set('delay', 20)
    await clock.advance(15)
    expect(fired).to.deep.equal([])
    await clock.advance(5)
    expect(fired).to.deep.equal(['delay'])
  })

  it('can move to an earlier time, but never to a later one', async () => {
    const { clock, timers, fired } = make()
    timers.set('half', 20)
    timers.set('end', 20)
    timers.hasten('half', 10)
    timers.hasten('end', 30)
    await clock.advance(10)
    expect(fired).to.deep.equal(['half'])
    await clock.advance(10)
    expect(fired).to.deep.equal(['half', 'end'])
  })

  it('never fire if set to Infinity, and then need no clock timer', () => {
    const { clock, timers } = make()
    timers.set('open:1', Infinity)
    expect(clock.timers).to.equal(0)
    timers.hasten('open:1', 5)
    expect(clock.timers).to.equal(1)
    timers.cancel('open:1')
    expect(clock.timers).to.equal(0)
  })
})
