import { expect } from 'chai'
import type { MessageKey } from 'holdfast'
import type { Handler, HandlerTable, MessageHandler } from '#src/annotations/handler-table.js'
import { Router } from '#src/dispatch/router.js'

const TICK: Handler = { method: 'tick', name: 'Ticker#tick', event: 'message', decorator: '@OnMessage()' }
const FIVE: Handler = { method: 'five', name: 'Ticker#five', event: 'message', decorator: '@OnMessage()' }
const REST: Handler = { method: 'rest', name: 'Ticker#rest', event: 'message', decorator: '@OnMessage()' }

function tableOf(rest?: Handler): HandlerTable {
  const messages = new Map<MessageKey, Handler>([
    ['tick', TICK],
    [5, FIVE],
  ])
  return { single: {}, messages, rest, errors: new Map(), anyError: undefined, options: new Map() }
}

describe('Router', () => {
  describe('#keyOf', () => {
    const byType = new Router('type', tableOf())

    it("returns the message's top-level property with that name", () => {
      expect(byType.keyOf({ type: 'tick', price: 1 })).to.equal('tick')
      expect(byType.keyOf({ type: 5 })).to.equal(5)
      expect(new Router('method', tableOf()).keyOf({ type: 'a', method: 'b' })).to.equal('b')
    })

    it('returns undefined if the property is missing', () => {
      for (const message of [{}, { data: { type: 'tick' } }, [], 'tick', 5, true, null, undefined]) {
        expect(byType.keyOf(message)).to.equal(undefined)
      }
    })

    it('ignores inherited properties', () => {
      for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        expect(new Router(name, tableOf()).keyOf({})).to.equal(undefined)
      }
    })

    it('returns the result of a route function, which receives any message', () => {
      const router = new Router((message) => [message], tableOf())
      expect(router.keyOf('text')).to.deep.equal(['text'])
    })

    it('rethrows an error thrown by the route function', () => {
      const router = new Router(() => {
        throw new RangeError('odd')
      }, tableOf())
      expect(() => router.keyOf({})).to.throw(RangeError, 'odd')
    })
  })

  describe('#handlerFor', () => {
    it('returns the handler for a string or number key', () => {
      const router = new Router('type', tableOf(REST))
      expect(router.handlerFor('tick')).to.equal(TICK)
      expect(router.handlerFor(5)).to.equal(FIVE)
    })

    it('does not match a string with a number', () => {
      expect(new Router('type', tableOf()).handlerFor('5')).to.equal(undefined)
    })

    it('otherwise returns the catch-all handler, if there is one', () => {
      for (const key of ['other', undefined, null, {}, 'constructor', '__proto__']) {
        expect(new Router('type', tableOf(REST)).handlerFor(key)).to.equal(REST)
        expect(new Router('type', tableOf()).handlerFor(key)).to.equal(undefined)
      }
    })
  })

  describe('#isDuringOpen', () => {
    const calls = (message: unknown): boolean => (message as { isCall?: boolean }).isCall === true

    it("returns the handler's setting, or else the preset's result", () => {
      const table = tableOf(REST)
      const messages = new Map<MessageKey, MessageHandler>([
        ['yes', { ...TICK, duringOpen: true }],
        ['no', { ...FIVE, duringOpen: false }],
      ])
      const router = new Router('type', { ...table, messages })
      expect(router.hasDuringOpen(calls)).to.equal(true)
      for (const [message, answer] of [
        [{ type: 'yes' }, true],
        [{ type: 'no', isCall: true }, false],
        [{ type: 'else' }, false],
        [{ type: 'else', isCall: true }, true],
      ] as const)
        expect(router.isDuringOpen(message, calls), JSON.stringify(message)).to.equal(answer)
    })

    it('returns false for a message without a handler, or whose route function throws', () => {
      const route = (): never => {
        throw new Error('no')
      }
      expect(new Router('type', tableOf()).isDuringOpen({ type: 'else', isCall: true }, calls)).to.equal(
        false,
      )
      expect(new Router(route, tableOf(REST)).isDuringOpen({ isCall: true }, calls)).to.equal(false)
    })

    it('is known to be false for all messages in advance if neither a handler nor a preset enables it', () => {
      expect(new Router('type', tableOf(REST)).hasDuringOpen(undefined)).to.equal(false)
      const rest = { ...REST, duringOpen: false }
      expect(new Router('type', { ...tableOf(rest), messages: new Map() }).hasDuringOpen(calls)).to.equal(
        false,
      )
    })
  })
})
