import { expect } from 'chai'
import { endOfList, endOfText, openingAt } from '#src/diagnostics/nested-text.js'

/** JSON of a text, inside the JSON of a text, and so on. */
function nested(text: string, levels: number): string {
  return levels === 0 ? text : nested(JSON.stringify(text), levels - 1)
}

describe('endOfText', () => {
  for (const level of [1, 2, 3]) {
    for (const text of ['a', '', 'a"b', 'a\\', '\\"', 'a\\\\"b']) {
      it(`ends where JSON.parse does: ${JSON.stringify(text)} at level ${level}`, () => {
        const whole = nested(text, level)
        const slashes = 2 ** (level - 1) - 1
        const opening = openingAt(whole, whole.indexOf(`${'\\'.repeat(slashes)}"`))
        expect(opening).to.have.property('level', slashes)
        if (!opening) return
        expect(whole.slice(endOfText(whole, opening))).to.equal(['', '"', '\\""'][level - 1])
      })
    }
  }

  it('ends before the quote that ends the text around it', () => {
    const text = '\\"a"'
    expect(endOfText(text, openingAt(text, 0) ?? expect.fail())).to.equal(3)
    const other = `\\"a'b\\"c`
    expect(endOfText(other, openingAt(other, 0) ?? expect.fail())).to.equal(7)
  })

  it('ends at the end of everything if the quote is missing', () => {
    expect(endOfText('"abc', openingAt('"abc', 0) ?? expect.fail())).to.equal(4)
    expect(openingAt('abc', 0)).to.equal(undefined)
  })
})

describe('endOfList', () => {
  for (const list of ['[]', '[1,[2],{"a":[]}]', '{"a":"]}"}', `{'a':'}'}`, '{\\"a\\":\\"}\\"}']) {
    it(`finds the end of ${list}`, () => {
      expect(endOfList(`x${list}]}`, 1)).to.equal(list.length + 1)
    })
  }

  it('ends at the end of everything if the bracket is missing', () => {
    expect(endOfList('[1,"]', 0)).to.equal(5)
    expect(endOfList('[1', 0)).to.equal(2)
  })
})
