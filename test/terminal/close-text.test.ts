import { expect } from 'chai'
import type { CloseInfo } from 'holdfast'
import { describeClose, meaningOf } from '#src/terminal/close-text.js'

function close(part: Partial<CloseInfo>): CloseInfo {
  return {
    code: 1000,
    reason: '',
    wasClean: true,
    initiator: 'remote',
    willReconnect: false,
    unsentBytes: 0,
    connectionNumber: 1,
    ...part,
  }
}

describe('describeClose', () => {
  it("explains the server's code, and quotes its reason", () => {
    expect(describeClose(close({ code: 1013, reason: 'busy' }))).to.equal(
      'Closed by the server with 1013 "busy" (try again later: the server is overloaded)',
    )
  })

  it('escapes the reason', () => {
    expect(describeClose(close({ reason: '\x1b[2J\n> fake' }))).to.include('"\\u001b[2J\\n> fake"')
  })

  it('names our own code, if a close frame was sent', () => {
    expect(describeClose(close({ initiator: 'local', sentCode: 1001 }))).to.equal('Closed with 1001')
    expect(describeClose(close({ initiator: 'local' }))).to.equal('Closed')
  })

  it('explains a loss, unless its error is reported', () => {
    expect(describeClose(close({ initiator: 'network', code: 1006 }))).to.match(
      /^Connection lost \(1006, no close/,
    )
    expect(describeClose(close({ initiator: 'network', code: 1006, error: new Error('x') }))).to.equal(
      'Connection lost',
    )
  })
})

describe('meaningOf', () => {
  it('explains ranges of codes', () => {
    expect([4001, 3500, 2000].map(meaningOf)).to.deep.equal([
      "code of this API: see the API's documentation",
      'code of a library or framework',
      'unknown code',
    ])
  })
})
