import { expect } from 'chai'
import { escapeText, excerptOf, framesOf, reasonOf, safeString, toError } from '#src/core/error-text.js'

const cause = new Error('beneath')

describe('excerptOf', () => {
  it('returns a text unchanged if it is within the limit', () => {
    expect(excerptOf('abc', 3)).to.equal('abc')
    expect(excerptOf('', 0)).to.equal('')
  })

  it('shortens a longer text to the limit with an ellipsis', () => {
    expect(excerptOf('abcd', 3)).to.equal('abc…')
  })
})

describe('escapeText', () => {
  const forged: readonly (readonly [string, string, string])[] = [
    ['line feeds', 'a\r\n[Api] b\tc', '\\r\\n[Api] b\\t'],
    ['the separators of lines and paragraphs', '\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
    ['terminal escapes', '\u001b[31m\u009b1m\u0007\u007f', '\\u001b[31m\\u009b1m\\u0007\\u007f'],
    ['marks that reorder text', '\u202ea\u2066b\u200f\u061c', '\\u202ea\\u2066b\\u200f\\u061c'],
    ['halves of surrogate pairs', '\ud83da\udc00', '\\ud83da\\udc00'],
  ]
  for (const [what, text, escaped] of forged) {
    it(`escapes ${what}`, () => {
      expect(escapeText(text)).to.contain(escaped)
      expect(escapeText(escapeText(text))).to.equal(escapeText(text))
    })
  }

  it('leaves all other text unchanged', () => {
    const text = 'größer 日本語 😀 👩‍👩‍👧 "quoted" back\\slash'
    expect(escapeText(text)).to.equal(text)
  })
})

describe('framesOf', () => {
  it('returns the stack lines below the message, escaped', () => {
    const error = new TypeError('bad\n    at forged (x)')
    error.stack = `TypeError: bad\n    at forged (x)\n    at Ticker.tick (\u001b[31mticker.ts:5:7)\n  [rest]`
    expect(framesOf(error)).to.deep.equal(['    at Ticker.tick (\\u001b[31mticker.ts:5:7)'])
  })

  it('returns nothing if there is no stack', () => {
    const error = new Error('gap')
    delete error.stack
    expect(framesOf(error)).to.deep.equal([])
  })
})

describe('reasonOf', () => {
  it('returns the message of an error, or its name if the message is empty', () => {
    expect(reasonOf(cause)).to.equal('beneath')
    expect(reasonOf(new RangeError())).to.equal('RangeError')
  })

  it('joins the distinct reasons in an AggregateError that has no message', () => {
    const both = new AggregateError([new Error('::1 refused'), new Error('refused'), new Error('refused')])
    expect(reasonOf(both)).to.equal('::1 refused; refused')
    expect(reasonOf(new AggregateError([cause], 'all failed'))).to.equal('all failed')
  })

  it('converts anything else to text', () => {
    expect(reasonOf('just text')).to.equal('just text')
    expect(reasonOf(undefined)).to.equal('undefined')
  })

  it('returns the type of a value that has no text', () => {
    expect(reasonOf(Object.create(null))).to.equal('object')
  })
})

describe('toError', () => {
  it('returns an error unchanged', () => {
    expect(toError(cause)).to.equal(cause)
  })

  it('wraps anything else in an Error, with the value as the cause', () => {
    const error = toError('just text')
    expect(error).to.be.instanceOf(Error)
    expect(error.message).to.equal('A non-Error value was thrown: just text')
    expect(error.cause).to.equal('just text')
  })

  it('wraps a value that has no text', () => {
    expect(toError(Object.create(null)).message).to.equal('A non-Error value was thrown: object')
  })
})

describe('safeString', () => {
  it('returns the text of a value', () => {
    expect(safeString(5)).to.equal('5')
    expect(safeString(Symbol('s'))).to.equal('Symbol(s)')
  })

  it('returns the type of a value whose conversion throws', () => {
    const stubborn = {
      toString(): string {
        throw new Error('no text')
      },
    }
    expect(safeString(stubborn)).to.equal('object')
    expect(safeString(Object.assign(() => 0, stubborn))).to.equal('function')
  })
})
