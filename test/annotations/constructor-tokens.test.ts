import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { injectable } from 'tsyringe'
import { WebSocketClient } from 'holdfast'
import type { Class } from 'holdfast'
import { readConstructor } from '#src/annotations/constructor-tokens.js'

class Store {}

@injectable()
class Base {
  constructor(readonly store: Store) {}
}

/** Creates a class from the output of a compiler. */
function evaluate(code: string): Class {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- TypeScript itself would write something else
  return new Function('Base', `return ${code}`)(Base) as Class
}

describe('readConstructor', () => {
  it("reads a class's tokens", () => {
    expect(readConstructor(Base)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it('reads an inherited constructor, and names the class that declares it', () => {
    class Derived extends Base {}
    class Further extends Derived {}
    expect(readConstructor(Further)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it("treats a constructor without parameters as the class's own if the compiler emitted types for it", () => {
    @injectable()
    class Derived extends Base {
      constructor() {
        super(new Store())
      }
    }
    expect(readConstructor(Derived)).to.deep.include({ owner: Derived, parameters: 0, tokens: [] })
  })

  it("treats a constructor without parameters as the class's own if inject is an empty array", () => {
    @WebSocketClient({ inject: [] })
    class Derived extends Base {}
    expect(readConstructor(Derived)).to.deep.include({ owner: Derived, parameters: 0, tokens: [] })
  })

  it('otherwise treats a constructor without parameters as inherited, because it ignores its arguments', () => {
    class Derived extends Base {
      constructor() {
        super(new Store())
      }
    }
    expect(readConstructor(Derived)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it('does not read the source, which can contain the word "constructor" (case inherited-ctor)', () => {
    const bodies = [
      '/* store is set by the constructor (of Base) */',
      "m() { return 'constructor(' }",
      'm() { return new this.constructor(this.store) }',
      'm() { return super.constructor () }',
    ]
    for (const body of bodies) {
      const Derived = evaluate(`class extends Base { ${body} }`)
      expect(readConstructor(Derived), body).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
    }
  })

  it('looks through the constructors that compilers add', () => {
    const compiled = [
      'constructor() { super(...arguments); this.started = true }',
      'constructor(...args) { super(...args), this.started = true }',
      'constructor(...e){super(...e);this.started=true}',
    ]
    for (const code of compiled) {
      const Derived = evaluate(`class extends Base { ${code} }`)
      expect(readConstructor(Derived), code).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
    }
  })

  it("does not use the types of a base class for the class's own constructor", () => {
    class Derived extends Base {
      constructor(
        readonly limit: number,
        store: Store,
      ) {
        super(store)
      }
    }
    expect(readConstructor(Derived)).to.deep.include({ owner: Derived, parameters: 2, tokens: undefined })
  })

  it('uses the tokens from @WebSocketClient, even for an inherited constructor', () => {
    @WebSocketClient({ inject: ['store'] })
    class Named extends Base {}
    expect(readConstructor(Named)).to.deep.include({ owner: Base, parameters: 1, tokens: ['store'] })
  })

  it("ignores Node's older classes, whose parameters are optional", () => {
    class Emitter extends EventEmitter {}
    expect(readConstructor(Emitter)).to.deep.include({ owner: Emitter, parameters: 0, tokens: undefined })
  })

  it('reads each class only once', () => {
    expect(readConstructor(Base)).to.equal(readConstructor(Base))
  })
})
