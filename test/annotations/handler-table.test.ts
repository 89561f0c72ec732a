import { expect } from 'chai'
import * as z from 'zod'
import {
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
  defineHandlers,
} from 'holdfast'
import type { Class, Mistake } from 'holdfast'
import { handlersOf } from '#src/annotations/handler-table.js'
import type { HandlerTable } from '#src/annotations/handler-table.js'

const Price = z.object({ price: z.number() })

/** Returns the table of a class without mistakes. */
function tableOf(target: Class): HandlerTable {
  const { table, mistakes } = handlersOf(target)
  expect(mistakes).to.deep.equal([])
  return table
}

/** Returns the mistakes of a class as lines. */
function linesOf(target: Class): string[] {
  return handlersOf(target).mistakes.map(({ place, cause }: Mistake) => `${place}: ${cause}`)
}

/** Returns the handlers by key. */
function keysOf(target: Class): Record<string, string> {
  const entries = [...tableOf(target).messages].map(([key, { name }]) => [String(key), name] as const)
  return Object.fromEntries(entries)
}

describe('handlersOf', () => {
  it('returns each kind of handler', () => {
    class Every {
      @OnOpen() open(): void {}
      @OnBinary() binary(): void {}
      @OnPing() ping(): void {}
      @OnPong() pong(): void {}
      @OnStateChange() state(): void {}
      @OnClosing() closing(): void {}
      @OnClose() close(): void {}
      @OnMessage('a') a(): void {}
      @OnMessage(1) one(): void {}
      @OnMessage() rest(): void {}
      @OnError(TypeError) typed(): void {}
      @OnError() any(): void {}
    }
    const { single, messages, rest, errors, anyError } = tableOf(Every)
    expect(Object.entries(single).map(([event, { name }]) => [event, name])).to.have.deep.members([
      ['open', 'Every#open'],
      ['binary', 'Every#binary'],
      ['ping', 'Every#ping'],
      ['pong', 'Every#pong'],
      ['stateChange', 'Every#state'],
      ['closing', 'Every#closing'],
      ['close', 'Every#close'],
    ])
    expect([...messages].map(([key, { name }]) => [key, name])).to.deep.equal([
      ['a', 'Every#a'],
      [1, 'Every#one'],
    ])
    expect(rest?.name).to.equal('Every#rest')
    expect(errors.get(TypeError.prototype)?.name).to.equal('Every#typed')
    expect(anyError?.name).to.equal('Every#any')
  })

  it('reads each class only once', () => {
    class Once {
      @OnMessage() rest(): void {}
    }
    expect(handlersOf(Once)).to.equal(handlersOf(Once))
  })

  it('accepts a symbol as a method name', () => {
    const received = Symbol('received')
    class Symbolic {
      @OnMessage() [received](): void {}
    }
    expect(tableOf(Symbolic).rest).to.include({ method: received, name: 'Symbolic#Symbol(received)' })
  })

  it('does not confuse keys with properties of Object.prototype', () => {
    class Proto {
      @OnMessage('__proto__') proto(): void {}
    }
    const { messages } = tableOf(Proto)
    expect(messages.get('__proto__')?.name).to.equal('Proto#proto')
    expect(messages.get('constructor')).to.equal(undefined)
  })

  describe('several decorators on one method', () => {
    it('give it several roles', () => {
      class Both {
        @OnMessage('a')
        @OnMessage('b')
        @OnMessage()
        received(): void {}
      }
      expect(keysOf(Both)).to.deep.equal({ a: 'Both#received', b: 'Both#received' })
      expect(tableOf(Both).rest?.name).to.equal('Both#received')
    })

    it('are allowed if they are the same', () => {
      class Twice {
        @OnMessage('a')
        @OnMessage('a')
        received(): void {}
      }
      expect(keysOf(Twice)).to.deep.equal({ a: 'Twice#received' })
    })
  })

  describe('inheritance', () => {
    class Base {
      @OnOpen() opened(): string {
        return 'base'
      }
      @OnMessage('a') a(): void {}
    }

    it('includes the handlers of the base class', () => {
      class Derived extends Base {
        @OnMessage('b') b(): void {}
      }
      expect(keysOf(Derived)).to.deep.equal({ a: 'Derived#a', b: 'Derived#b' })
      expect(tableOf(Derived).single.open?.method).to.equal('opened')
    })

    it('keeps the role of an overridden method', () => {
      class Derived extends Base {
        override opened(): string {
          return 'derived'
        }
      }
      const { method } = tableOf(Derived).single.open!
      expect(new Derived()[method as 'opened']()).to.equal('derived')
    })

    it('accepts an override that repeats the decorator', () => {
      class Derived extends Base {
        @OnOpen() override opened(): string {
          return 'derived'
        }
        @OnMessage('a') override a(): void {}
      }
      expect(tableOf(Derived).single.open?.method).to.equal('opened')
      expect(keysOf(Derived)).to.deep.equal({ a: 'Derived#a' })
    })

    it('adds the roles of an override to those of the overridden method', () => {
      class Derived extends Base {
        @OnMessage('c') override a(): void {}
      }
      expect(keysOf(Derived)).to.deep.equal({ a: 'Derived#a', c: 'Derived#a' })
    })

    it('B43: keeps the handlers of two subclasses of one base class separate', () => {
      class Left extends Base {
        @OnMessage('left') left(): void {}
      }
      class Right extends Base {
        @OnMessage('right') right(): void {}
      }
      expect(Object.keys(keysOf(Left))).to.deep.equal(['a', 'left'])
      expect(Object.keys(keysOf(Right))).to.deep.equal(['a', 'right'])
      expect(Object.keys(keysOf(Base))).to.deep.equal(['a'])
    })

    it('checks the parameters of the method that will be called', () => {
      class Derived extends Base {
        override a(): void {}
      }
      Object.defineProperty(Derived.prototype.a, 'length', { value: 3 })
      expect(linesOf(Derived)).to.deep.equal([
        'Base#a: has 3 parameters, but handlers receive 2: the event and its context',
      ])
    })

    it('reports a handler that duplicates an inherited one, and names both', () => {
      class Derived extends Base {
        @OnOpen() again(): void {}
      }
      expect(linesOf(Derived)).to.deep.equal([
        'Derived#again: duplicate @OnOpen(): Base#opened already has it',
      ])
    })

    it('reports a handler that was overridden by something other than a method', () => {
      class Derived extends Base {}
      Object.defineProperty(Derived.prototype, 'a', { value: 5 })
      expect(linesOf(Derived)).to.deep.equal([
        "Base#a: @OnMessage('a') decorates a method that a subclass has replaced with something other than a method",
      ])
    })
  })

  describe('duplicates', () => {
    it('are reported with both methods for every event that allows only one handler (B38)', () => {
      class Twins {
        @OnOpen() open1(): void {}
        @OnOpen() open2(): void {}
        @OnBinary() binary1(): void {}
        @OnBinary() binary2(): void {}
        @OnPing() ping1(): void {}
        @OnPing() ping2(): void {}
        @OnPong() pong1(): void {}
        @OnPong() pong2(): void {}
        @OnStateChange() state1(): void {}
        @OnStateChange() state2(): void {}
        @OnClosing() closing1(): void {}
        @OnClosing() closing2(): void {}
        @OnClose() close1(): void {}
        @OnClose() close2(): void {}
        @OnMessage() rest1(): void {}
        @OnMessage() rest2(): void {}
        @OnMessage('a') a1(): void {}
        @OnMessage('a') a2(): void {}
        @OnError() error1(): void {}
        @OnError() error2(): void {}
        @OnError(TypeError) typed1(): void {}
        @OnError(TypeError) typed2(): void {}
      }
      expect(linesOf(Twins)).to.have.members([
        'Twins#open2: duplicate @OnOpen(): Twins#open1 already has it',
        'Twins#binary2: duplicate @OnBinary(): Twins#binary1 already has it',
        'Twins#ping2: duplicate @OnPing(): Twins#ping1 already has it',
        'Twins#pong2: duplicate @OnPong(): Twins#pong1 already has it',
        'Twins#state2: duplicate @OnStateChange(): Twins#state1 already has it',
        'Twins#closing2: duplicate @OnClosing(): Twins#closing1 already has it',
        'Twins#close2: duplicate @OnClose(): Twins#close1 already has it',
        'Twins#rest2: duplicate @OnMessage(): Twins#rest1 already has it',
        "Twins#a2: duplicate @OnMessage('a'): Twins#a1 already has it",
        'Twins#error2: duplicate @OnError(): Twins#error1 already has it',
        'Twins#typed2: duplicate @OnError(TypeError): Twins#typed1 already has it',
      ])
    })

    it('do not include a number and the same number as text', () => {
      class Near {
        @OnMessage(1) number(): void {}
        @OnMessage('1') text(): void {}
      }
      expect([...tableOf(Near).messages.keys()]).to.deep.equal([1, '1'])
    })
  })

  describe('schemas', () => {
    const Other = z.object({ volume: z.number() })

    it('are part of the handler, whether or not it has a key', () => {
      class Priced {
        @OnMessage('ticker', Price) tick(): void {}
        @OnMessage(Price) rest(): void {}
      }
      const { messages, rest } = tableOf(Priced)
      expect(messages.get('ticker')).to.deep.equal({
        method: 'tick',
        name: 'Priced#tick',
        event: 'message',
        decorator: "@OnMessage('ticker', a zod schema)",
        schema: Price,
      })
      expect(rest?.schema).to.equal(Price)
    })

    it('let several methods handle one key, tried in declaration order, with the method without a schema last', () => {
      class Several {
        @OnMessage('book') rest(): void {}
        @OnMessage('book', Price) price(): void {}
        @OnMessage('book', Other) other(): void {}
      }
      const first = tableOf(Several).messages.get('book')
      const names = [first, first?.alternative, first?.alternative?.alternative].map((each) => each?.method)
      expect(names).to.deep.equal(['price', 'other', 'rest'])
    })

    it('can be combined with options, which must agree for each key', () => {
      class Early {
        @OnMessage('a', { duringOpen: true }) a(): void {}
        @OnMessage('b', Price, { duringOpen: false }) b(): void {}
        @OnMessage('c', Price, { duringOpen: true }) c1(): void {}
        @OnMessage('c', Other, { duringOpen: true }) c2(): void {}
        @OnMessage('d') d(): void {}
        @OnMessage({ duringOpen: true }) rest(): void {}
      }
      const { messages, rest } = tableOf(Early)
      const early = [...messages].map(([key, { duringOpen, schema }]) => [key, duringOpen, schema])
      expect(early).to.deep.equal([
        ['a', true, undefined],
        ['b', false, Price],
        ['c', true, Price],
        ['d', undefined, undefined],
      ])
      expect(rest).to.deep.include({ duringOpen: true, isCatchAll: true })
    })

    it('are reported if methods for one key disagree on duringOpen', () => {
      class Torn {
        @OnMessage('a', Price, { duringOpen: true }) first(): void {}
        @OnMessage('a', Other) second(): void {}
      }
      const [mistake] = handlersOf(Torn).mistakes
      expect(mistake?.place).to.equal('Torn#second')
      expect(mistake?.cause).to.equal('duringOpen does not match Torn#first, which handles the same key')
      expect(mistake?.fix).to.contain('use the same duringOpen for both')
    })

    it('let one method handle messages with one key in two shapes', () => {
      class Both {
        @OnMessage('book', Price) @OnMessage('book', Other) book(): void {}
      }
      const first = tableOf(Both).messages.get('book')
      expect([first?.schema, first?.alternative?.schema]).to.deep.equal([Other, Price])
    })

    it('are reported if two methods for one key have the same schema', () => {
      class Same {
        @OnMessage('book', Price) first(): void {}
        @OnMessage('book', Price) second(): void {}
      }
      expect(linesOf(Same)).to.deep.equal([
        "Same#second: duplicate @OnMessage('book', a zod schema): Same#first already has it",
      ])
      expect(handlersOf(Same).mistakes[0]?.fix).to.contain('or give each its own schema')
    })

    it('do not allow a second catch-all handler', () => {
      class Rests {
        @OnMessage(Price) first(): void {}
        @OnMessage() second(): void {}
      }
      expect(linesOf(Rests)).to.deep.equal([
        'Rests#second: duplicate @OnMessage(): Rests#first already has it',
      ])
    })

    it("are replaced by a subclass's schemas", () => {
      class Base {
        @OnMessage('ticker', Price) tick(): void {}
      }
      class Derived extends Base {
        @OnMessage('ticker', Other) override tick(): void {}
      }
      const { schema, alternative } = tableOf(Derived).messages.get('ticker')!
      expect(schema).to.equal(Other)
      expect(alternative).to.equal(undefined)
      expect(tableOf(Base).messages.get('ticker')?.schema).to.equal(Price)
    })

    it("are replaced by a subclass's schemas even if the subclass has the same name as its base class", () => {
      const base = () => {
        class Feed {
          @OnMessage('ticker', Price) tick(): void {}
        }
        return Feed
      }
      class Feed extends base() {
        @OnMessage('ticker', Other) override tick(): void {}
      }
      const { schema, alternative } = tableOf(Feed).messages.get('ticker')!
      expect(schema).to.equal(Other)
      expect(alternative).to.equal(undefined)
    })
  })

  describe('standard decorators without metadata', () => {
    /** Decorates like compilers of an older proposal. */
    type Old = (value: unknown, context: { kind: string; name: string | symbol; private?: boolean }) => void
    const decorate = OnMessage() as unknown as Old
    const received = Symbol('received')

    it('record the role on the method, whatever its name', () => {
      class Feed {
        [received](): void {}
      }
      decorate(Feed.prototype[received], { kind: 'method', name: received })
      expect(tableOf(Feed).rest?.method).to.equal(received)
    })

    it('are reported on a getter and on a setter', () => {
      class Feed {
        get price(): number {
          return 1
        }
        set volume(_volume: number) {}
      }
      const members = Object.getOwnPropertyDescriptors(Feed.prototype)
      decorate(members.price.get, { kind: 'getter', name: 'price' })
      decorate(members.volume.set, { kind: 'setter', name: 'volume' })
      expect(linesOf(Feed)).to.deep.equal([
        'Feed#price: @OnMessage() cannot decorate an accessor',
        'Feed#volume: @OnMessage() cannot decorate an accessor',
      ])
    })

    it('leave no trace on a field, so that only the missing handlers are reported', () => {
      class Feed {
        readonly received = (): void => {}
      }
      decorate(undefined, { kind: 'field', name: 'received' })
      expect(linesOf(Feed)).to.deep.equal(['Feed: no handlers found'])
    })
  })

  describe('a class decorator', () => {
    it('is reported if it has no parentheses, or anything but options as its argument', () => {
      class Odd {
        @OnMessage() received(): void {}
      }
      ;(WebSocketClient as (options: unknown) => (target: Class) => void)('ws://peer.test/?token=secret')(Odd)
      expect(linesOf(Odd)).to.deep.equal(['Odd: @WebSocketClient takes an object, received a string'])
      class Bare {
        @OnMessage() received(): void {}
      }
      ;(WebSocketClient as unknown as (target: Class) => void)(Bare)
      const [mistake] = handlersOf(Bare).mistakes
      expect(mistake).to.deep.equal({
        place: 'Bare',
        cause: '@WebSocketClient requires parentheses',
        fix: 'use @WebSocketClient()',
      })
    })
  })

  describe('names', () => {
    it('describe an anonymous class, and ignore a static member named "name"', () => {
      const anonymous = (() =>
        class {
          received(): void {}
        })()
      class Named {
        static readonly title = 'title'
        received(): void {}
      }
      Object.defineProperty(Named, 'name', { value: () => Named.title })
      for (const each of [anonymous, Named]) defineHandlers(each as typeof Named, { message: 'received' })
      expect(tableOf(anonymous).rest?.name).to.equal('an anonymous class#received')
      expect(tableOf(Named).rest?.name).to.equal('an anonymous class#received')
    })
  })

  describe('arguments', () => {
    it('can be a string or a number, a schema, or both for @OnMessage', () => {
      class Odd {
        @OnMessage(undefined) lost(): void {}
        @OnMessage({} as string) object(): void {}
        @OnMessage({ '~standard': {} } as never) halfSchema(): void {}
        @OnMessage('key', { parse: () => 1 } as never) oldSchema(): void {}
        @OnMessage('key', undefined as never) lostSchema(): void {}
        @OnMessage(Price as never, 'key' as never) turned(): void {}
      }
      expect(linesOf(Odd)).to.deep.equal([
        'Odd#lost: the key of @OnMessage(undefined) must be a string or a number, received undefined (circular import?)',
        'Odd#object: the key of @OnMessage({…}) must be a string or a number, received a plain object',
        'Odd#halfSchema: the key of @OnMessage({…}) must be a string or a number, received a plain object',
        "Odd#oldSchema: the schema of @OnMessage('key', {…}) does not implement Standard Schema",
        "Odd#lostSchema: the schema of @OnMessage('key', undefined) does not implement Standard Schema (circular import?)",
        "Odd#turned: the key of @OnMessage(a zod schema, 'key') must be a string or a number, received an instance of ZodObject",
      ])
    })

    it('must be error classes for @OnError', () => {
      class Odd {
        @OnError(undefined as never) lost(): void {}
        @OnError(Map as unknown as typeof Error) map(): void {}
      }
      expect(linesOf(Odd)).to.deep.equal([
        'Odd#lost: the argument of @OnError(undefined) is not an error class (circular import?)',
        'Odd#map: the argument of @OnError(Map) is not an error class',
      ])
    })

    it('can be at most one error class, or one key and one schema', () => {
      type Loose = (...args: unknown[]) => (target: object, member: string, descriptor: object) => void
      class Odd {
        two(): void {}
        three(): void {}
      }
      const descriptor = { value: Odd.prototype.two }
      ;(OnError as Loose)(TypeError, RangeError)(Odd.prototype, 'two', descriptor)
      ;(OnMessage as Loose)('a', Price, 'b')(Odd.prototype, 'three', descriptor)
      expect(linesOf(Odd)).to.deep.equal([
        'Odd#two: @OnError(TypeError, RangeError) takes at most 1 argument, received 2',
        "Odd#three: @OnMessage('a', a zod schema, 'b') takes at most 2 arguments, received 3",
      ])
    })

    it('can be Error itself for @OnError', () => {
      class All {
        @OnError(Error) failed(): void {}
      }
      expect(tableOf(All).errors.get(Error.prototype)?.name).to.equal('All#failed')
    })
  })
})
