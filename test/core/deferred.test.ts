import { expect } from 'chai'
import { LazyDeferred, RESOLVED, deferred } from '#src/core/deferred.js'

describe('deferred', () => {
  it('can be resolved once from outside', async () => {
    const one = deferred<number>()
    one.resolve(1)
    one.resolve(2)
    one.reject(new Error('too late'))
    expect(await one.promise).to.equal(1)
  })

  it('can be rejected from outside', async () => {
    const one = deferred<number>()
    const error = new Error('oops')
    one.reject(error)
    expect(await one.promise.catch((thrown: unknown) => thrown)).to.equal(error)
  })

  it('can reject before it is awaited, which does not count as unhandled (B34)', async () => {
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

describe('RESOLVED', () => {
  it('is already resolved and shared', async () => {
    await RESOLVED
    expect(RESOLVED).to.be.instanceOf(Promise)
  })
})

describe('LazyDeferred', () => {
  it('settles a promise that was requested earlier', async () => {
    const kept = new LazyDeferred<number>()
    const failed = new LazyDeferred<number>()
    const promises = [kept.promise, kept.promise, failed.promise]
    kept.resolve(1)
    failed.reject(new Error('oops'))
    const results = await Promise.allSettled(promises)
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('settles a promise that is requested later, with the first result', async () => {
    const kept = new LazyDeferred<number>()
    kept.resolve(1)
    kept.resolve(2)
    kept.reject(new Error('oops'))
    expect(await kept.promise).to.equal(1)
    expect(await kept.promise).to.equal(1)
  })

  it('can be rejected without being awaited', async () => {
    const failed = new LazyDeferred<number>()
    failed.reject(new Error('oops'))
    void failed.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(await failed.promise.catch(String)).to.equal('Error: oops')
  })

  describe('#onSettled', () => {
    it('calls the listener once, when it settles, or immediately if it already has', () => {
      const calls: string[] = []
      const kept = new LazyDeferred<number>()
      const settled = (): void => {
        calls.push('before')
        void kept.promise
      }
      kept.onSettled({ onSettled: settled })
      expect(calls).to.deep.equal([])
      kept.resolve(1)
      kept.resolve(2)
      kept.onSettled({ onSettled: () => void calls.push('after') })
      expect(calls).to.deep.equal(['before', 'after'])
    })
  })
})
