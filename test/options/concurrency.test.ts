import { expect } from 'chai'
import { checkConcurrency, fillInConcurrency } from '#src/options/concurrency.js'

const PLACE = 'options.concurrency'

/** Expects exactly one mistake, with its place and parts of its cause and fix. */
function expectMistake(option: unknown, place: string, cause: string, fix: string): void {
  const mistakes = checkConcurrency(option)
  expect(mistakes, JSON.stringify(mistakes)).to.have.length(1)
  expect(mistakes[0]?.place).to.equal(place)
  expect(mistakes[0]?.cause).to.contain(cause)
  expect(mistakes[0]?.fix).to.contain(fix)
}

describe('fillInConcurrency', () => {
  it('leaves a number as it is', () => {
    expect(fillInConcurrency(3)).to.equal(3)
  })

  it('fills in no limit and no skipping, also where they are explicitly undefined (B42)', () => {
    const key = (): string => 'key'
    const filled = { key, limit: Infinity, conflate: false }
    expect(fillInConcurrency({ key })).to.deep.equal(filled)
    expect(fillInConcurrency({ key, limit: undefined, conflate: undefined })).to.deep.equal(filled)
  })

  it('takes what is given', () => {
    const given = { key: 'symbol', limit: 4, conflate: true }
    expect(fillInConcurrency(given)).to.deep.equal(given)
  })
})

describe('checkConcurrency', () => {
  it('finds nothing wrong with a count, or with a key and what may go with it', () => {
    const right = [1, 16, Infinity, { key: 'symbol' }, { key: () => 1, limit: 4, conflate: true }]
    const undefineds = { key: 'symbol', limit: undefined, conflate: undefined }
    for (const option of [...right, undefineds, { key: 'symbol', limit: Infinity, conflate: false }]) {
      expect(checkConcurrency(option)).to.deep.equal([])
    }
  })

  it('is a whole number from 1, Infinity, or an object', () => {
    const fix = 'use 1 or more, Infinity, or { key, limit, conflate }'
    expectMistake(0, PLACE, 'received 0', fix)
    expectMistake(1.5, PLACE, 'received 1.5', fix)
    expectMistake(null, PLACE, 'received null', fix)
    expectMistake('symbol', PLACE, 'received a string', fix)
    expectMistake(['symbol'], PLACE, 'received an array', fix)
  })

  it('tells that an object has no key', () => {
    expectMistake({}, PLACE, 'key is missing', "add key: 'symbol', or use a number to limit all messages")
    expectMistake({ limit: 4 }, PLACE, 'key is missing', "add key: 'symbol'")
  })

  it('has for its key whatever a route may be', () => {
    for (const key of ['symbol', 'data.symbol', 1, ['a', 'b'], () => 'key'])
      expect(checkConcurrency({ key })).to.deep.equal([])
    for (const key of [null, true, {}, [null]])
      expectMistake({ key }, `${PLACE}.key`, 'received ', "use a property ('type'), a path ('data.e')")
    expectMistake({ key: '' }, `${PLACE}.key`, 'received an empty string', 'use a property')
  })

  it('has for its limit a whole number from 1, or Infinity', () => {
    for (const limit of [0, -1, 1.5, NaN, '5', null, false]) {
      const fix = 'use 1 or more, or Infinity for no limit'
      expectMistake({ key: 'symbol', limit }, `${PLACE}.limit`, 'expected a positive integer, received ', fix)
    }
  })

  it('has true or false for conflate', () => {
    for (const conflate of [1, 'yes', null]) {
      expectMistake(
        { key: 'symbol', conflate },
        `${PLACE}.conflate`,
        'expected a boolean, received ',
        'use true or false',
      )
    }
  })

  it('suggests the name that was meant', () => {
    expectMistake(
      { key: 'symbol', conflat: true },
      `${PLACE}.conflat`,
      'unknown option',
      'did you mean "conflate"?',
    )
  })

  it('tells all mistakes at once', () => {
    const mistakes = checkConcurrency({ limit: 0, conflate: 1, by: 'symbol' })
    expect(mistakes.map(({ place }) => place)).to.have.members([
      `${PLACE}.by`,
      PLACE,
      `${PLACE}.limit`,
      `${PLACE}.conflate`,
    ])
  })
})
