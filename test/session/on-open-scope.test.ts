import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import { OnOpenScope } from '#src/session/on-open-scope.js'

/** Since Node 24, tracking is free, and a promise keeps its owner. */
const KEEPS_OWNER = Number.parseInt(process.versions.node) >= 24

describe('OnOpenScope', () => {
  it('returns the owner of the opening that a call belongs to, even after an await, and undefined outside an opening', async () => {
    const scope = new OnOpenScope<string>()
    const owners: (string | undefined)[] = []
    const gate = deferred<undefined>()
    const opening = async (): Promise<string> => {
      owners.push(scope.owner)
      await gate.promise
      owners.push(scope.owner)
      return 'opened'
    }
    const first = scope.run('first', opening)
    const second = scope.run('second', opening)
    expect(scope.owner).to.equal(undefined)
    gate.resolve(undefined)
    expect(await Promise.all([first, second])).to.deep.equal(['opened', 'opened'])
    expect(owners).to.deep.equal(['first', 'second', 'first', 'second'])
  })

  it('stays active while any opening runs, and tracks no promises afterward', async () => {
    const scope = new OnOpenScope<string>()
    const gate = deferred<undefined>()
    const owners: (string | undefined)[] = []
    const outlast = async (): Promise<void> => {
      await gate.promise
      owners.push(scope.owner)
    }
    let outlasting: Promise<void> | undefined
    const start = (): Promise<void> => {
      outlasting = outlast()
      return Promise.resolve()
    }
    const short = scope.run('short', start)
    const long = scope.run('long', () => gate.promise)
    await short
    gate.resolve(undefined)
    await long
    await outlasting
    expect(owners).to.deep.equal(['short'])

    const afterwards = deferred<undefined>()
    await scope.run('last', () => {
      outlasting = afterwards.promise.then(() => void owners.push(scope.owner))
      return Promise.resolve()
    })
    afterwards.resolve(undefined)
    await outlasting
    expect(owners.at(-1)).to.equal(KEEPS_OWNER ? 'last' : undefined)
  })

  it('rethrows an error from an opening, and ends then as well', async () => {
    const scope = new OnOpenScope<string>()
    const failure: unknown = await scope
      .run('first', () => Promise.reject(new Error('oops')))
      .catch((thrown: unknown) => thrown)
    expect(failure).to.have.property('message', 'oops')
    const owners: (string | undefined)[] = []
    const late = deferred<undefined>()
    const waiting = scope.run('second', async () => {
      await late.promise
      owners.push(scope.owner)
    })
    late.resolve(undefined)
    await waiting
    expect(owners).to.deep.equal(['second'])
  })

  it('ends when an opening without a promise has returned or thrown', async () => {
    const scope = new OnOpenScope<string>()
    let after: string | undefined = 'not asked'
    const open = (): string | undefined => {
      void Promise.resolve().then(() => (after = scope.owner))
      return scope.owner
    }
    expect(scope.run('now', open)).to.equal('now')
    expect(scope.owner).to.equal(undefined)
    const failing = (): never => {
      throw new Error('oops')
    }
    expect(() => scope.run('failing', failing)).to.throw('oops')
    expect(scope.owner).to.equal(undefined)
    await Promise.resolve()
    expect(after).to.equal(KEEPS_OWNER ? 'now' : undefined)
  })
})
