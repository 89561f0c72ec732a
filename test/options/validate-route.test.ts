import { expect } from 'chai'
import { inspect } from 'node:util'
import { checkRoute } from '#src/options/validate-route.js'

const PLACE = 'options.route'
const FIX =
  "use a property ('type'), a path ('data.e'), a position in an array (0, -2), a function, or an array of these"

const KIND = 'expected a string, an integer, or a function, received'

describe('checkRoute', () => {
  const usable: readonly unknown[] = [
    undefined,
    'type',
    'data.e',
    'params.0.id',
    0,
    -2,
    () => 'key',
    ['e', 'data.e', -2, () => 'key'],
  ]
  for (const route of usable) {
    it(`accepts ${inspect(route)}`, () => {
      expect(checkRoute(route, PLACE)).to.deep.equal([])
    })
  }

  const wrong: readonly [unknown, string][] = [
    [[], 'expected at least one route, received an empty array'],
    [true, `${KIND} true`],
    [null, `${KIND} null`],
    [{ secret: 1 }, `${KIND} a plain object`],
    [0.5, `${KIND} 0.5`],
    [NaN, `${KIND} NaN`],
    [2 ** 53, `${KIND} 9007199254740992`],
    ['', 'expected a path, received an empty string'],
    ['a..b', 'path "a..b" has an empty segment'],
    ['.a', 'path ".a" has an empty segment'],
    ['a.', 'path "a." has an empty segment'],
    [['type', {}], `${KIND} a plain object`],
    [['type', ['nested']], `${KIND} an array`],
    [[''], 'expected a path, received an empty string'],
    [[undefined], `${KIND} undefined`],
  ]
  for (const [route, cause] of wrong) {
    it(`reports a route that ${cause}: ${inspect(route)}`, () => {
      const mistakes = checkRoute(route, PLACE)
      expect(mistakes.map((mistake) => mistake.cause)).to.deep.equal([cause])
      expect(mistakes[0]?.place).to.equal(PLACE)
      expect(mistakes[0]?.fix).to.equal(cause.startsWith('path') ? 'remove the extra dot' : FIX)
    })
  }

  it('reports every mistake in a list', () => {
    const mistakes = checkRoute(['a..b', 'type', true], PLACE)
    expect(mistakes.map(({ cause }) => cause)).to.deep.equal([
      'path "a..b" has an empty segment',
      `${KIND} true`,
    ])
  })

  it('reports an async function, alone or in a list', () => {
    const later = async (): Promise<string> => Promise.resolve('key')
    for (const route of [later, ['type', later]]) {
      const [mistake, ...others] = checkRoute(route, PLACE)
      expect(others).to.deep.equal([])
      expect(mistake?.place).to.equal(PLACE)
      expect(mistake?.cause).to.contain('must be synchronous')
      expect(mistake?.fix).to.contain('return the value')
    }
  })
})
