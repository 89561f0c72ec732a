import { expect } from 'chai'
import { Invoker } from '#src/dispatch/invoker.js'
import type { HandlerCall } from '#src/dispatch/invoker.js'
import type { Handler } from '#src/annotations/handler-table.js'
import { FACTS } from '../support/facts.js'
import { listenTo } from '../support/heard.js'

function handlerOf(method: string | symbol): Handler {
  return { method, name: `Ticker#${String(method)}`, event: 'message', decorator: '@OnMessage()' }
}

describe('Invoker', () => {
  describe('#call', () => {
    it('calls the method on its instance with both arguments, and returns its result', () => {
      const instance = {
        price: 5,
        tick(event: unknown, context: unknown) {
          return [this.price, event, context]
        },
      }
      const invoker = new Invoker(instance)
      expect(invoker.call(handlerOf('tick'), 'event', 'context')).to.deep.equal([5, 'event', 'context'])
    })

    it('finds inherited methods, and methods named by a symbol', () => {
      const name = Symbol('name')
      class Base {
        tick(): string {
          return 'tick'
        }
        [name](): string {
          return 'symbol'
        }
      }
      class Ticker extends Base {}
      const invoker = new Invoker(new Ticker())
      expect(invoker.call(handlerOf('tick'), 0, 0)).to.equal('tick')
      expect(invoker.call(handlerOf(name), 0, 0)).to.equal('symbol')
    })

    it('rethrows an error thrown by the method', () => {
      const invoker = new Invoker({
        tick() {
          throw new RangeError('odd')
        },
      })
      expect(() => invoker.call(handlerOf('tick'), 0, 0)).to.throw(RangeError, 'odd')
    })
  })

  describe('with an around function', () => {
    it('calls methods that the function does not wrap directly', () => {
      const around = Object.assign(() => 'wrapped', { methods: new Set(['tick']) })
      const invoker = new Invoker({ tick: () => 'called', other: () => 'called' }, around)
      expect(invoker.call(handlerOf('tick'), 0, 0)).to.equal('wrapped')
      expect(invoker.call(handlerOf('other'), 0, 0)).to.equal('called')
    })

    it("passes the call to the function, and returns the function's result", () => {
      const instance = { factor: 2, tick: (event: number): number => event * 2 }
      const calls: HandlerCall[] = []
      const invoker = new Invoker(instance, (call, next) => {
        calls.push(call)
        return [next()]
      })
      expect(invoker.call(handlerOf('tick'), 5, 'context')).to.deep.equal([10])
      expect(calls).to.deep.equal([
        { instance, handler: handlerOf('tick').name, method: 'tick', event: 5, context: 'context' },
      ])
    })

    it('does not call the handler unless next is called, and rethrows errors', () => {
      let ticks = 0
      const invoker = new Invoker({ tick: () => (ticks += 1) }, () => {
        throw new RangeError('refused')
      })
      expect(() => invoker.call(handlerOf('tick'), 0, 0)).to.throw(RangeError, 'refused')
      expect(ticks).to.equal(0)
    })
  })

  describe('with subscribers', () => {
    for (const name of ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const) {
      it(`publishes to a channel that is the only one with a subscriber: ${name}`, async () => {
        using heard = listenTo(`tracing:holdfast:handler:${name}`)
        const invoker = new Invoker({ tick: () => Promise.reject(new Error('odd')) })
        const result = invoker.call(handlerOf('tick'), 0, { connection: { facts: FACTS } })
        await (result as Promise<unknown>).catch(() => undefined)
        expect(heard.events.map(({ handler }) => handler)).to.deep.equal(['Ticker#tick'])
      })
    }
  })

  describe('#release', () => {
    it('marks a call that calls close() in its synchronous part, but no later call', () => {
      const instance = {
        closes: (): void => invoker.release(),
        goesOn: (): void => {},
      }
      const invoker: Invoker = new Invoker(instance)
      expect(invoker.closedDuringCall).to.equal(false)
      invoker.call(handlerOf('closes'), 0, 0)
      expect(invoker.closedDuringCall).to.equal(true)
      invoker.call(handlerOf('goesOn'), 0, 0)
      expect(invoker.closedDuringCall).to.equal(false)
    })

    it('marks an outer call even if an inner call throws', () => {
      const instance = {
        outer: (): void => {
          expect(() => invoker.call(handlerOf('inner'), 0, 0)).to.throw('oops')
        },
        inner: (): void => {
          invoker.release()
          throw new Error('oops')
        },
      }
      const invoker: Invoker = new Invoker(instance)
      invoker.call(handlerOf('outer'), 0, 0)
      expect(invoker.closedDuringCall).to.equal(true)
    })

    it('releases every running call, including outer ones', () => {
      const wasReleased: boolean[] = []
      const instance = {
        outer: (): void => {
          invoker.call(handlerOf('inner'), 0, 0)
          wasReleased.push(invoker.closedDuringCall)
        },
        inner: (): void => invoker.release(),
      }
      const invoker: Invoker = new Invoker(instance)
      invoker.call(handlerOf('outer'), 0, 0)
      wasReleased.push(invoker.closedDuringCall)
      expect(wasReleased).to.deep.equal([true, true])
    })

    it('does not mark an outer call because of an inner call that has already ended', () => {
      const wasReleased: boolean[] = []
      const instance = {
        outer: (): void => {
          invoker.release()
          invoker.call(handlerOf('inner'), 0, 0)
          wasReleased.push(invoker.closedDuringCall)
        },
        inner: (): void => {},
      }
      const invoker: Invoker = new Invoker(instance)
      invoker.call(handlerOf('outer'), 0, 0)
      wasReleased.push(invoker.closedDuringCall)
      expect(wasReleased).to.deep.equal([false, true])
    })

    it('has no effect after an await, which ends the synchronous part', async () => {
      const instance = {
        closes: async (): Promise<void> => {
          await Promise.resolve()
          invoker.release()
        },
      }
      const invoker: Invoker = new Invoker(instance)
      await invoker.call(handlerOf('closes'), 0, 0)
      expect(invoker.closedDuringCall).to.equal(false)
    })
  })
})
