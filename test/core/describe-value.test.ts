import { expect } from 'chai'
import { describeValue } from '#src/core/describe-value.js'

function* generator(): Generator {
  yield 'secret'
}

describe('describeValue', () => {
  class Named {}
  const rows: readonly [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'a boolean'],
    [5, 'a number'],
    [5n, 'a bigint'],
    ['secret', 'a string'],
    [Symbol('secret'), 'a symbol'],
    [Named, 'the function Named'],
    [(() => () => {})(), 'a function'],
    [['secret'], 'an array'],
    [{ token: 'secret' }, 'a plain object'],
    [Object.create(null), 'a plain object'],
    [new Named(), 'an instance of Named'],
    [new Map(), 'an instance of Map'],
    [Object.create({ constructor: undefined }), 'a plain object'],
    [generator(), 'an instance of Generator'],
    [{ [Symbol.toStringTag]: Symbol('odd') }, 'a plain object'],
  ]
  for (const [value, kind] of rows) {
    it(`returns '${kind}' and omits the contents`, () => {
      expect(describeValue(value)).to.equal(kind)
    })
  }
})
