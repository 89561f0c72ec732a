import { expect } from 'chai'
import { type } from 'arktype'
import * as v from 'valibot'
import * as z from 'zod'
import { describeIssue, isSchema } from '#src/core/schema.js'

describe('isSchema', () => {
  it('recognizes schemas from zod, valibot, and arktype', () => {
    for (const schema of [z.string(), v.string(), type('string')]) expect(isSchema(schema)).to.equal(true)
  })

  it('recognizes nothing else', () => {
    const others = [
      undefined,
      null,
      'key',
      5,
      {},
      () => {},
      { '~standard': 1 },
      { '~standard': { validate: 1 } },
    ]
    for (const other of others) expect(isSchema(other)).to.equal(false)
  })
})

describe('describeIssue', () => {
  it('includes the path, whether the segments are keys or objects', () => {
    expect(describeIssue({ message: 'odd', path: ['a', 0, { key: 'b' }] })).to.equal('a.0.b: odd')
    expect(describeIssue({ message: 'odd' })).to.equal('odd')
    expect(describeIssue({ message: 'odd', path: [] })).to.equal('odd')
  })
})
