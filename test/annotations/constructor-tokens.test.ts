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

/** Makes a class of what a compiler has written. */
function evaluate(code: string): Class {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- TypeScript itself would write something else
  return new Function('Base', `return ${code}`)(Base) as Class
}

describe('readConstructor', () => {
  it('reads what a class asks for', () => {
    expect(readConstructor(Base)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it('reads an inherited constructor, and says whose it is', () => {
    class Derived extends Base {}
    class Further extends Derived {}
    expect(readConstructor(Further)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it('reads a constructor without parameters as its own, if the compiler emitted types for it', () => {
    @injectable()
    class Derived extends Base {
      constructor() {
        super(new Store())
      }
    }
    expect(readConstructor(Derived)).to.deep.include({ owner: Derived, parameters: 0, tokens: [] })
  })

  it('reads a constructor without parameters as its own, if inject is an empty list', () => {
    @WebSocketClient({ inject: [] })
    class Derived extends Base {}
    expect(readConstructor(Derived)).to.deep.include({ owner: Derived, parameters: 0, tokens: [] })
  })

  it('takes a constructor without parameters for an inherited one otherwise: it ignores what it is given', () => {
    class Derived extends Base {
      constructor() {
        super(new Store())
      }
    }
    expect(readConstructor(Derived)).to.deep.include({ owner: Base, parameters: 1, tokens: [Store] })
  })

  it('reads nothing of the source: a class may speak of its constructor (case inherited-ctor)', () => {
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

  it('reads through the constructors that compilers write where the source has none', () => {
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

  it('does not take the types of a base for those of an own constructor', () => {
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

  it('takes the tokens that @WebSocketClient names, for an inherited constructor too', () => {
    @WebSocketClient({ inject: ['store'] })
    class Named extends Base {}
    expect(readConstructor(Named)).to.deep.include({ owner: Base, parameters: 1, tokens: ['store'] })
  })

  it("leaves Node's older classes alone, whose parameters are optional", () => {
    class Emitter extends EventEmitter {}
    expect(readConstructor(Emitter)).to.deep.include({ owner: Emitter, parameters: 0, tokens: undefined })
  })

  it('is done once per class', () => {
    expect(readConstructor(Base)).to.equal(readConstructor(Base))
  })
})
