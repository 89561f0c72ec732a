import { expect } from 'chai'
import { HISTORY, Series } from '#src/inspector/series.js'

describe('Series', () => {
  it('returns the latest values, oldest first', () => {
    const series = new Series()
    for (const value of [1, 2, undefined, 4]) series.push(value)
    expect(series.latest(3)).to.deep.equal([2, null, 4])
  })

  it('returns only seconds that have passed', () => {
    const series = new Series()
    series.push(1)
    expect(series.latest(60)).to.deep.equal([1])
  })

  it('forgets all but the last three minutes', () => {
    const series = new Series()
    for (let value = 0; value < 10 * HISTORY; value += 1) series.push(value)
    const values = series.latest(Infinity)
    expect(values).to.have.length(HISTORY)
    expect(values[0]).to.equal(9 * HISTORY)
    expect(values.at(-1)).to.equal(10 * HISTORY - 1)
  })
})
