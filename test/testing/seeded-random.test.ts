import { expect } from 'chai'
import { createSeededRandom } from 'holdfast/testing'

describe('createSeededRandom', () => {
  it('returns the same numbers for the same seed, on every runtime', () => {
    const random = createSeededRandom(42)
    expect([random(), random(), random()]).to.deep.equal([
      0.6011037519201636, 0.44829055899754167, 0.8524657934904099,
    ])
  })

  it('returns other numbers for another seed', () => {
    expect(createSeededRandom(1)()).to.not.equal(createSeededRandom(2)())
  })

  it('returns numbers from 0 up to 1, evenly spread, even for negative and large seeds', () => {
    for (const seed of [0, -1, Date.now(), Number.MAX_SAFE_INTEGER]) {
      const random = createSeededRandom(seed)
      const counts = new Array<number>(10).fill(0)
      for (let index = 0; index < 10_000; index += 1) {
        const number = random()
        expect(number).to.be.at.least(0).and.below(1)
        counts[Math.floor(number * 10)]! += 1
      }
      for (const count of counts) expect(count, `seed ${seed}`).to.be.within(850, 1_150)
    }
  })

  it('rejects a seed that is not an integer, which could not be repeated', () => {
    for (const seed of [0.5, NaN, Infinity])
      expect(() => createSeededRandom(seed)).to.throw(
        TypeError,
        `Invalid seed: expected an integer, received ${seed}. Use for example 42`,
      )
  })
})
