import { expect } from 'chai'
import { Disposables } from '#src/app/disposables.js'

/** Returns disposables with instances, and the names of those that were disposed of. */
function disposablesOf(make: (note: (name: string) => void) => readonly object[]) {
  const disposed: string[] = []
  const disposables = new Disposables()
  for (const each of make((name) => void disposed.push(name))) disposables.add(each)
  return { disposables, disposed }
}

describe('Disposables', () => {
  describe('#add', () => {
    it('records an instance once, even if it is added again', async () => {
      const { disposables, disposed } = disposablesOf((note) => {
        const instance = { dispose: () => note('it') }
        return [instance, instance]
      })
      await disposables.dispose()
      expect(disposed).to.deep.equal(['it'])
    })

    it('ignores an instance that cannot be disposed of', async () => {
      const { disposables } = disposablesOf(() => [{}, { dispose: 'text' }, { [Symbol.dispose]: undefined }])
      expect(await disposables.dispose()).to.deep.equal([])
    })

    it('ignores an instance whose only dispose method has a parameter', async () => {
      const { disposables, disposed } = disposablesOf((note) => [{ dispose: (name: string) => note(name) }])
      expect(await disposables.dispose()).to.deep.equal([])
      expect(disposed).to.deep.equal([])
    })
  })

  describe('#dispose', () => {
    it('disposes in reverse order, waiting for each instance', async () => {
      const { disposables, disposed } = disposablesOf((note) => [
        { dispose: () => note('first') },
        {
          [Symbol.asyncDispose]: async () => {
            await new Promise(setImmediate)
            note('second')
          },
        },
        { [Symbol.dispose]: () => note('third') },
      ])
      expect(await disposables.dispose()).to.deep.equal([])
      expect(disposed).to.deep.equal(['third', 'second', 'first'])
    })

    it('prefers dispose() over the symbols, and Symbol.asyncDispose over Symbol.dispose', async () => {
      const { disposables, disposed } = disposablesOf((note) => {
        const symbols = { [Symbol.dispose]: () => note('sync'), [Symbol.asyncDispose]: () => note('async') }
        return [symbols, { ...symbols, dispose: () => note('dispose') }]
      })
      await disposables.dispose()
      expect(disposed).to.deep.equal(['dispose', 'async'])
    })

    it('uses the symbols if dispose() has parameters', async () => {
      const { disposables, disposed } = disposablesOf((note) => [
        { dispose: (name: string) => note(name), [Symbol.dispose]: () => note('the pool') },
      ])
      await disposables.dispose()
      expect(disposed).to.deep.equal(['the pool'])
    })

    it('calls the method on its instance', async () => {
      class Counter {
        disposed = 0
        dispose(): void {
          this.disposed += 1
        }
      }
      const counter = new Counter()
      await disposablesOf(() => [counter]).disposables.dispose()
      expect(counter.disposed).to.equal(1)
    })

    it('returns all failures as errors, and still disposes of the others', async () => {
      const rejected = new Error('rejected')
      const { disposables, disposed } = disposablesOf((note) => [
        { dispose: () => note('first') },
        {
          dispose: () => {
            throw 'just text'
          },
        },
        { dispose: () => Promise.reject(rejected) },
      ])
      const [first, second, ...others] = await disposables.dispose()
      expect(first).to.equal(rejected)
      expect(second).to.be.instanceOf(Error).with.property('cause', 'just text')
      expect(others).to.deep.equal([])
      expect(disposed).to.deep.equal(['first'])
    })

    it('disposes of nothing when called again', async () => {
      const { disposables, disposed } = disposablesOf((note) => [{ dispose: () => note('it') }])
      await disposables.dispose()
      await disposables.dispose()
      expect(disposed).to.deep.equal(['it'])
    })

    it('leaves an instance that is added during the call for the next call', async () => {
      const disposed: string[] = []
      const disposables = new Disposables()
      const late = { dispose: () => disposed.push('late') }
      disposables.add({ dispose: () => disposables.add(late) })
      await disposables.dispose()
      expect(disposed).to.deep.equal([])
      await disposables.dispose()
      expect(disposed).to.deep.equal(['late'])
    })
  })
})
