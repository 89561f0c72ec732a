import { expect } from 'chai'
import * as v from 'valibot'
import {
  ClientOption,
  Module,
  OnBinary,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  WebSocketClient,
} from 'holdfast'
import { givenToDecorators, moduleOptions, ownClientOptions, ownHandlers } from '#src/annotations/metadata.js'

/** A decorator as compilers call it, on any member. */
type Raw = (target: unknown, member: unknown, descriptor?: unknown) => void

/** Returns the records of a class for its methods. */
function recordsOf(target: { prototype: unknown }) {
  return ownHandlers(target.prototype as object)
}

describe('decorators', () => {
  it('record their event, their method, and their source', () => {
    class Every {
      @OnOpen() open(): void {}
      @OnMessage() rest(): void {}
      @OnMessage('ticker') ticker(): void {}
      @OnMessage(7) seven(): void {}
      @OnBinary() binary(): void {}
      @OnPing() ping(): void {}
      @OnPong() pong(): void {}
      @OnStateChange() state(): void {}
      @OnError() error(): void {}
      @OnError(RangeError) range(): void {}
      @OnClosing() closing(): void {}
      @OnClose() close(): void {}
    }
    const written = recordsOf(Every).map(
      ({ event, member, decorator }) => `${event} ${String(member)} ${decorator}`,
    )
    expect(written).to.deep.equal([
      'open open @OnOpen()',
      'message rest @OnMessage()',
      "message ticker @OnMessage('ticker')",
      'message seven @OnMessage(7)',
      'binary binary @OnBinary()',
      'ping ping @OnPing()',
      'pong pong @OnPong()',
      'stateChange state @OnStateChange()',
      'error error @OnError()',
      'error range @OnError(RangeError)',
      'closing closing @OnClosing()',
      'close close @OnClose()',
    ])
  })

  it('distinguish a missing argument from an undefined one', () => {
    class Both {
      @OnMessage() none(): void {}
      @OnMessage(undefined) lost(): void {}
    }
    expect(recordsOf(Both).map(({ args }) => args.length)).to.deep.equal([0, 1])
  })

  it('each leave a record if several are on one method', () => {
    class Twice {
      @OnMessage('a')
      @OnMessage('b')
      either(): void {}
    }
    expect(recordsOf(Twice).map(({ decorator }) => decorator)).to.have.members([
      "@OnMessage('a')",
      "@OnMessage('b')",
    ])
  })

  it('do not change the method', () => {
    class Plain {
      @OnMessage() answer(): number {
        return 42
      }
    }
    expect(new Plain().answer()).to.equal(42)
  })

  it('record the options of @WebSocketClient', () => {
    const options = { url: 'ws://peer.test' }
    @WebSocketClient(options)
    class Optional {}
    @WebSocketClient()
    class Bare {}
    expect(ownClientOptions(Optional)).to.equal(options)
    expect(ownClientOptions(Bare)).to.deep.equal({})
  })

  it('record the options of @Module', () => {
    const options = { providers: [] }
    @Module(options)
    class AppModule {}
    expect(moduleOptions(AppModule)).to.equal(options)
  })

  describe('without parentheses', () => {
    type Bare = (target: unknown, member: unknown, descriptor?: unknown) => unknown
    const ALL = [OnOpen, OnMessage, OnBinary, OnPing, OnPong, OnStateChange, OnError, OnClosing, OnClose]
    const bare = [...ALL, ClientOption].map((each) => each as unknown as Bare)
    const names = bare.map(({ name }) => `@${name} uncalled`)
    const written = (target: object): string[] =>
      ownHandlers(target).map(({ decorator, kind }) => `${decorator} ${kind}`)

    it('are recorded as such and do not change the method, in the legacy dialect', () => {
      class Feed {
        method(): void {}
      }
      const descriptor = Object.getOwnPropertyDescriptor(Feed.prototype, 'method')
      for (const each of bare) expect(each(Feed.prototype, 'method', descriptor)).to.equal(undefined)
      expect(written(Feed.prototype)).to.deep.equal(names)
    })

    it('are also recorded as such on properties, static members, and parameters', () => {
      class Feed {}
      const onOpen = OnOpen as unknown as Bare
      onOpen(Feed.prototype, 'property', undefined)
      onOpen(Feed.prototype, 'method', 0)
      onOpen(Feed, Symbol('static'), Object.getOwnPropertyDescriptor(Feed, 'name'))
      expect(written(Feed.prototype)).to.deep.equal(['@OnOpen uncalled', '@OnOpen uncalled'])
      expect(written(Feed)).to.deep.equal(['@OnOpen uncalled'])
    })

    it('are recorded as such and do not change the method, in the standard dialect', () => {
      const metadata = {}
      const method = (): void => {}
      const context = { kind: 'method', name: 'method', metadata }
      for (const each of bare) expect(each(method, context)).to.equal(undefined)
      expect(written(metadata)).to.deep.equal(names)
    })

    it('are distinguished from decorators with a schema, with a key and a schema, or with odd arguments', () => {
      const schema = v.object({ price: v.number() })
      const made = [
        OnMessage(schema),
        OnMessage('key', schema),
        (OnMessage as unknown as Bare)({}, 'key', {}),
      ]
      for (const each of made) expect(each).to.be.a('function')
    })

    it('record the class and do not change it', () => {
      class Feed {}
      for (const each of [WebSocketClient, Module] as unknown as Bare[])
        expect(each(Feed, undefined)).to.equal(undefined)
      expect(givenToDecorators(Feed)).to.deep.include({ client: Feed, module: Feed })
      expect(ownClientOptions(Feed)).to.deep.equal({})
      expect(moduleOptions(Feed)).to.deep.equal({})
    })
  })

  describe('on anything but a method', () => {
    const decorate = OnMessage() as Raw
    const kindsOn = (target: object): string[] => ownHandlers(target).map(({ kind }) => kind)

    it('record the kind of member: property, static member, accessor, parameter, or class', () => {
      class Odd {
        static method(): void {}
        get value(): number {
          return 1
        }
      }
      decorate(Odd.prototype, 'property', undefined)
      decorate(Odd.prototype, 'value', Object.getOwnPropertyDescriptor(Odd.prototype, 'value'))
      decorate(Odd.prototype, 'method', 0)
      decorate(Odd, 'method', Object.getOwnPropertyDescriptor(Odd, 'method'))
      decorate(Odd, undefined)
      expect(kindsOn(Odd.prototype)).to.deep.equal(['property', 'accessor', 'parameter'])
      expect(kindsOn(Odd)).to.deep.equal(['static member', 'class'])
    })

    it("are recorded by standard decorators in the class's metadata, or else on the method", () => {
      const metadata = {}
      const method = (): void => {}
      decorate(undefined, { kind: 'field', name: 'field', metadata })
      decorate(method, { kind: 'method', name: 'method' })
      expect(kindsOn(metadata)).to.deep.equal(['property'])
      expect(kindsOn(method)).to.deep.equal(['method'])
    })

    it('also record the kind of member as standard decorators', () => {
      const metadata = {}
      const standard = (context: object): void => decorate(undefined, { name: 'it', metadata, ...context })
      standard({ kind: 'class' })
      standard({ kind: 'method', static: true })
      standard({ kind: 'method', private: true })
      standard({ kind: 'getter' })
      standard({ kind: 'accessor' })
      standard({ kind: 'field' })
      standard({ kind: 'field', static: true })
      expect(kindsOn(metadata)).to.deep.equal([
        'class',
        'static member',
        'private member',
        'accessor',
        'accessor',
        'property',
        'static member',
      ])
    })

    it('never throw, even if there is nothing to record on', () => {
      expect(() => decorate(undefined, { kind: 'field', name: 'field' })).not.to.throw()
    })

    it('never throw, whatever their argument', () => {
      class Odd {}
      for (const argument of [Symbol('key'), Object.create(null), null, class {}, () => {}]) {
        const odd = OnMessage(argument as string) as Raw
        expect(() => odd(Odd.prototype, 'method', { value: () => {} })).not.to.throw()
      }
      expect(recordsOf(Odd).map(({ decorator }) => decorator)).to.deep.equal([
        '@OnMessage(Symbol(key))',
        '@OnMessage({…})',
        '@OnMessage(null)',
        '@OnMessage(an anonymous class)',
        '@OnMessage(an anonymous class)',
      ])
    })
  })
})
