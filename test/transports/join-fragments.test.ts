import { expect } from 'chai'
import { joinFragments } from '#src/transports/join-fragments.js'

describe('joinFragments', () => {
  it('joins texts', () => {
    expect(joinFragments(['a', '', 'é'], false)).to.equal('aé')
    expect(joinFragments([], false)).to.equal('')
  })

  it('joins bytes into a plain Uint8Array', () => {
    const joined = joinFragments([Uint8Array.of(1, 2), Buffer.of(3)], true)
    expect(joined).to.deep.equal(Uint8Array.of(1, 2, 3))
    expect(Buffer.isBuffer(joined)).to.equal(false)
  })
})
