import { expect } from 'chai'
import { inOptionWords } from '#src/terminal/option-words.js'

describe('inOptionWords', () => {
  it('names the options of the command line', () => {
    expect(inOptionWords('timed out after 10 ms (connectTimeout)')).to.equal(
      'timed out after 10 ms (--connect-timeout)',
    )
    expect(
      inOptionWords("pass its certificate as tls: { ca }, or pin it: tls: { a: false, b: 'AB:CD' }"),
    ).to.equal('pass its certificate with --ca')
  })

  it('leaves other messages unchanged', () => {
    expect(inOptionWords('Connection lost')).to.equal('Connection lost')
  })
})
