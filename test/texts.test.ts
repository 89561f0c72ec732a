import { expect } from 'chai'
import { root } from './support/project.js'

interface Texts {
  textsIn(source: string): readonly string[]
  textsOfSource(): string
  storedTexts(): string
}

describe('The texts of the package', () => {
  let texts: Texts

  before(async () => {
    texts = (await import(new URL('scripts/texts.js', root).href)) as Texts
  })

  it('are those of test/texts.txt; `npm run texts` updates the file after a reading', () => {
    expect(texts.textsOfSource().split('\n')).to.deep.equal(texts.storedTexts().split('\n'))
  })

  it('are strings with words and templates with their expressions, in types, too', () => {
    const source = [
      "const error = new Error('It broke')",
      'const detail = `${name} is\n${shown( value )}`',
      'type Complaint = `Pass ${string} instead`',
      "const key = 'word'",
      'const index = `${a} ${b}`',
    ].join('\n')
    expect(texts.textsIn(source)).to.deep.equal([
      'It broke',
      '${name} is\\n${shown( value )}',
      'Pass ${string} instead',
    ])
  })

  it('include both halves of a choice inside a template', () => {
    expect(texts.textsIn("const text = `closed${isClean ? ' by the peer' : ''}`")).to.deep.equal([
      "closed${isClean ? ' by the peer' : ''}",
      ' by the peer',
    ])
  })
})
