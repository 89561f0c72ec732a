import { expect } from 'chai'
import * as z from 'zod'
import { messageArguments } from '#src/annotations/message-arguments.js'

const Price = z.object({ price: z.number() })
const OPTIONS = { duringOpen: true }

describe('messageArguments', () => {
  const rows: [string, readonly unknown[], readonly unknown[], boolean | undefined][] = [
    ['nothing', [], [], undefined],
    ['a key', ['a'], ['a'], undefined],
    ['a schema', [Price], [Price], undefined],
    ['a key and a schema', ['a', Price], ['a', Price], undefined],
    ['options alone', [OPTIONS], [], true],
    ['a key and options', [7, OPTIONS], [7], true],
    ['a schema and options', [Price, OPTIONS], [Price], true],
    ['a key, a schema and options', ['a', Price, OPTIONS], ['a', Price], true],
    ['options that are undefined', ['a', Price, undefined], ['a', Price], undefined],
    ['a schema that is undefined', ['a', undefined], ['a', undefined], undefined],
    ['an object without options', ['a', { type: 'string' }], ['a', { type: 'string' }], undefined],
    ['options in the wrong place', [OPTIONS, 'a'], [OPTIONS, 'a'], undefined],
  ]
  for (const [what, args, names, duringOpen] of rows) {
    it(`recognizes ${what}`, () => {
      const found = messageArguments(args)
      expect(found.names).to.deep.equal(names)
      expect(found.options.duringOpen).to.equal(duringOpen)
      expect(found.schema).to.equal(args.includes(Price) ? Price : undefined)
    })
  }

  it('recognizes a schema that has a property with the same name as an option', () => {
    const schema = Object.assign(Object.create(null) as object, {
      '~standard': Price['~standard'],
      duringOpen: 1,
    })
    expect(messageArguments(['a', schema]).options.duringOpen).to.equal(undefined)
  })
})
