import { expect } from 'chai'
import { inspect } from 'node:util'
import { checkRoute } from '#src/options/validate-route.js'

const PLACE = 'options.route'
const FIX = "give a property ('type'), a path ('data.e'), a position (0, -2), a function, or a list of these"

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
    [[], 'is an empty list'],
    [true, 'is true'],
    [null, 'is null'],
    [{ secret: 1 }, 'is a plain object'],
    [0.5, 'is 0.5'],
    [NaN, 'is NaN'],
    [2 ** 53, 'is 9007199254740992'],
    ['', "'' has an empty name in it"],
    ['a..b', "'a..b' has an empty name in it"],
    ['.a', "'.a' has an empty name in it"],
    ['a.', "'a.' has an empty name in it"],
    [['type', {}], 'is a plain object'],
    [['type', ['nested']], 'is an array'],
    [[''], "'' has an empty name in it"],
    [[undefined], 'is undefined'],
  ]
  for (const [route, cause] of wrong) {
    it(`reports a route that ${cause}: ${inspect(route)}`, () => {
      const mistakes = checkRoute(route, PLACE)
      expect(mistakes.map((mistake) => mistake.cause)).to.deep.equal([cause])
      expect(mistakes[0]?.place).to.equal(PLACE)
      expect(mistakes[0]?.fix).to.equal(FIX)
    })
  }

  it('reports every mistake in a list', () => {
    const mistakes = checkRoute(['a..b', 'type', true], PLACE)
    expect(mistakes.map(({ cause }) => cause)).to.deep.equal(["'a..b' has an empty name in it", 'is true'])
  })

  it('reports an async function, alone or in a list', () => {
    const later = async (): Promise<string> => Promise.resolve('key')
    for (const route of [later, ['type', later]]) {
      const [mistake, ...others] = checkRoute(route, PLACE)
      expect(others).to.deep.equal([])
      expect(mistake?.place).to.equal(PLACE)
      expect(mistake?.cause).to.contain('is an async function')
      expect(mistake?.fix).to.contain('return the result itself')
    }
  })
})
