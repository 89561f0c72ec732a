import { expect } from 'chai'
import { Connection } from 'holdfast'
import { findTokenMistake } from '#src/annotations/token-mistakes.js'
import { recordVersion } from '#src/annotations/metadata.js'

class Store {}

describe('findTokenMistake', () => {
  it('accepts a class, a string, and a symbol', () => {
    for (const token of [Store, class {}, 'limit', Symbol('limit')])
      expect(findTokenMistake(token)).to.equal(undefined)
  })

  it('suggests a circular or type-only import for a missing token', () => {
    for (const token of [undefined, null]) {
      const mistake = findTokenMistake(token)
      expect(mistake?.cause).to.equal(
        `the token is ${String(token)}, usually because of a circular import or \`import type\``,
      )
      expect(mistake?.fix).to.contain('import the class without `type`')
    }
  })

  it('explains which type compilers emit for a type-only import, and how to import the class', () => {
    for (const token of [Object, Function]) {
      const mistake = findTokenMistake(token)
      expect(mistake?.cause).to.contain('a class imported with `import type`')
      expect(mistake?.fix).to.match(/^import the class without `type`/)
    }
  })

  it('distinguishes a built-in type from a class', () => {
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

  it("reports a class from another copy of Holdfast, with that copy's version", () => {
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
