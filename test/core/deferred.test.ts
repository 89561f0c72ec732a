import { expect } from 'chai'
import { LazyDeferred, RESOLVED, deferred } from '#src/core/deferred.js'

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

describe('RESOLVED', () => {
  it('has resolved, and is one for all', async () => {
    await RESOLVED
    expect(RESOLVED).to.be.instanceOf(Promise)
  })
})

describe('LazyDeferred', () => {
  it('settles the promise of those who ask before', async () => {
    const kept = new LazyDeferred<number>()
    const failed = new LazyDeferred<number>()
    const promises = [kept.promise, kept.promise, failed.promise]
    kept.resolve(1)
    failed.reject(new Error('oops'))
    const results = await Promise.allSettled(promises)
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('gives those who ask later what it has come to, and stays with that', async () => {
    const kept = new LazyDeferred<number>()
    kept.resolve(1)
    kept.resolve(2)
    kept.reject(new Error('oops'))
    expect(await kept.promise).to.equal(1)
    expect(await kept.promise).to.equal(1)
  })

  it('may be rejected and left alone', async () => {
    const failed = new LazyDeferred<number>()
    failed.reject(new Error('oops'))
    void failed.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(await failed.promise.catch(String)).to.equal('Error: oops')
  })

  describe('#onSettled', () => {
    it('tells once, when it settles, or at once if it has', () => {
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
