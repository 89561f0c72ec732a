import { expect } from 'chai'
import { MessageCounter } from '#src/session/connection-stats.js'

/** Returns all counts. */
function countsOf({ unhandled, conflated, dropped }: MessageCounter) {
  return { unhandled, conflated, dropped }
}

describe('MessageCounter', () => {
  it('starts at 0', () => {
    expect(countsOf(new MessageCounter())).to.deep.equal({ unhandled: 0, conflated: 0, dropped: 0 })
  })

  for (const what of ['unhandled', 'conflated', 'dropped'] as const) {
    it(`counts ${what} messages separately`, () => {
      const counter = new MessageCounter()
      counter.add(what, 1)
      counter.add(what, 20)
      counter.add(what, 0)
      expect(countsOf(counter)).to.deep.equal({ unhandled: 0, conflated: 0, dropped: 0, [what]: 21 })
    })
  }
})
