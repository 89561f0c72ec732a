import { expect } from 'chai'
import { SETTLED, deferred } from '#src/connection/deferred.js'

describe('deferred', () => {
  it('resolves from outside, once', async () => {
    const one = deferred<number>()
    one.resolve(1)
    one.resolve(2)
    one.reject(new Error('too late'))
    expect(await one.promise).to.equal(1)
  })

  it('rejects from outside', async () => {
    const one = deferred<number>()
    const error = new Error('oops')
    one.reject(error)
    expect(await one.promise.catch((thrown: unknown) => thrown)).to.equal(error)
  })

  it('may reject before anybody awaits it: that is not unhandled (B34)', async () => {
    const one = deferred<number>()
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.prependListener('unhandledRejection', listener)
    one.reject(new Error('oops'))
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    process.removeListener('unhandledRejection', listener)
    expect(unhandled).to.deep.equal([])
  })
})

describe('SETTLED', () => {
  it('has resolved, and is one for all', async () => {
    await SETTLED
    expect(SETTLED).to.be.instanceOf(Promise)
  })
})
