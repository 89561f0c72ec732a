import { expect } from 'chai'
import * as tsyringe from 'tsyringe'
import { container as globalContainer, delay, inject, injectable, singleton } from 'tsyringe'
import type { Class, Provider } from 'holdfast'
import { Injector } from '#src/app/container.js'
import type { ConnectionScope } from '#src/app/instance-factory.js'

/** Names of the disposed instances, in order. */
let disposed: string[] = []

class Leaf {
  dispose(): void {
    disposed.push('Leaf')
  }
}

@injectable()
class Branch {
  constructor(readonly leaf: Leaf) {}
  [Symbol.dispose](): void {
    disposed.push('Branch')
  }
}

@injectable()
class Tree {
  constructor(readonly branch: Branch) {}
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve()
    disposed.push('Tree')
  }
}

/** Creates an application's container from providers, which are checked and created in order. */
function injectorOf(providers: readonly Provider[]): Injector {
  const injector = Injector.under(tsyringe, globalContainer.createChildContainer())
  for (const provider of providers) injector.register(provider)
  const tokens = providers.map((provider) => (typeof provider === 'function' ? provider : provider.provide))
  expect(injector.checkTokens(tokens, [])).to.deep.equal([])
  injector.registerClasses()
  for (const token of tokens) injector.resolve(token)
  return injector
}

/** The scope of a connection without values for its client. */
const NOTHING = { tokens: [], get: () => undefined } as unknown as ConnectionScope

/** Creates the container of a connection, with an instance of its client. */
function clientIn<T extends object>(injector: Injector, client: Class<T>): T {
  expect(injector.check(client, [])).to.deep.equal([])
  return injector.make(client, NOTHING)
}

describe('Injector', () => {
  beforeEach(() => {
    disposed = []
  })

  describe('#register', () => {
    it('creates a class once', () => {
      const injector = injectorOf([Leaf])
      expect(injector.resolve(Leaf)).to.equal(injector.resolve(Leaf))
    })

    it('creates a class under another token once', () => {
      const injector = injectorOf([{ provide: 'leaf', useClass: Leaf }])
      expect(injector.resolve('leaf')).to.be.instanceOf(Leaf)
      expect(injector.resolve('leaf')).to.equal(injector.resolve('leaf'))
    })

    it('returns a value unchanged, even null, undefined and a class', () => {
      const values = [{}, null, undefined, 0, Leaf]
      for (const useValue of values) {
        expect(injectorOf([{ provide: 'value', useValue }]).resolve('value')).to.equal(useValue)
      }
    })

    it('calls a factory once, with its dependencies', () => {
      const injector = injectorOf([
        Leaf,
        { provide: 'limit', useValue: 3 },
        {
          provide: 'made',
          useFactory: (leaf: Leaf, limit: number) => ({ leaf, limit }),
          inject: [Leaf, 'limit'],
        },
      ])
      expect(injector.resolve('made')).to.deep.equal({ leaf: injector.resolve(Leaf), limit: 3 })
      expect(injector.resolve('made')).to.equal(injector.resolve('made'))
    })

    it('adds an alias for an existing token', () => {
      const injector = injectorOf([Leaf, { provide: 'other', useExisting: Leaf }])
      expect(injector.resolve('other')).to.equal(injector.resolve(Leaf))
    })

    it('leaves a cycle of aliases to the check', () => {
      const injector = Injector.under(tsyringe, undefined)
      injector.register({ provide: 'a', useExisting: 'b' })
      injector.register({ provide: 'b', useExisting: 'a' })
      expect(injector.checkTokens(['a'], []).map(({ cause }) => cause)).to.deep.equal([
        "circular dependency: 'a' → 'b' → 'a'",
      ])
    })
  })

  describe('#check', () => {
    it('creates nothing', () => {
      let made = 0
      class Counted {
        constructor() {
          made += 1
        }
      }
      const injector = Injector.under(tsyringe, undefined)
      injector.register(Counted)
      injector.checkTokens([Counted], [])
      expect(made).to.equal(0)
    })

    it('sees registrations in parent containers', () => {
      const above = globalContainer.createChildContainer()
      above.register('limit', { useValue: 5 })
      @injectable()
      class Limited {
        constructor(@inject('limit') readonly limit: number) {}
      }
      expect(clientIn(Injector.under(tsyringe, above), Limited).limit).to.equal(5)
    })
  })

  describe('#disposables', () => {
    it('also disposes of instances that are created later through the container', async () => {
      @injectable()
      class Late {
        constructor(@inject(delay(() => Branch)) readonly branch: Branch) {}
      }
      const injector = Injector.under(tsyringe, undefined)
      const { branch } = clientIn(injector, Late)
      const { disposables } = injector
      expect(branch.leaf).to.be.instanceOf(Leaf)
      expect(await disposables.dispose()).to.deep.equal([])
      expect(disposed).to.deep.equal(['Branch', 'Leaf'])
    })
  })

  describe('#register with clients', () => {
    it('makes classes injectable that are unknown to tsyringe', () => {
      class Sapling extends Branch {}
      expect(injectorOf([Sapling]).resolve(Sapling)).to.be.instanceOf(Branch)
      expect(injectorOf([Leaf, Sapling]).resolve(Sapling).leaf).to.be.instanceOf(Leaf)
    })
  })

  describe('#isRegistered', () => {
    it('includes parent containers', () => {
      const injector = injectorOf([Leaf])
      expect(injector.child().isRegistered(Leaf)).to.equal(true)
      expect(injector.child().isRegistered(Branch)).to.equal(false)
    })
  })

  describe('#disposables, when disposed of', () => {
    it('disposes of all instances one after another, last created first, by any dispose method', async () => {
      const injector = Injector.under(tsyringe, undefined)
      clientIn(injector, Tree)
      expect(await injector.disposables.dispose()).to.deep.equal([])
      expect(disposed).to.deep.equal(['Tree', 'Branch', 'Leaf'])
    })

    it('disposes of each instance once', async () => {
      const injector = injectorOf([Leaf, { provide: 'other', useExisting: Leaf }, Branch])
      await injector.disposables.dispose()
      await injector.disposables.dispose()
      expect(disposed).to.deep.equal(['Branch', 'Leaf'])
    })

    it('prefers dispose() over the symbols, unless it has parameters', async () => {
      class Both {
        dispose(): void {
          disposed.push('dispose')
        }
        [Symbol.asyncDispose](): void {
          disposed.push('never')
        }
      }
      class Pool {
        dispose(connection: string): void {
          disposed.push(connection)
        }
        [Symbol.dispose](): void {
          disposed.push('the pool')
        }
      }
      await injectorOf([Both, Pool]).disposables.dispose()
      expect(disposed).to.deep.equal(['the pool', 'dispose'])
    })

    it('returns all failures, and continues after each (B44)', async () => {
      class Throws {
        dispose(): void {
          throw new Error('thrown')
        }
      }
      class Rejects {
        dispose(): Promise<void> {
          return Promise.reject(new Error('rejected'))
        }
      }
      const errors = await injectorOf([Leaf, Throws, Rejects]).disposables.dispose()
      expect(errors.map(({ message }) => message)).to.deep.equal(['rejected', 'thrown'])
      expect(disposed).to.deep.equal(['Leaf'])
    })

    it("disposes of a factory's result, but not of a value", async () => {
      const injector = injectorOf([
        { provide: 'made', useFactory: () => new Leaf() },
        { provide: 'value', useValue: new Tree(new Branch(new Leaf())) },
      ])
      await injector.disposables.dispose()
      expect(disposed).to.deep.equal(['Leaf'])
    })

    it('does not dispose of a value because of an alias', async () => {
      const value = new Leaf()
      const injector = injectorOf([
        { provide: 'value', useValue: value },
        { provide: 'other', useExisting: 'value' },
      ])
      expect(injector.resolve('other')).to.equal(value)
      await injector.disposables.dispose()
      expect(disposed).to.deep.equal([])
    })

    it('does not dispose of instances in parent containers (B45)', async () => {
      const application = injectorOf([Leaf])
      const child = application.child()
      expect(clientIn(child, Tree).branch.leaf).to.equal(application.resolve(Leaf))
      await child.disposables.dispose()
      expect(disposed).to.deep.equal(['Tree', 'Branch'])
      await application.disposables.dispose()
      expect(disposed).to.deep.equal(['Tree', 'Branch', 'Leaf'])
    })

    it('does not dispose of a @singleton() even if a connection was the first to need it (B45)', async () => {
      @singleton()
      class Shared {
        dispose(): void {
          disposed.push('Shared')
        }
      }
      @injectable()
      class Client {
        constructor(readonly shared: Shared) {}
      }
      const first = Injector.under(tsyringe, undefined)
      const { shared } = clientIn(first, Client)
      await first.disposables.dispose()
      expect(disposed).to.deep.equal([])
      expect(clientIn(Injector.under(tsyringe, undefined), Client).shared).to.equal(shared)
    })

    it("does not dispose of instances in the user's container, even if they have an alias", async () => {
      const above = globalContainer.createChildContainer()
      above.registerSingleton('kept', 'made' as never)
      above.register('made', { useClass: Leaf })
      @injectable()
      class Client {
        constructor(@inject('kept') readonly leaf: Leaf) {}
      }
      const injector = Injector.under(tsyringe, above)
      const { leaf } = clientIn(injector, Client)
      expect(leaf).to.equal(above.resolve('kept'))
      await injector.disposables.dispose()
      expect(disposed).to.deep.equal([])
    })

    it('creates a singleton in its own container, even two levels up', async () => {
      const above = globalContainer.createChildContainer()
      above.registerSingleton(Leaf)
      const application = Injector.under(tsyringe, above)
      const child = application.child()
      expect(clientIn(child, Tree).branch.leaf).to.equal(above.resolve(Leaf))
      await child.disposables.dispose()
      await application.disposables.dispose()
      expect(disposed).to.deep.equal(['Tree', 'Branch'])
    })
  })
})
