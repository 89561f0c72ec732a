import { expect } from 'chai'
import { endOfPart } from '#src/fast-paths/text-head.js'

const HEAD = Buffer.from('{"type":"')

/** Returns the part that follows the head of a text, in the middle of other bytes. */
function partOf(text: string): string | undefined {
  const bytes = Buffer.from(`before${text},"after"`)
  const end = endOfPart(bytes, 6, 6 + text.length, HEAD)
  return end === 0 ? undefined : bytes.toString('latin1', 6 + HEAD.length, end)
}

describe('endOfPart', () => {
  for (const [text, part] of [
    ['{"type":"tick"}', 'tick'],
    ['{"type":"tick","a":1}', 'tick'],
    ['{"type":""}', ''],
    [`{"type":"${'x'.repeat(99)}"}`, 'x'.repeat(99)],
  ] as const) {
    it(`finds the part in ${text}`, () => {
      expect(partOf(text)).to.equal(part)
    })
  }

  for (const [what, text] of [
    ['the text starts differently', '{"kind":"tick"}'],
    ['there is an extra space', '{"type": "tick"}'],
    ['it has an escape', '{"type":"ti\\u0063k"}'],
    ['it has a control character', '{"type":"ti\nck"}'],
    ['it ends without a delimiter', '{"type":"tick"x}'],
    ['the text ends with its quote', '{"type":"tick"'],
    ['the text ends before its quote', '{"type":"tick'],
    ['the text ends with the head', '{"type":"'],
    ['the text ends in the head', '{"type'],
    ['the text is empty', ''],
    ['it is too long', `{"type":"${'x'.repeat(100)}"}`],
  ] as const) {
    it(`finds none if ${what}`, () => {
      expect(partOf(text)).to.equal(undefined)
    })
  }
})
