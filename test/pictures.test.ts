import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { documents, readDocument } from './support/markdown.js'
import { filesIn, root, run } from './support/project.js'

const PAGE = 'docs/architecture.md'

/** Returns the files of a way that the page lists; `test/ways.test.ts` compares them with those that run. */
function listed(way: string): readonly string[] {
  const [, below = ''] = readDocument(PAGE).split(`<!-- way: ${way} -->`)
  return [...below.slice(0, below.indexOf('\n```\n')).matchAll(/[\w/-]+[.]ts/g)].map(([file]) => file)
}

describe('The pictures in the docs', function () {
  this.timeout(60_000)

  it('are what npm run pictures generates from their sources', async () => {
    const { code, output } = await run(process.execPath, ['scripts/pictures.js', '--check'])
    expect(output).to.equal('')
    expect(code).to.equal(0)
  })

  for (const way of ['receive', 'send']) {
    it(`name only files that exist, most of them from the list of the path: ${way}`, () => {
      const named = [...readDocument(`docs/pictures/${way}.dot`).matchAll(/[\w/-]+[.]ts/g)].map(
        ([file]) => file,
      )
      expect(named.filter((file) => !existsSync(new URL(`src/${file}`, root)))).to.deep.equal([])
      const onWay = listed(way)
      const common = named.filter((file) => onWay.includes(file))
      expect(common).to.have.length.greaterThan(4)
    })
  }

  it('are all shown on a page, with a description', () => {
    const shown = documents().flatMap((path) =>
      [
        ...readDocument(path).matchAll(/!\[.{20,}\]\((?:[.][.]\/)*(?:docs\/)?(pictures\/[\w-]+[.]svg)\)/g),
      ].map(([, file]) => file),
    )
    const pictures = filesIn('docs/pictures/').filter((path) => path.endsWith('.svg'))
    expect([...new Set(shown)].toSorted()).to.deep.equal(pictures.map((path) => path.slice(5)).toSorted())
  })
})
