import { expect } from 'chai'
import type { CloseInfo } from 'holdfast'
import { exitCodeOf, waitAfterInput, waitAfterOpening } from '#src/cli/ending.js'

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

describe('waitAfterInput', () => {
  const rules = { wait: undefined, count: undefined, hasOpening: false }

  it('is one second by default', () => {
    expect(waitAfterInput(rules)).to.equal(1_000)
  })

  it('is --wait, even if it is 0', () => {
    expect(waitAfterInput({ ...rules, wait: 0, count: 1, hasOpening: true })).to.equal(0)
  })

  it('is unlimited with -x or --count', () => {
    expect(waitAfterInput({ ...rules, hasOpening: true })).to.equal(undefined)
    expect(waitAfterInput({ ...rules, count: 1 })).to.equal(undefined)
  })
})

describe('waitAfterOpening', () => {
  it('is --wait with -x, and otherwise unlimited', () => {
    expect(waitAfterOpening({ wait: 5, count: undefined, hasOpening: true })).to.equal(5)
    expect(waitAfterOpening({ wait: 5, count: undefined, hasOpening: false })).to.equal(undefined)
  })
})

describe('exitCodeOf', () => {
  it('is 0 after our own close, and after 1000, 1001, or no code from the server', () => {
    expect(exitCodeOf(close({ initiator: 'local', code: 1006 }), 0, undefined)).to.equal(0)
    for (const code of [1000, 1001, 1005]) expect(exitCodeOf(close({ code }), 0, undefined)).to.equal(0)
  })

  it('is 3 after another code from the server, after a loss, and after an error', () => {
    expect(exitCodeOf(close({ code: 4001 }), 0, undefined)).to.equal(3)
    expect(exitCodeOf(close({ initiator: 'network', code: 1006 }), 0, undefined)).to.equal(3)
    expect(exitCodeOf(close({ initiator: 'local', error: new Error('no') }), 0, undefined)).to.equal(3)
  })

  it('is 4 if fewer messages arrived than expected, and 0 once they have arrived', () => {
    expect(exitCodeOf(close({}), 1, 2)).to.equal(4)
    expect(exitCodeOf(close({}), 2, 2)).to.equal(0)
    expect(exitCodeOf(close({ code: 4001 }), 1, 2)).to.equal(3)
  })
})
