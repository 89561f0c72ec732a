import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import { settlesWithin } from '#src/app/settles-within.js'
import { FakeClock } from 'holdfast/testing'

describe('settlesWithin', () => {
  it('resolves to true as soon as the promise resolves or rejects, and leaves no timer running', async () => {
    const clock = new FakeClock()
    const [kept, broken] = [deferred<undefined>(), deferred<undefined>()]
    const waits = [settlesWithin(kept.promise, 100, clock), settlesWithin(broken.promise, 100, clock)]
    kept.resolve(undefined)
    broken.reject(new Error('no'))
    expect(await Promise.all(waits)).to.deep.equal([true, true])
    expect(clock.timers).to.equal(0)
  })

  it('resolves to false after the timeout', async () => {
    const clock = new FakeClock()
    const wait = settlesWithin(new Promise(() => undefined), 100, clock)
    await clock.advance(100)
    expect(await wait).to.be.false
  })
})
