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

/** Follows tokens in a container that holds what is given. */
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

/** Calls a decorator of parameters where the compiler would not let it stand. */
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
  it('follows constructors and notes what will be made, the dependencies first', () => {
    const { mistakes, nodes, classes } = follow([Tree])
    expect(mistakes).to.deep.equal([])
    expect(nodes.map(({ token }) => token)).to.deep.equal([Leaf, Branch, Leaf, Tree])
    expect([...classes]).to.deep.equal([
      [Tree, [Branch, Leaf]],
      [Branch, [Leaf]],
    ])
  })

  it('follows what a factory of ours asks for', () => {
    const registered = new Map([['made', [{ dependencies: [Branch, 'missing'] }]]])
    expect(linesOf(follow(['made'], { registered }))).to.deep.equal([
      "'made', inject 2: no provider for 'missing'",
    ])
  })

  it('follows the class that is registered, not the one that was asked for', () => {
    const registered = new Map([[Leaf, [{ useClass: Tree }]]])
    expect(follow([Leaf], { registered }).classes.has(Tree)).to.equal(true)
  })

  it('tells a mistake once, however many ways lead to it', () => {
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

    it('are told in the same words wherever they are entered', () => {
      const line = 'First: circular dependency: First → Second → Third → First'
      for (const entry of [First, Second, Third]) expect(linesOf(follow([entry]))).to.deep.equal([line])
      expect(linesOf(follow([Second, First, Third]))).to.deep.equal([line])
    })

    it('of one class are told', () => {
      class Narcissus {}
      injectInto(Narcissus, 0, Narcissus)
      expect(linesOf(follow([Narcissus]))).to.deep.equal([
        'Narcissus: circular dependency: Narcissus → Narcissus',
      ])
    })

    it('of factories and other names are told', () => {
      const registered = new Map<string, Partial<Registration>[]>([
        ['a', [{ useToken: 'b' }]],
        ['b', [{ dependencies: ['c'] }]],
        ['c', [{ useToken: 'a' }]],
      ])
      expect(linesOf(follow(['c'], { registered }))).to.deep.equal([
        "'a': circular dependency: 'a' → 'b' → 'c' → 'a'",
      ])
    })

    it('are found in a graph whose paths are too many to walk', () => {
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
    it('that nobody provides are told with the parameter that asks for them', () => {
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

    it('that are optional may be missing', () => {
      @injectable()
      class Easy {
        constructor(
          @inject('limit', { isOptional: true }) readonly limit?: number,
          @injectAll('hooks', { isOptional: true }) readonly hooks?: unknown[],
        ) {}
      }
      expect(linesOf(follow([Easy]))).to.deep.equal([])
    })

    it('that are optional and a class are made all the same', () => {
      @injectable()
      class Easy {
        constructor(@inject(Branch, { isOptional: true }) readonly branch: Branch) {}
      }
      expect(follow([Easy]).classes.has(Branch)).to.equal(true)
    })

    it('that all are asked for are all followed; else only the last', () => {
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

    it('that all are asked for and nobody provides are told', () => {
      @injectable()
      class All {
        constructor(@injectAll('hook') readonly hooks: unknown[]) {}
      }
      expect(linesOf(follow([All]))).to.deep.equal(["All, constructor parameter 1: no provider for 'hook'"])
    })

    it('that tsyringe transforms are left to it', () => {
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

    it('breaks a cycle, and what it stands for is followed all the same', () => {
      const check = follow([Chicken])
      expect(linesOf(check)).to.deep.equal([])
      expect(check.nodes.map(({ token }) => token)).to.include.members([Chicken, Egg])
    })

    it('of something that cannot be made is told', () => {
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

    it('of what is not there even now is told', () => {
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

    it('may stand where a type would', () => {
      const later = delay(() => Leaf)
      expect(follow([later]).nodes.map(({ token }) => token)).to.deep.equal([Leaf])
    })
  })

  describe('types', () => {
    it('that leave no class behind are told by what they are', () => {
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

    it('that are registered can be looked up', () => {
      const registered = new Map([[URL, [{}]]])
      @injectable()
      class Typed {
        constructor(readonly url: URL) {}
      }
      expect(linesOf(follow([Typed], { registered }))).to.deep.equal([])
    })

    it('that were not there yet, as in a circle of imports, are told', () => {
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

    it('of a provider without a class decorator are told', () => {
      const check = follow([Bare])
      expect(linesOf(check)).to.deep.equal([
        'Bare: the constructor has 1 parameter, but the class has no decorator',
      ])
      expect(check.mistakes[0]?.fix).to.contain("add tsyringe's @injectable() to the class")
    })

    it('whose parameters are all named need no class decorator', () => {
      class Named {
        constructor(readonly leaf: Leaf) {}
      }
      Reflect.defineMetadata('injectionTokens', { 0: { token: Leaf, multiple: false } }, Named)
      const check = follow([Named])
      expect(linesOf(check)).to.deep.equal([])
      expect(check.classes.has(Named)).to.equal(true)
    })

    it('whose parameters are only partly named are told once', () => {
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

    it("that a provider inherits from somebody else's class may have optional parameters", () => {
      class Foreign {
        constructor(readonly options?: object) {}
      }
      class Ours extends Foreign {}
      expect(linesOf(follow([Ours]))).to.deep.equal([])
    })

    it('that a client inherits need a class decorator on the client too', () => {
      class Derived extends Branch {}
      const check = follow([Derived], { client: Derived })
      expect(linesOf(check)).to.deep.equal([
        'Derived: inherits a constructor with 1 parameter but has no class decorator',
      ])
      expect(check.mistakes[0]?.fix).to.equal('add @WebSocketClient() to Derived')
    })

    it('that a client inherits are told where nothing says what to inject', () => {
      class Derived extends Bare {}
      @WebSocketClient()
      class Decorated extends Bare {}
      expect(linesOf(follow([Derived], { client: Derived }))).to.deep.equal([
        'Derived: the constructor inherited from Bare has 1 parameter, but Bare has no class decorator',
      ])
      expect(linesOf(follow([Decorated], { client: Decorated }))).to.have.length(1)
    })

    it('whose tokens @WebSocketClient names are followed; it has to name them all', () => {
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
    it('is a list', () => {
      @WebSocketClient({ inject: Branch as never })
      class Unlisted {
        constructor(readonly branch: Branch) {}
      }
      const check = follow([Unlisted], { client: Unlisted })
      expect(linesOf(check)).to.deep.equal([
        'Unlisted: inject expected a list of tokens, received the function Branch',
      ])
      expect(check.mistakes[0]?.fix).to.equal('wrap it in brackets: inject: [Branch]')
    })

    it('is no longer than the parameters, where the compiler has emitted types for all of them', () => {
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

    it('may be longer where default values or a rest parameter hide parameters, or no types are emitted', () => {
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

    it('are not injected elsewhere: that would be a second instance, without a connection', () => {
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

    it('may be provided as a value', () => {
      const registered = new Map([[Feed, [{}]]])
      expect(linesOf(follow([Feed], { registered }))).to.deep.equal([])
    })
  })

  describe('what each connection has of its own', () => {
    class Line {}
    @injectable()
    class OnLine {
      constructor(readonly line: Line) {}
    }
    const scoped = [Line]
    const cause = 'a singleton cannot inject Line, which is created per connection'

    it('may be asked for by whatever is made for a connection', () => {
      expect(linesOf(follow([OnLine], { scoped, client: OnLine }))).to.deep.equal([])
    })

    it('may not be asked for by what is made for an application', () => {
      expect(linesOf(follow([OnLine], { scoped }))).to.deep.equal([
        `OnLine, constructor parameter 1: ${cause}`,
      ])
    })

    it('may not be asked for by a singleton of a container above, also indirectly', () => {
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

    it('may be asked for by a singleton of the very container of the connection', () => {
      const registered = new Map([['single', [{ useClass: OnLine, isSingleton: true, isOwn: true }]]])
      expect(linesOf(follow(['single'], { scoped, client: Leaf, registered }))).to.deep.equal([])
    })

    it('may not be reached through another name that a container above keeps', () => {
      const registered = new Map([['alias', [{ useToken: OnLine, isSingleton: true, isOwn: false }]]])
      const check = follow(['alias'], { scoped, client: Leaf, registered })
      expect(linesOf(check)).to.deep.equal([`OnLine, constructor parameter 1: ${cause}`])
      expect(check.nodes).to.deep.include({ token: 'alias', isSingletonAbove: true })
    })
  })
})
