import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { ExportedNames } from './support/exported-names.js'
import { documents, readDocument, tableBelow } from './support/markdown.js'
import { root } from './support/project.js'

interface Library {
  readonly version: string
  /** Names by the table that lists them. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

type Row = Readonly<Record<string, string>>

const LIBRARIES = JSON.parse(
  readFileSync(new URL('test/data/python-signatures.json', root), 'utf8'),
) as Readonly<Record<string, Library>>

const PAGES = documents().filter((path) => path.startsWith('docs/coming-from/'))

/** Returns the parts of a cell that are code. */
function codeIn(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** Returns the rows of all tables that have a column for Holdfast. */
function rowsOf(page: string): readonly Row[] {
  const text = readDocument(page)
  return [...text.matchAll(/^\|[^|\n]+\| Holdfast *\|/gm)].flatMap(({ index }) =>
    tableBelow(text.slice(index), ''),
  )
}

/** Returns the names in the first column of a table. */
function namesIn(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) => codeIn(Object.values(row)[0]))
}

/** Returns the names that a table leaves out, and the names that it invents. A cell `a.*` covers all names that start with `a.`. */
function compare(
  names: readonly string[],
  listed: readonly string[],
): Readonly<Record<'missing' | 'stale' | 'repeated', readonly string[]>> {
  const covers = (cell: string, name: string): boolean =>
    cell.endsWith('.*') ? name.startsWith(cell.slice(0, -1)) : cell === name
  return {
    missing: names.filter((name) => !listed.some((cell) => covers(cell, name))),
    stale: listed.filter((cell) => !names.some((name) => covers(cell, name))),
    repeated: listed.filter((cell, index) => listed.indexOf(cell) !== index),
  }
}

const NONE = { missing: [], stale: [], repeated: [] }

for (const [library, { version, groups }] of Object.entries(LIBRARIES)) {
  const page = `docs/coming-from/${library}.md`

  describe(page, () => {
    it('names the version that its tables describe', () => {
      expect(readDocument(page)).to.include(`\`${library}\` ${version}`)
    })

    for (const [group, names] of Object.entries(groups)) {
      it(`lists every name of ${group} once, and nothing else`, () => {
        const rows = tableBelow(readDocument(page), `<!-- ${group} -->`)
        expect(compare(names, namesIn(rows))).to.deep.equal(NONE)
      })
    }
  })
}

describe('The pages about other libraries', function () {
  this.timeout(60_000)
  let exported: ExportedNames

  before(() => {
    exported = new ExportedNames()
  })

  it('are found', () => {
    expect(PAGES).to.have.length.greaterThan(4)
  })

  for (const page of PAGES) {
    it(`name only what Holdfast has: ${page}`, () => {
      const names = rowsOf(page).flatMap((row) => codeIn(row['holdfast']))
      expect(names).to.have.length.greaterThan(10)
      expect([...new Set(names)].filter((name) => !exported.has(name))).to.deep.equal([])
    })

    it(`give a reason for each row without a counterpart: ${page}`, () => {
      const rows = rowsOf(page)
      expect(
        rows.filter((row) => codeIn(row['holdfast']).length === 0 && row['holdfast'] !== '–'),
      ).to.deep.equal([])
      expect(rows.filter((row) => row['holdfast'] === '–' && !row['difference'])).to.deep.equal([])
    })

    it(`show the files that far/websockets runs: ${page}`, () => {
      const blocks = [...readDocument(page).matchAll(/<!-- file: (\S+) -->\n\n```.*\n([^]*?)```/g)]
      for (const [, path = '', code] of blocks)
        expect(code, path).to.equal(readFileSync(new URL(path, root), 'utf8'))
    })
  }
})
