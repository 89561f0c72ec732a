import { expect } from 'chai'
import { CloseCode } from 'holdfast'
import { checkClose } from '#src/link/close-code.js'

describe('CloseCode', () => {
  it("names the registered codes (RFC 6455, section 7.4.1) and one of Holdfast's own", () => {
    expect(CloseCode).to.deep.equal({
      NORMAL: 1000,
      GOING_AWAY: 1001,
      PROTOCOL_ERROR: 1002,
      UNSUPPORTED_DATA: 1003,
      NO_STATUS: 1005,
      ABNORMAL: 1006,
      INVALID_PAYLOAD: 1007,
      POLICY_VIOLATION: 1008,
      MESSAGE_TOO_BIG: 1009,
      MANDATORY_EXTENSION: 1010,
      INTERNAL_ERROR: 1011,
      SERVICE_RESTART: 1012,
      TRY_AGAIN_LATER: 1013,
      BAD_GATEWAY: 1014,
      RECONNECTING: 4000,
    })
  })
})

describe('checkClose', () => {
  for (const code of [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999,
  ]) {
    it(`accepts ${code}`, () => {
      expect(() => checkClose(code, '')).not.to.throw()
    })
  }

  for (const code of [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, NaN, Infinity, '1000']) {
    it(`rejects ${JSON.stringify(code)} (${String(code)}), and names valid codes`, () => {
      expect(() => checkClose(code as number, '')).to.throw(
        RangeError,
        `Invalid close code${typeof code === 'number' ? ` ${code}` : ': expected a number, received a string'}. Use 1000, 1001, or 3000 to 4999`,
      )
    })
  }

  it('accepts a reason of 123 bytes, the most that fits into a control frame next to the code', () => {
    expect(() => checkClose(1000, 'x'.repeat(123))).not.to.throw()
    expect(() => checkClose(1000, 'ä'.repeat(61))).not.to.throw()
  })

  for (const reason of [undefined, null, 5, new Error('why'), ['why']]) {
    it(`rejects a reason of type ${typeof reason}`, () => {
      expect(() => checkClose(1000, reason)).to.throw(
        TypeError,
        'Invalid close reason: expected a string, received',
      )
    })
  }

  it('counts a reason in bytes, not in characters', () => {
    expect(() => checkClose(1000, 'x'.repeat(124))).to.throw(
      RangeError,
      'Close reason too long: expected at most 123 bytes, received 124',
    )
    expect(() => checkClose(1000, 'ä'.repeat(62))).to.throw(
      RangeError,
      'Close reason too long: expected at most 123 bytes, received 124',
    )
  })
})
