import { expect } from 'chai'
import { checkPeriodic, fillInPeriodic } from '#src/options/periodic-option.js'

describe('checkPeriodic', () => {
  it('accepts an interval with any message or a function, and false', () => {
    for (const message of [{ op: 'alive' }, 'alive', null, 0, () => undefined])
      expect(checkPeriodic({ interval: 1, message }, 'here')).to.deep.equal([])
    expect(checkPeriodic(false, 'here')).to.deep.equal([])
  })

  const mistakes: [string, unknown, string, string][] = [
    ['is not an object', 5_000, 'here', 'expected an object or false, received 5000'],
    ['has no interval', { message: 1 }, 'here', '"interval" is missing'],
    ['has no message', { interval: 1 }, 'here', '"message" is missing'],
    ['has an invalid interval', { interval: 0, message: 1 }, 'here.interval', 'received 0'],
    ['has an unknown name', { interval: 1, message: 1, every: 1 }, 'here.every', 'unknown option'],
    [
      'has an async function',
      { interval: 1, message: async () => Promise.resolve(1) },
      'here.message',
      'must be synchronous',
    ],
  ]
  for (const [title, option, place, cause] of mistakes) {
    it(`reports an option that ${title}`, () => {
      const found = checkPeriodic(option, 'here')
      expect(found).to.have.length(1)
      expect(found[0]?.place).to.equal(place)
      expect(found[0]?.cause).to.include(cause)
    })
  }
})

describe('fillInPeriodic', () => {
  it('returns undefined without the option, and for false', () => {
    expect([fillInPeriodic(undefined), fillInPeriodic(false)]).to.deep.equal([undefined, undefined])
  })

  it('copies the option', () => {
    const option = { interval: 5, message: 'alive' }
    const settings = fillInPeriodic(option)
    expect(settings).to.deep.equal(option)
    expect(settings).not.to.equal(option)
  })
})
