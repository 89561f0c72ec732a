import { expect } from 'chai'
import * as z from 'zod'
import { findMistake } from '#src/annotations/handler-mistakes.js'
import type { HandlerRecord } from '#src/annotations/metadata.js'

const Price = z.object({ price: z.number() })

class Feed {
  received(): void {}
}

function causeOf(changes: Partial<HandlerRecord>, prototype: object = Feed.prototype): string | undefined {
  const record: HandlerRecord = {
    event: 'message',
    decorator: '@OnMessage()',
    member: 'received',
    kind: 'method',
    args: [],
    ...changes,
  }
  return findMistake(record, prototype)?.cause
}

function fixOf(changes: Partial<HandlerRecord>): string | undefined {
  const record = { event: 'message', decorator: '@OnMessage()', member: '#received', args: [] } as const
  return findMistake({ ...record, kind: 'method', ...changes }, Feed.prototype)?.fix
}

describe('findMistake', () => {
  it('accepts a method, whether decorated or named', () => {
    expect(causeOf({})).to.equal(undefined)
    expect(causeOf({ kind: 'named' })).to.equal(undefined)
  })

  describe('reports a misplaced decorator, with its fix:', () => {
    const rows: [HandlerRecord['kind'], cause: string, fix: string][] = [
      ['property', 'cannot decorate a property', 'use a method'],
      ['private member', 'cannot decorate a private member', 'rename #received to received'],
      ['static member', 'cannot decorate a static member', 'remove "static"'],
      ['accessor', 'cannot decorate an accessor', 'use a method: #received() { … }'],
      ['class', 'cannot decorate a class', 'move it to a method of the class'],
      ['parameter', 'cannot decorate a parameter', 'move it to a method of the class'],
      ['uncalled', 'requires parentheses', 'use @OnMessage()'],
    ]
    for (const [kind, cause, fix] of rows) {
      it(kind, () => {
        expect(causeOf({ kind })).to.contain(`@OnMessage() ${cause}`)
        expect(fixOf({ kind })).to.contain(fix)
      })
    }
  })

  it('reports an unknown event of defineHandlers', () => {
    expect(causeOf({ kind: 'named', event: 'opened' as 'open' })).to.equal(
      'unknown event "opened" in defineHandlers',
    )
    expect(causeOf({ kind: 'named', event: 'open' })).to.equal(undefined)
  })

  it('reports a member that is not a method, for decorators and for defineHandlers', () => {
    expect(causeOf({ member: 'missing' })).to.equal(
      '@OnMessage() decorates a method that a subclass has replaced with something other than a method',
    )
    expect(causeOf({ member: 'missing', kind: 'named' })).to.equal(
      'defineHandlers names "missing", which is not a method (@OnMessage())',
    )
    expect(fixOf({ member: 'missing' })).to.contain('override it with a method')
    expect(fixOf({ member: 'missing', kind: 'named' })).to.contain('use the name of a public instance method')
  })

  it('reports too many parameters', () => {
    const received = Object.defineProperty((): void => {}, 'length', { value: 3 })
    expect(causeOf({}, { received })).to.equal(
      'has 3 parameters, but handlers receive 2: the event and its context',
    )
  })

  it('reports too many arguments', () => {
    expect(causeOf({ event: 'open', args: ['a'] })).to.contain('@OnMessage() takes no arguments, received 1')
    expect(causeOf({ event: 'error', args: [TypeError, RangeError] })).to.contain(
      '@OnMessage() takes at most 1 argument, received 2',
    )
    expect(causeOf({ args: ['a', Price, 'b'] })).to.contain(
      '@OnMessage() takes at most 2 arguments, received 3',
    )
    expect(causeOf({ event: 'error', args: [TypeError] })).to.equal(undefined)
  })

  it('accepts a key, a schema, or both for @OnMessage', () => {
    for (const args of [['a'], [7], [Price], ['a', Price], [7, Price]]) {
      expect(causeOf({ args })).to.equal(undefined)
    }
    for (const args of [[undefined], [null], [true], [{}], [Symbol('a')], [Price, 'a'], [{}, Price]]) {
      expect(causeOf({ args }), args.map(String).join(', ')).to.contain('must be a string or a number')
    }
    for (const args of [
      ['a', undefined],
      ['a', {}],
      ['a', 'b'],
    ]) {
      expect(causeOf({ args }), args.map(String).join(', ')).to.contain('does not implement Standard Schema')
    }
  })

  it('accepts options for @OnMessage, and reports unknown options', () => {
    const options = { duringOpen: true }
    for (const args of [[options], ['a', options], [Price, options], ['a', Price, options]])
      expect(causeOf({ args })).to.equal(undefined)
    expect(causeOf({ args: ['a', { duringOpen: 'yes' }] })).to.contain(
      'duringOpen of @OnMessage() must be a boolean, received a string',
    )
    expect(causeOf({ args: ['a', { ...options, during: 1 }] })).to.contain(
      'unknown option "during" in @OnMessage()',
    )
    expect(causeOf({ args: [options, 'a'] })).to.contain('must be a string or a number')
    expect(causeOf({ event: 'error', args: [options] })).to.contain('is not an error class')
  })

  it('suggests a circular import for an undefined argument', () => {
    const circle = '(circular import?)'
    expect(causeOf({ args: [undefined] })).to.contain(circle)
    expect(causeOf({ args: ['a', undefined] })).to.contain(circle)
    expect(causeOf({ event: 'error', args: [undefined] })).to.contain(circle)
    expect(causeOf({ args: [null] })).to.not.contain(circle)
  })

  it('accepts Error and its subclasses as an error class', () => {
    class Own extends RangeError {}
    for (const argument of [Error, RangeError, Own]) {
      expect(causeOf({ event: 'error', args: [argument] })).to.equal(undefined)
    }
    for (const argument of [Map, () => {}, 'Error', new Error('made'), null]) {
      expect(causeOf({ event: 'error', args: [argument] })).to.contain('is not an error class')
    }
  })
})
