import { expect } from 'chai'
import { readDocument } from './support/markdown.js'

/** Stands for a part of a text that varies. */
const VARYING = '…'

/** Returns the constant parts of the texts in test/texts.txt, which another test compares with src. */
function messageTexts(): readonly string[] {
  const expression = /\$\{(?:[^{}]|\{[^{}]*\})*\}/g
  return readDocument('test/texts.txt').replaceAll(expression, VARYING).split(/…|\n/)
}

/** The constant parts of a heading, without the spaces and marks at their ends. */
function partsOf(heading: string): readonly string[] {
  return heading
    .split(VARYING)
    .map((part) => part.replace(/^[\s:.,()]+|[\s:.,(]+$/g, ''))
    .filter((part) => part !== '')
}

/** A text that consists of two literals has at least this many characters of the longer one. */
const LEAST_OF_LONGER = 10

/** Returns true if one literal contains a part, or if two literals share it: their texts meet in a message. */
function isIn(texts: readonly string[], part: string): boolean {
  const has = (piece: string): boolean => texts.some((text) => text.includes(piece))
  const isShared = (at: number): boolean => {
    const pieces = [part.slice(0, at), part.slice(at)]
    return Math.max(...pieces.map(({ length }) => length)) >= LEAST_OF_LONGER && pieces.every(has)
  }
  return has(part) || [...part].some((letter, at) => /[ :,]/.test(letter) && isShared(at))
}

describe('docs/troubleshooting.md', () => {
  const [ours = ''] = readDocument('docs/troubleshooting.md').split(
    '\n## Node.js, TypeScript and other tools\n',
  )
  const headings = [...ours.matchAll(/^### `(.+)`$/gm)].map(([, heading = '']) => heading)
  const texts = messageTexts()

  it('has a heading for each sentence that needs an explanation', () => {
    expect(headings).to.have.length.greaterThan(30)
  })

  for (const heading of headings) {
    it(`quotes what src contains: ${heading}`, () => {
      const parts = partsOf(heading)
      expect(parts.join(' ')).to.have.length.greaterThan(10)
      expect(parts.filter((part) => !isIn(texts, part))).to.deep.equal([])
    })
  }
})
