import { expect } from 'chai'
import { defineHandlers, OnMessage, WebSocketClient } from 'holdfast'
import type { Class } from 'holdfast'
import * as z from 'zod'
import { clientOptions, ownHandlers } from '#src/annotations/metadata.js'
import { handlersOf } from '#src/annotations/handler-table.js'

const Price = z.object({ price: z.number() })

/** `defineHandlers` for plain JavaScript. */
const define = defineHandlers as (target: Class, handlers?: unknown, options?: object) => void

/** Returns the mistakes of a class as lines. */
function linesOf(target: Class): string[] {
  return handlersOf(target).mistakes.map(({ place, cause }) => `${place}: ${cause}`)
}

/** Returns the message handlers by key: their methods, then those of their alternatives. */
function messagesOf(target: Class): Map<unknown, string> {
  const { table, mistakes } = handlersOf(target)
  expect(mistakes).to.deep.equal([])
  return new Map(
    [...table.messages].map(([key, { method, schema }]) => [
      key,
      schema ? `${String(method)}, checked` : String(method),
    ]),
  )
}

class Methods {
  a(): void {}
  b(): void {}
  c(): void {}
  readonly field = 1
  get accessor(): number {
    return 1
  }
  static still(): void {}
}

describe('defineHandlers', () => {
  it('creates the same table as decorators', () => {
    class Decorated {
      @OnMessage('price', Price) a(): void {}
      @OnMessage(Price) b(): void {}
    }
    class Named {
      a(): void {}
      b(): void {}
    }
    defineHandlers(Named, {
      message: [
        ['price', Price, 'a'],
        [Price, 'b'],
      ],
    })
    const plain = ({ table }: ReturnType<typeof handlersOf>) => [
      [...table.messages].map(([key, { method, schema }]) => [key, method, schema]),
      [table.rest?.method, table.rest?.schema],
    ]
    expect(plain(handlersOf(Named))).to.deep.equal(plain(handlersOf(Decorated)))
  })

  it('accepts a map of messages, with or without schemas', () => {
    class Feed extends Methods {}
    defineHandlers(Feed, { message: { ticker: 'a', book: [Price, 'b'], constructor: 'c' } })
    expect(messagesOf(Feed)).to.deep.equal(
      new Map([
        ['ticker', 'a'],
        ['book', 'b, checked'],
        ['constructor', 'c'],
      ]),
    )
  })

  it('treats a numeric key in a map as both the number and its text, because JavaScript does not distinguish them there', () => {
    class Feed extends Methods {}
    defineHandlers(Feed, { message: { 7: 'a', '08': 'b' } })
    class Listed extends Methods {}
    defineHandlers(Listed, { message: [[7, 'a']] })
    expect([...messagesOf(Feed).keys()]).to.deep.equal(['7', 7, '08'])
    expect([...messagesOf(Listed).keys()]).to.deep.equal([7])
  })

  it("adds to a class's own and inherited handlers, as decorators do", () => {
    class Base extends Methods {}
    defineHandlers(Base, { message: [['a', 'a']] })
    class Feed extends Base {
      @OnMessage('d') d(): void {}
    }
    defineHandlers(Feed, { message: [['b', 'b']] })
    defineHandlers(Feed, { message: [['c', 'c']] })
    expect([...messagesOf(Feed).keys()].sort()).to.deep.equal(['a', 'b', 'c', 'd'])
    expect([...messagesOf(Base).keys()]).to.deep.equal(['a'])
  })

  it('sets the class options, as @WebSocketClient does', () => {
    class Feed extends Methods {}
    defineHandlers(Feed, {}, { url: 'ws://peer.test/' })
    expect(clientOptions(Feed)).to.deep.equal({ url: 'ws://peer.test/' })
    @WebSocketClient({ url: 'ws://other.test/' })
    class Optional extends Methods {}
    defineHandlers(Optional, {})
    expect(clientOptions(Optional)).to.deep.equal({ url: 'ws://other.test/' })
  })

  it('ignores an event whose value is undefined', () => {
    class Feed extends Methods {}
    defineHandlers(Feed, { open: undefined, message: 'a', error: undefined })
    expect(ownHandlers(Feed.prototype)).to.have.length(1)
    expect(linesOf(Feed)).to.deep.equal([])
  })

  describe('never throws, but lets bootstrap report', () => {
    it('a class without handlers', () => {
      for (const nothing of [undefined, null, {}, { message: [] }, { message: {} }]) {
        class Feed extends Methods {}
        define(Feed, nothing)
        expect(linesOf(Feed)).to.deep.equal(['Feed: no handlers found'])
      }
    })

    it('an unknown event', () => {
      class Feed extends Methods {}
      define(Feed, { opened: 'a', constructor: 'b' })
      expect(linesOf(Feed)).to.deep.equal([
        'Feed#a: unknown event "opened" in defineHandlers',
        'Feed#b: unknown event "constructor" in defineHandlers',
      ])
      expect(handlersOf(Feed).mistakes[0]?.fix).to.equal(
        'use one of open, message, binary, ping, pong, stateChange, error, closing, close, option',
      )
    })

    it('a name that is not a method', () => {
      class Feed extends Methods {}
      define(Feed, {
        open: 'missing',
        close: 'field',
        ping: 'still',
        pong: 'accessor',
        binary: null,
        message: [['a', 'missing'], [], Price],
        error: { TypeError: 'a' },
      })
      expect(linesOf(Feed)).to.deep.equal([
        `Feed#missing: defineHandlers names "missing", which is not a method (open: ['missing'])`,
        `Feed#field: defineHandlers names "field", which is not a method (close: ['field'])`,
        `Feed#still: defineHandlers names "still", which is not a method (ping: ['still'])`,
        `Feed#accessor: defineHandlers names "accessor", which is not a method (pong: ['accessor'])`,
        `Feed#null: defineHandlers names "null", which is not a method (binary: [null])`,
        `Feed#missing: defineHandlers names "missing", which is not a method (message: ['a', 'missing'])`,
        `Feed#undefined: defineHandlers names "undefined", which is not a method (message: [])`,
        `Feed#[object Object]: defineHandlers names "[object Object]", which is not a method (message: [a zod schema])`,
        `Feed#[object Object]: defineHandlers names "[object Object]", which is not a method (error: [{…}])`,
      ])
    })

    it('an entry with too many arguments', () => {
      class Feed extends Methods {}
      define(Feed, {
        open: [['a', 'b']],
        message: [['a', 'b', Price, 'c']],
        error: [[TypeError, RangeError, 'a']],
      })
      expect(linesOf(Feed)).to.deep.equal([
        "Feed#b: open: ['a', 'b'] takes no arguments, received 1",
        "Feed#c: message: ['a', 'b', a zod schema, 'c'] takes at most 2 arguments, received 3",
        "Feed#a: error: [TypeError, RangeError, 'a'] takes at most 1 argument, received 2",
      ])
      expect(handlersOf(Feed).mistakes.map(({ fix }) => fix)).to.deep.equal([
        'remove them',
        'remove the extra arguments, or use one entry for each',
        'remove the extra arguments, or use one entry for each',
      ])
    })

    it('a second method for the same key', () => {
      class Feed extends Methods {}
      define(Feed, { message: [['a', 'a'], ['a', 'b'], 'c', [Price, 'b']] })
      expect(linesOf(Feed)).to.deep.equal([
        "Feed#b: duplicate message: ['a', 'b']: Feed#a already has it",
        "Feed#b: duplicate message: [a zod schema, 'b']: Feed#c already has it",
      ])
    })
  })
})
