import { expect } from 'chai'
import { inject, injectable } from 'tsyringe'
import { Module, OnMessage, WebSocketClient } from 'holdfast'
import {
  clientOptions,
  moduleOptions,
  nameConstructorTokens,
  emitsTypes,
  ownClientOptions,
  ownConstructorTokens,
  ownHandlers,
  recordHandler,
  standardMetadata,
} from '#src/annotations/metadata.js'

class Store {}

const record = { event: 'message', decorator: '@OnMessage()', member: 'm', kind: 'method', args: [] } as const

describe('metadata', () => {
  describe('handlers', () => {
    it('belong to the target itself, not to its base classes', () => {
      const base = {}
      const derived: object = Object.create(base) as object
      recordHandler(base, record)
      expect(ownHandlers(derived)).to.deep.equal([])
      recordHandler(derived, { ...record, member: 'n' })
      expect(ownHandlers(base).map(({ member }) => member)).to.deep.equal(['m'])
      expect(ownHandlers(derived).map(({ member }) => member)).to.deep.equal(['n'])
    })

    it('do not change for earlier readers when more handlers are recorded', () => {
      const target = {}
      recordHandler(target, record)
      const before = ownHandlers(target)
      recordHandler(target, record)
      expect(before).to.have.length(1)
      expect(ownHandlers(target)).to.have.length(2)
    })
  })

  describe('options', () => {
    @WebSocketClient({ name: 'base' })
    class Base {}
    class Derived extends Base {}

    it('are inherited by a client', () => {
      expect(clientOptions(Derived)).to.deep.equal({ name: 'base' })
      expect(ownClientOptions(Derived)).to.equal(undefined)
    })

    it("override a base class's options one by one for a client", () => {
      @WebSocketClient({ route: 'op', url: undefined })
      class Feed extends Derived {}
      @WebSocketClient({ url: 'ws://spot.test', name: 'spot' })
      class Spot extends Feed {}
      expect(clientOptions(Feed)).to.deep.equal({ name: 'base', route: 'op' })
      expect(clientOptions(Spot)).to.deep.equal({ name: 'spot', route: 'op', url: 'ws://spot.test' })
      expect(clientOptions(Base)).to.deep.equal({ name: 'base' })
    })

    it('are not inherited by a module', () => {
      @Module({})
      class AppModule {}
      class Extended extends AppModule {}
      expect(moduleOptions(AppModule)).to.deep.equal({})
      expect(moduleOptions(Extended)).to.equal(undefined)
    })
  })

  describe('ownConstructorTokens', () => {
    it('are the types that the compiler emitted, overridden by named tokens', () => {
      @injectable()
      class Named {
        constructor(
          readonly store: Store,
          @inject('limit') readonly limit: number,
        ) {}
      }
      const [store, limit] = ownConstructorTokens(Named) ?? []
      expect(store).to.equal(Store)
      expect(limit).to.deep.include({ token: 'limit', multiple: false })
    })

    it('are undefined for a class that has no decorator, whatever it inherits', () => {
      @injectable()
      class Base {
        constructor(readonly store: Store) {}
      }
      class Derived extends Base {}
      expect(ownConstructorTokens(Derived)).to.equal(undefined)
    })

    it('have gaps if the compiler emitted nothing and only some tokens are named', () => {
      class Partial {
        constructor(
          readonly store: Store,
          readonly limit: number,
        ) {}
      }
      inject('limit')(Partial, undefined, 1)
      const tokens = ownConstructorTokens(Partial) ?? []
      expect(tokens).to.have.length(2)
      expect(Object.keys(tokens)).to.deep.equal(['1'])
    })

    it('can be recorded', () => {
      class Untyped {
        constructor(readonly store: Store) {}
      }
      nameConstructorTokens(Untyped, [Store])
      expect(ownConstructorTokens(Untyped)).to.deep.equal([Store])
    })
  })

  describe('emitsTypes', () => {
    it('is true if any handler has emitted types', () => {
      class Noted {
        @OnMessage() received(): void {}
      }
      class Unnoted {}
      recordHandler(Unnoted.prototype, record)
      expect(emitsTypes(Noted)).to.equal(true)
      expect(emitsTypes(Unnoted)).to.equal(false)
    })

    it('is false under standard decorators, and undefined without a handler', () => {
      class Standard {}
      Object.defineProperty(Standard, Symbol.for('Symbol.metadata'), { value: {} })
      expect(emitsTypes(Standard)).to.equal(false)
      expect(emitsTypes(Store)).to.equal(undefined)
    })
  })

  describe('standardMetadata', () => {
    it("returns the class's own metadata", () => {
      class Base {}
      class Derived extends Base {}
      const metadata = {}
      Object.defineProperty(Base, Symbol.for('Symbol.metadata'), { value: metadata })
      expect(standardMetadata(Base)).to.equal(metadata)
      expect(standardMetadata(Derived)).to.equal(undefined)
    })
  })
})
