import { expect } from 'chai'
import { checkReconnect } from '#src/options/validate-reconnect.js'

const PLACE = 'options.reconnect'

/** Expects exactly one mistake, with its place and parts of its cause and fix. */
function expectMistake(reconnect: unknown, place: string, cause: string, fix: string): void {
  const mistakes = checkReconnect(reconnect, PLACE)
  expect(mistakes, JSON.stringify(mistakes)).to.have.length(1)
  expect(mistakes[0]?.place).to.equal(place)
  expect(mistakes[0]?.cause).to.contain(cause)
  expect(mistakes[0]?.fix).to.contain(fix)
}

const later = (): Promise<number> => Promise.resolve(1)
const asyncFunction = async (): Promise<number> => later()

describe('checkReconnect', () => {
  it('accepts false, and all valid combinations', () => {
    const right = [
      false,
      {},
      { initialDelay: 0, maxDelay: 0, minUptime: 0, maxAttempts: 1, maxRetryAfter: 0 },
      { maxAttempts: Infinity, shouldReconnect: () => true },
      { delays: [0, 1_000] },
      { delays: (failures: number) => failures },
      { delays: [10], initialDelay: 60 },
      { delays: [10], initialDelay: 60_000 },
      { initialDelay: 30_001, maxDelay: 60_000 },
      { initialDelay: undefined, maxDelay: undefined, delays: undefined, maxRetryAfter: undefined },
    ]
    for (const reconnect of right) expect(checkReconnect(reconnect, PLACE)).to.deep.equal([])
  })

  it('rejects anything but an object or false', () => {
    for (const [reconnect, shown] of [
      [true, 'true'],
      [null, 'null'],
    ])
      expectMistake(
        reconnect,
        PLACE,
        `received ${shown}`,
        'or false to end the connection on the first failure',
      )
  })

  it('suggests the option that was probably meant', () => {
    expectMistake({ maxAttempt: 1 }, `${PLACE}.maxAttempt`, 'unknown option', 'did you mean "maxAttempts"?')
    const place = `${PLACE}.maxRetryafter`
    expectMistake({ maxRetryafter: 1 }, place, 'unknown option', 'did you mean "maxRetryAfter"?')
  })

  for (const name of ['initialDelay', 'maxDelay', 'minUptime', 'maxRetryAfter']) {
    it(`requires milliseconds for ${name}`, () => {
      for (const value of [-1, NaN, Infinity, 2 ** 31])
        expectMistake(
          { [name]: value },
          `${PLACE}.${name}`,
          `from 0 to 2147483647, received ${value}`,
          'use a number',
        )
    })
  }

  it('rejects an initialDelay above maxDelay, and above its default', () => {
    const reconnect = { initialDelay: 2, maxDelay: 1 }
    expectMistake(
      reconnect,
      PLACE,
      'initialDelay (2) exceeds maxDelay (1)',
      'lower initialDelay or raise maxDelay',
    )
    expectMistake({ initialDelay: 30_001 }, PLACE, 'exceeds maxDelay (30000)', 'raise maxDelay')
  })

  it('rejects a maxAttempts below 1', () => {
    for (const [maxAttempts, shown] of [
      [0, '0'],
      [-1, '-1'],
      [1.5, '1.5'],
      ['3', 'a string'],
      [null, 'null'],
      [NaN, 'NaN'],
    ])
      expectMistake(
        { maxAttempts },
        `${PLACE}.maxAttempts`,
        `received ${shown}`,
        'use 1 or more, or set reconnect: false',
      )
  })

  it('requires at least one delay, and only times', () => {
    for (const delays of [[], [1, -1], ['1']])
      expectMistake(
        { delays },
        `${PLACE}.delays`,
        'expected a non-empty list of milliseconds',
        'use delays: [1_000, 5_000]',
      )
    expectMistake({ delays: 5 }, `${PLACE}.delays`, 'received 5', 'use delays')
  })

  it('rejects a maxDelay with delays, which replaces it', () => {
    expectMistake({ delays: [1], maxDelay: 1 }, PLACE, 'delays replaces maxDelay', 'remove one or the other')
  })

  it('requires synchronous functions', () => {
    const place = `${PLACE}.shouldReconnect`
    expectMistake(
      { shouldReconnect: true },
      place,
      'expected a function, received true',
      'use shouldReconnect: (…) => …',
    )
    expectMistake({ shouldReconnect: asyncFunction }, place, 'must be synchronous', 'return the value')
    expectMistake({ delays: asyncFunction }, `${PLACE}.delays`, 'must be synchronous', 'return the value')
  })
})
