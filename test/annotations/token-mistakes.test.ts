import { expect } from 'chai'
import { Connection } from 'holdfast'
import { findTokenMistake } from '#src/annotations/token-mistakes.js'
import { recordVersion } from '#src/annotations/metadata.js'

class Store {}

describe('findTokenMistake', () => {
  it('finds nothing wrong with a class, a text or a symbol', () => {
    for (const token of [Store, class {}, 'limit', Symbol('limit')])
      expect(findTokenMistake(token)).to.equal(undefined)
  })

  it('asks of what is missing whether it is imported in a circle, or as a type', () => {
    for (const token of [undefined, null]) {
      const mistake = findTokenMistake(token)
      expect(mistake?.cause).to.equal(
        `the token is ${String(token)}, usually because of a circular import or \`import type\``,
      )
      expect(mistake?.fix).to.contain('import the class without `type`')
    }
  })

  it('says what compilers leave of a class that is imported as a type, and how to import it', () => {
    for (const token of [Object, Function]) {
      const mistake = findTokenMistake(token)
      expect(mistake?.cause).to.contain('a class imported with `import type`')
      expect(mistake?.fix).to.match(/^import the class without `type`/)
    }
  })

  it('tells a type of the language from a class', () => {
    const rows: [unknown, string][] = [
      [String, 'a string'],
      [Map, 'a Map'],
      [URL, 'a built-in URL'],
    ]
    for (const [token, kind] of rows) {
      const mistake = findTokenMistake(token)
      expect(mistake?.cause).to.equal(`the type is ${kind}, which cannot be injected`)
      expect(mistake?.fix).to.match(/^use a class as the type/)
    }
  })

  it('says that a class is a part of another copy of Holdfast, and of which version', () => {
    class Other {}
    recordVersion(Other, '9.9.9')
    const mistake = findTokenMistake(Other)
    expect(mistake?.cause).to.match(
      /^Other comes from another copy of holdfast \(version 9\.9\.9; this one is /,
    )
    expect(mistake?.fix).to.contain('npm ls holdfast')
    expect(findTokenMistake(Connection)).not.to.equal(undefined)
  })
})
