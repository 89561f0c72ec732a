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
  it('finds nothing wrong with a method, decorated or named', () => {
    expect(causeOf({})).to.equal(undefined)
    expect(causeOf({ kind: 'named' })).to.equal(undefined)
  })

  describe('tells what else a decorator is on, and what to write instead', () => {
    const rows: [HandlerRecord['kind'], cause: string, fix: string][] = [
      ['property', 'is on a property, which does not exist before the class is made', 'write a method'],
      ['private member', 'is on a private member, which nobody outside of the class', 'name it received'],
      ['static member', 'is on a static member', 'leave out "static"'],
      ['accessor', 'is on an accessor', 'without get, set or accessor'],
      ['class', 'is on a class', 'put it on a method of the class'],
      ['parameter', 'is on a parameter', 'put it on a method of the class'],
      ['uncalled', 'is written without parentheses', 'write @OnMessage()'],
    ]
    for (const [kind, cause, fix] of rows) {
      it(kind, () => {
        expect(causeOf({ kind })).to.contain(`@OnMessage() ${cause}`)
        expect(fixOf({ kind })).to.contain(fix)
      })
    }
  })

  it('knows the events that defineHandlers can name, and no others', () => {
    expect(causeOf({ kind: 'named', event: 'opened' as 'open' })).to.equal(
      "is named for 'opened', which defineHandlers does not know",
    )
    expect(causeOf({ kind: 'named', event: 'open' })).to.equal(undefined)
  })

  it('tells of what is no method, in the words of who named it', () => {
    expect(causeOf({ member: 'missing' })).to.equal('@OnMessage() is on something that is no method any more')
    expect(causeOf({ member: 'missing', kind: 'named' })).to.equal(
      'is no method of the class, and defineHandlers names it (@OnMessage())',
    )
    expect(fixOf({ member: 'missing' })).to.contain('do not override it with anything but a method')
    expect(fixOf({ member: 'missing', kind: 'named' })).to.contain('neither static nor with a #')
  })

  it('tells of more parameters than a handler gets', () => {
    const received = Object.defineProperty((): void => {}, 'length', { value: 3 })
    expect(causeOf({}, { received })).to.equal(
      'takes 3 parameters, and a handler gets 2: the event and its context',
    )
  })

  it('tells of more arguments than an event takes', () => {
    expect(causeOf({ event: 'open', args: ['a'] })).to.contain('names 1 things beside the method')
    expect(causeOf({ event: 'error', args: [TypeError, RangeError] })).to.contain('error takes 1 at most')
    expect(causeOf({ args: ['a', Price, 'b'] })).to.contain('message takes 2 at most')
    expect(causeOf({ event: 'error', args: [TypeError] })).to.equal(undefined)
  })

  it('takes a key, a schema, or a key and a schema for messages', () => {
    for (const args of [['a'], [7], [Price], ['a', Price], [7, Price]]) {
      expect(causeOf({ args })).to.equal(undefined)
    }
    for (const args of [[undefined], [null], [true], [{}], [Symbol('a')], [Price, 'a'], [{}, Price]]) {
      expect(causeOf({ args }), args.map(String).join(', ')).to.contain(
        'a key that is neither a string nor a number',
      )
    }
    for (const args of [
      ['a', undefined],
      ['a', {}],
      ['a', 'b'],
    ]) {
      expect(causeOf({ args }), args.map(String).join(', ')).to.contain(
        'a schema that does not follow Standard Schema',
      )
    }
  })

  it('takes options for messages, and tells of those that there are not', () => {
    const options = { duringOpen: true }
    for (const args of [[options], ['a', options], [Price, options], ['a', Price, options]])
      expect(causeOf({ args })).to.equal(undefined)
    expect(causeOf({ args: ['a', { duringOpen: 'yes' }] })).to.contain('has a duringOpen that is a string')
    expect(causeOf({ args: ['a', { ...options, during: 1 }] })).to.contain('has the unknown option during')
    expect(causeOf({ args: [options, 'a'] })).to.contain('a key that is neither a string nor a number')
    expect(causeOf({ event: 'error', args: [options] })).to.contain('names no class of errors')
  })

  it('asks of what is undefined whether it is imported in a circle', () => {
    const circle = '(is it imported in a circle?)'
    expect(causeOf({ args: [undefined] })).to.contain(circle)
    expect(causeOf({ args: ['a', undefined] })).to.contain(circle)
    expect(causeOf({ event: 'error', args: [undefined] })).to.contain(circle)
    expect(causeOf({ args: [null] })).to.not.contain(circle)
  })

  it('takes Error, and what extends it, for a class of errors', () => {
    class Own extends RangeError {}
    for (const argument of [Error, RangeError, Own]) {
      expect(causeOf({ event: 'error', args: [argument] })).to.equal(undefined)
    }
    for (const argument of [Map, () => {}, 'Error', new Error('made'), null]) {
      expect(causeOf({ event: 'error', args: [argument] })).to.contain('names no class of errors')
    }
  })
})
