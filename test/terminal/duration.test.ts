import { expect } from 'chai'
import { describeDuration, parseDuration } from '#src/terminal/duration.js'

describe('parseDuration', () => {
  const DURATIONS: Readonly<Record<string, number>> = {
    '500ms': 500,
    '2s': 2_000,
    '1.5s': 1_500,
    '2': 2_000,
    '0': 0,
    '5m': 300_000,
    '1h': 3_600_000,
  }
  for (const [text, milliseconds] of Object.entries(DURATIONS)) {
    it(`reads ${text} as ${milliseconds} ms`, () => {
      expect(parseDuration(text)).to.equal(milliseconds)
    })
  }

  for (const text of ['', 's', '-1s', '2 s', '1e3', '5d', '1000h']) {
    it(`rejects '${text}'`, () => {
      expect(parseDuration(text)).to.equal(undefined)
    })
  }
})

describe('describeDuration', () => {
  it('uses milliseconds below one second, and seconds above', () => {
    expect([3.4, 999, 1_000, 1_549, 61_000].map(describeDuration)).to.deep.equal([
      '3 ms',
      '999 ms',
      '1 s',
      '1.5 s',
      '61 s',
    ])
  })
})
