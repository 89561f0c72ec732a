import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { delay, inject, injectAll, injectable } from 'tsyringe'
import { OnMessage, WebSocketClient } from 'holdfast'
import type { Class, Token } from 'holdfast'
import { DependencyCheck } from '#src/app/dependency-check.js'
import type { Registration } from '#src/app/dependency-check.js'

const nothing: Registration = {
  useClass: undefined,
  useToken: undefined,
  dependencies: undefined,
  isSingleton: false,
  isOwn: true,
}

interface Given {
  readonly registered?: ReadonlyMap<unknown, readonly Partial<Registration>[]>
  readonly scoped?: readonly Token[]
  readonly client?: Class
}

/** Follows tokens in a container with these registrations. */
function follow(
  tokens: readonly unknown[],
  { registered, scoped = [], client }: Given = {},
): DependencyCheck {
  const registrations = (token: unknown) =>
    (registered?.get(token) ?? []).map((each) => ({ ...nothing, ...each }))
  const check = new DependencyCheck(registrations, scoped, client)
  check.run(tokens)
  return check
}

function linesOf({ mistakes }: DependencyCheck): string[] {
  return mistakes.map(({ place, cause }) => `${place}: ${cause}`)
}

/** Calls a parameter decorator where the compiler would not allow it. */
function injectInto(target: Class, index: number, token: unknown): void {
  inject(token as string)(target, undefined, index)
}

class Leaf {}

@injectable()
class Branch {
  constructor(readonly leaf: Leaf) {}
}

@injectable()
class Tree {
  constructor(
    readonly branch: Branch,
    readonly leaf: Leaf,
  ) {}
}

interface Shape {
  readonly sides: number
}

describe('DependencyCheck', () => {
  it('follows constructors and lists the nodes to create, dependencies first', () => {
    const { mistakes, nodes, classes } = follow([Tree])
    expect(mistakes).to.deep.equal([])
    expect(nodes.map(({ token }) => token)).to.deep.equal([Leaf, Branch, Leaf, Tree])
    expect([...classes]).to.deep.equal([
      [Tree, [Branch, Leaf]],
      [Branch, [Leaf]],
    ])
  })

  it("follows a factory's dependencies", () => {
    const registered = new Map([['made', [{ dependencies: [Branch, 'missing'] }]]])
    expect(linesOf(follow(['made'], { registered }))).to.deep.equal([
      "'made', inject 2: no provider for 'missing'",
    ])
  })

  it('follows the registered class, not the requested one', () => {
    const registered = new Map([[Leaf, [{ useClass: Tree }]]])
    expect(follow([Leaf], { registered }).classes.has(Tree)).to.equal(true)
  })

  it('reports a mistake only once, even if several paths lead to it', () => {
    @injectable()
    class Broken {
      constructor(readonly shape: Shape) {}
    }
    @injectable()
    class Left {
      constructor(readonly broken: Broken) {}
    }
    @injectable()
    class Right {
      constructor(readonly broken: Broken) {}
    }
    expect(follow([Left, Right, Broken]).mistakes).to.have.length(1)
  })

  describe('cycles', () => {
    class First {}
    class Second {}
    class Third {}
    injectInto(First, 0, Second)
    injectInto(Second, 0, Third)
    injectInto(Third, 0, First)
    for (const each of [First, Second, Third]) {
      Object.defineProperty(each, 'length', { value: 1 })
      injectable()(each)
    }

    it('are reported with the same text wherever the check enters them', () => {
      const line = 'First: circular dependency: First → Second → Third → First'
      for (const entry of [First, Second, Third]) expect(linesOf(follow([entry]))).to.deep.equal([line])
      expect(linesOf(follow([Second, First, Third]))).to.deep.equal([line])
    })

    it('are reported for a single class', () => {
      class Narcissus {}
      injectInto(Narcissus, 0, Narcissus)
      expect(linesOf(follow([Narcissus]))).to.deep.equal([
        'Narcissus: circular dependency: Narcissus → Narcissus',
      ])
    })

    it('are reported for factories and aliases', () => {
      const registered = new Map<string, Partial<Registration>[]>([
        ['a', [{ useToken: 'b' }]],
        ['b', [{ dependencies: ['c'] }]],
        ['c', [{ useToken: 'a' }]],
      ])
      expect(linesOf(follow(['c'], { registered }))).to.deep.equal([
        "'a': circular dependency: 'a' → 'b' → 'c' → 'a'",
      ])
    })

    it('are found even in a graph with too many paths to follow individually', () => {
      const layers = 40
      const registered = new Map<string, Partial<Registration>[]>()
      for (let layer = 0; layer < layers; layer += 1) {
        const below = layer + 1 === layers ? ['0 left'] : [`${layer + 1} left`, `${layer + 1} right`]
        for (const side of ['left', 'right']) registered.set(`${layer} ${side}`, [{ dependencies: below }])
      }
      let asked = 0
      const check = new DependencyCheck(
        (token) => {
          asked += 1
          return (registered.get(token as string) ?? []).map((each) => ({ ...nothing, ...each }))
        },
        [],
        undefined,
      )
      check.run(['0 left'])
      expect(check.mistakes).not.to.deep.equal([])
      expect(asked).to.be.at.most(4 * layers)
    })
  })

  describe('tokens', () => {
    it('are reported with the parameter that injects them if they have no provider', () => {
      const missing = Symbol('missing')
      @injectable()
      class Asking {
        constructor(
          readonly leaf: Leaf,
          @inject('limit') readonly limit: number,
          @inject(missing) readonly other: unknown,
        ) {}
      }
      const check = follow([Asking])
      expect(linesOf(check)).to.deep.equal([
        "Asking, constructor parameter 2: no provider for 'limit'",
        'Asking, constructor parameter 3: no provider for Symbol(missing)',
      ])
      expect(check.mistakes[0]?.fix).to.contain("{ provide: 'limit', useValue: … }")
    })

    it('can be missing if they are optional', () => {
      @injectable()
      class Easy {
        constructor(
          @inject('limit', { isOptional: true }) readonly limit?: number,
          @injectAll('hooks', { isOptional: true }) readonly hooks?: unknown[],
        ) {}
      }
      expect(linesOf(follow([Easy]))).to.deep.equal([])
    })

    it('are created anyway if they are optional classes', () => {
      @injectable()
      class Easy {
        constructor(@inject(Branch, { isOptional: true }) readonly branch: Branch) {}
      }
      expect(follow([Easy]).classes.has(Branch)).to.equal(true)
    })

    it('are followed for all registrations with @injectAll, and otherwise only for the last one', () => {
      const registered = new Map([['hook', [{ dependencies: ['gone'] }, { useClass: Leaf }]]])
      @injectable()
      class All {
        constructor(@injectAll('hook') readonly hooks: unknown[]) {}
      }
      @injectable()
      class One {
        constructor(@inject('hook') readonly hook: unknown) {}
      }
      expect(linesOf(follow([All], { registered }))).to.deep.equal([
        "'hook', inject 1: no provider for 'gone'",
      ])
      expect(linesOf(follow([One], { registered }))).to.deep.equal([])
    })

    it('are also reported with @injectAll if they have no provider', () => {
      @injectable()
      class All {
        constructor(@injectAll('hook') readonly hooks: unknown[]) {}
      }
      expect(linesOf(follow([All]))).to.deep.equal(["All, constructor parameter 1: no provider for 'hook'"])
    })

    it('that tsyringe transforms are not checked', () => {
      class Transformed {}
      injectable()(Transformed)
      Reflect.defineMetadata(
        'injectionTokens',
        { 0: { token: 'x', transform: Leaf, transformArgs: [] } },
        Transformed,
      )
      expect(linesOf(follow([Transformed]))).to.deep.equal([])
    })
  })

  describe('delay()', () => {
    class Chicken {}
    class Egg {}
    injectInto(Chicken, 0, Egg)
    injectInto(
      Egg,
      0,
      delay(() => Chicken),
    )

    it('breaks a cycle, but its token is still followed', () => {
      const check = follow([Chicken])
      expect(linesOf(check)).to.deep.equal([])
      expect(check.nodes.map(({ token }) => token)).to.include.members([Chicken, Egg])
    })

    it('is reported if its token cannot be created', () => {
      class Late {}
      injectInto(
        Late,
        0,
        delay(() => Broken),
      )
      class Broken {}
      injectInto(Broken, 0, 'missing')
      expect(linesOf(follow([Late]))).to.deep.equal([
        "Broken, constructor parameter 1: no provider for 'missing'",
      ])
    })

    it('is reported if its token is still undefined', () => {
      class Late {}
      injectInto(
        Late,
        0,
        delay(() => {
          throw new ReferenceError("Cannot access 'Later' before initialization")
        }),
      )
      expect(linesOf(follow([Late]))[0]).to.contain('Late, constructor parameter 1: the token is undefined')
    })

    it('can be used in place of a token', () => {
      const later = delay(() => Leaf)
      expect(follow([later]).nodes.map(({ token }) => token)).to.deep.equal([Leaf])
    })
  })

  describe('types', () => {
    it('that are not classes are reported with their kind', () => {
      @injectable()
      class Typed {
        constructor(
          readonly shape: Shape,
          readonly text: string,
          readonly count: number,
          readonly callback: () => void,
          readonly list: string[],
          readonly map: Map<string, string>,
          readonly url: URL,
        ) {}
      }
      const place = 'Typed, constructor parameter'
      expect(linesOf(follow([Typed]))).to.deep.equal([
        `${place} 1: the type is an interface, a union, an object type, or a class imported with \`import type\`, which cannot be injected`,
        `${place} 2: the type is a string, which cannot be injected`,
        `${place} 3: the type is a number, which cannot be injected`,
        `${place} 4: the type is a function, or a class imported with \`import type\`, which cannot be injected`,
        `${place} 5: the type is an array, which cannot be injected`,
        `${place} 6: the type is a Map, which cannot be injected`,
        `${place} 7: the type is a built-in URL, which cannot be injected`,
      ])
    })

    it('can be injected if they are registered', () => {
      const registered = new Map([[URL, [{}]]])
      @injectable()
      class Typed {
        constructor(readonly url: URL) {}
      }
      expect(linesOf(follow([Typed], { registered }))).to.deep.equal([])
    })

    it('that are undefined, as in a circular import, are reported', () => {
      class Early {}
      Reflect.defineMetadata('design:paramtypes', [undefined], Early)
      class Named {}
      injectInto(Named, 0, undefined)
      const cause = 'the token is undefined, usually because of a circular import or `import type`'
      expect(linesOf(follow([Early, Named]))).to.deep.equal([
        `Early, constructor parameter 1: ${cause}`,
        `Named, constructor parameter 1: ${cause}`,
      ])
    })
  })

  describe('constructors', () => {
    class Bare {
      constructor(readonly leaf: Leaf) {}
    }

    it('are reported if a provider has no class decorator', () => {
      const check = follow([Bare])
      expect(linesOf(check)).to.deep.equal([
        'Bare: the constructor has 1 parameter, but the class has no decorator',
      ])
      expect(check.mistakes[0]?.fix).to.contain("add tsyringe's @injectable() to the class")
    })

    it('do not need a class decorator if every parameter has a token', () => {
      class Named {
        constructor(readonly leaf: Leaf) {}
      }
      Reflect.defineMetadata('injectionTokens', { 0: { token: Leaf, multiple: false } }, Named)
      const check = follow([Named])
      expect(linesOf(check)).to.deep.equal([])
      expect(check.classes.has(Named)).to.equal(true)
    })

    it('with tokens for only some parameters are reported once', () => {
      class Partial {
        constructor(
          readonly leaf: Leaf,
          readonly other: Leaf,
        ) {}
      }
      Reflect.defineMetadata('injectionTokens', { 1: { token: Leaf, multiple: false } }, Partial)
      expect(follow([Partial]).mistakes).to.have.length(1)
    })

    it('that a provider inherits are followed', () => {
      class Sapling extends Branch {}
      const check = follow([Sapling])
      expect(linesOf(check)).to.deep.equal([])
      expect(check.classes.get(Sapling)).to.deep.equal([Leaf])
    })

    it('can have optional parameters if a provider inherits them from a third-party class', () => {
      class Foreign {
        constructor(readonly options?: object) {}
      }
      class Ours extends Foreign {}
      expect(linesOf(follow([Ours]))).to.deep.equal([])
    })

    it('require a class decorator on a client that inherits them', () => {
      class Derived extends Branch {}
      const check = follow([Derived], { client: Derived })
      expect(linesOf(check)).to.deep.equal([
        'Derived: inherits a constructor with 1 parameter but has no class decorator',
      ])
      expect(check.mistakes[0]?.fix).to.equal('add @WebSocketClient() to Derived')
    })

    it('are reported if a client inherits them and no tokens are known', () => {
      class Derived extends Bare {}
      @WebSocketClient()
      class Decorated extends Bare {}
      expect(linesOf(follow([Derived], { client: Derived }))).to.deep.equal([
        'Derived: the constructor inherited from Bare has 1 parameter, but Bare has no class decorator',
      ])
      expect(linesOf(follow([Decorated], { client: Decorated }))).to.have.length(1)
    })

    it('are followed through the tokens of @WebSocketClient, which must list all of them', () => {
      @WebSocketClient({ inject: [Branch] })
      class Named {
        constructor(readonly branch: Branch) {}
      }
      @WebSocketClient({ inject: [Branch] })
      class Short {
        constructor(
          readonly branch: Branch,
          readonly leaf: Leaf,
        ) {}
      }
      expect(follow([Named], { client: Named }).classes.get(Named)).to.deep.equal([Branch])
      expect(linesOf(follow([Short], { client: Short }))).to.deep.equal([
        'Short: inject lists 1 token for 2 constructor parameters',
      ])
    })
  })

  describe('inject', () => {
    it('must be an array', () => {
      @WebSocketClient({ inject: Branch as never })
      class Unlisted {
        constructor(readonly branch: Branch) {}
      }
      const check = follow([Unlisted], { client: Unlisted })
      expect(linesOf(check)).to.deep.equal([
        'Unlisted: inject must be an array of tokens, received the function Branch',
      ])
      expect(check.mistakes[0]?.fix).to.equal('wrap it in brackets: inject: [Branch]')
    })

    it('cannot have more tokens than there are parameters if the compiler has emitted types for all of them', () => {
      @WebSocketClient({ inject: [Branch, Leaf] })
      class Long {
        constructor(readonly branch: Branch) {}
      }
      @WebSocketClient({ inject: [Branch] })
      class None {
        @OnMessage() received(): void {}
      }
      const lines = [Long, None].map((client) => linesOf(follow([client], { client })))
      expect(lines).to.deep.equal([
        ['Long: inject lists 2 tokens for 1 constructor parameter'],
        ['None: inject lists 1 token for no constructor parameters'],
      ])
    })

    it('can have more tokens if default values or a rest parameter hide parameters, or no types are emitted', () => {
      @WebSocketClient({ inject: [Branch, Leaf] })
      class Default {
        constructor(
          readonly branch: Branch,
          readonly leaf: Leaf = new Leaf(),
        ) {}
      }
      @WebSocketClient({ inject: [Branch, Leaf, Leaf] })
      class Rest {
        readonly leaves: Leaf[]
        constructor(
          readonly branch: Branch,
          ...leaves: Leaf[]
        ) {
          this.leaves = leaves
        }
      }
      @WebSocketClient({ inject: [Leaf] })
      class Emitter extends EventEmitter {
        @OnMessage() received(): void {}
      }
      class Untyped {}
      WebSocketClient({ inject: [Leaf] })(Untyped)
      @WebSocketClient()
      class Typed {
        constructor(readonly branch: Branch) {}
      }
      class Further extends Typed {
        constructor(branch = new Branch(new Leaf()), leaf = new Leaf()) {
          super(leaf === branch.leaf ? branch : new Branch(leaf))
        }
      }
      WebSocketClient({ inject: [Branch, Leaf] })(Further)
      @WebSocketClient({ inject: [Leaf] })
      class Inheriting extends Default {}
      for (const client of [Default, Rest, Untyped, Further, Emitter])
        expect(linesOf(follow([client], { client })), client.name).to.deep.equal([])
      expect(linesOf(follow([Inheriting], { client: Inheriting }))).to.deep.equal([])
    })
  })

  describe('clients', () => {
    class Feed {
      @OnMessage() received(): void {}
    }

    it('cannot be injected, because that would create a second instance without a connection', () => {
      @WebSocketClient({ inject: [Feed] })
      class Other {
        constructor(readonly feed: Feed) {}
        @OnMessage() received(): void {}
      }
      const cause = 'cannot inject the client Feed: it would be a second instance, without a connection'
      const registered = new Map<unknown, Partial<Registration>[]>([
        ['service', [{ dependencies: [Feed] }]],
        ['alias', [{ useClass: Feed }]],
      ])
      expect(linesOf(follow([Other], { client: Other }))).to.deep.equal([
        `Other, constructor parameter 1: ${cause}`,
      ])
      expect(linesOf(follow(['service', 'alias'], { registered }))).to.deep.equal([
        `'service', inject 1: ${cause}`,
        `'alias': ${cause}`,
      ])
    })

    it('can be provided as a value', () => {
      const registered = new Map([[Feed, [{}]]])
      expect(linesOf(follow([Feed], { registered }))).to.deep.equal([])
    })
  })

  describe('per-connection values', () => {
    class Line {}
    @injectable()
    class OnLine {
      constructor(readonly line: Line) {}
    }
    const scoped = [Line]
    const cause = 'a singleton cannot inject Line, which is created per connection'

    it('can be injected into anything created for a connection', () => {
      expect(linesOf(follow([OnLine], { scoped, client: OnLine }))).to.deep.equal([])
    })

    it('cannot be injected into anything created for an application', () => {
      expect(linesOf(follow([OnLine], { scoped }))).to.deep.equal([
        `OnLine, constructor parameter 1: ${cause}`,
      ])
    })

    it("cannot be injected into a parent container's singleton, even indirectly", () => {
      @injectable()
      class Through {
        constructor(readonly onLine: OnLine) {}
      }
      @injectable()
      class Client {
        constructor(
          readonly onLine: OnLine,
          @inject('single') readonly through: Through,
        ) {}
      }
      const registered = new Map([['single', [{ useClass: Through, isSingleton: true, isOwn: false }]]])
      const check = follow([Client], { scoped, client: Client, registered })
      expect(linesOf(check)).to.deep.equal([`OnLine, constructor parameter 1: ${cause}`])
      expect(check.nodes).to.deep.include({ token: 'single', isSingletonAbove: true })
    })

    it("can be injected into a singleton in the connection's container", () => {
      const registered = new Map([['single', [{ useClass: OnLine, isSingleton: true, isOwn: true }]]])
      expect(linesOf(follow(['single'], { scoped, client: Leaf, registered }))).to.deep.equal([])
    })

    it('cannot be injected through an alias that a parent container keeps', () => {
      const registered = new Map([['alias', [{ useToken: OnLine, isSingleton: true, isOwn: false }]]])
      const check = follow(['alias'], { scoped, client: Leaf, registered })
      expect(linesOf(check)).to.deep.equal([`OnLine, constructor parameter 1: ${cause}`])
      expect(check.nodes).to.deep.include({ token: 'alias', isSingletonAbove: true })
    })
  })
})
