import { expect } from 'chai'
import { root } from './support/project.js'

interface Texts {
  textsIn(source: string): readonly string[]
  textsOfSource(): string
  storedTexts(): string
}

describe('The texts in the package', () => {
  let texts: Texts

  before(async () => {
    texts = (await import(new URL('scripts/texts.js', root).href)) as Texts
  })

  it('match test/texts.txt, which `npm run texts` updates after a review', () => {
    expect(texts.textsOfSource().split('\n')).to.deep.equal(texts.storedTexts().split('\n'))
  })

  it('include strings with words and templates with their expressions, even in types', () => {
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

  it('include both branches of a conditional inside a template', () => {
    expect(texts.textsIn("const text = `closed${isClean ? ' by the peer' : ''}`")).to.deep.equal([
      "closed${isClean ? ' by the peer' : ''}",
      ' by the peer',
    ])
  })
})
