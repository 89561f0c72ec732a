import { expect } from 'chai'
import { EXCHANGES } from './support/exchanges.js'
import { DOCUMENTED } from './support/recipes.js'
import { compile, fileOf, folder } from './snippets/compile.js'
import { SCRIPTS } from './snippets/pages/index.js'
import { runSnippets } from './snippets/runner.js'
import { parsePages, tooManyFragments } from './snippets/snippet.js'
import type { Snippet } from './snippets/snippet.js'

const { snippets, complaints: wrongFences } = parsePages()
const pages = [...new Set(snippets.map(({ page }) => page))]

/** Recipes that a test plays to their API, from its recordings or its documentation. */
const PLAYED_ELSEWHERE = new Set([...Object.keys(EXCHANGES), ...DOCUMENTED])

/** Returns whether a snippet is the class of a recipe, which other tests run: always the first one of its page. */
function isPlayedElsewhere({ page, line }: Snippet): boolean {
  const name = /^docs\/recipes\/(.*)[.]md$/.exec(page)?.[1] ?? ''
  const first = snippets.find((snippet) => snippet.page === page)
  return first?.line === line && PLAYED_ELSEWHERE.has(name)
}

const runnable = snippets.filter((snippet) => snippet.kind !== 'fragment' && !isPlayedElsewhere(snippet))

describe('The code in the documents', function () {
  this.timeout(180_000)
  let complaints: readonly string[] = []
  let failures: ReadonlyMap<Snippet, readonly string[]> = new Map()

  before(async () => {
    complaints = await compile(folder, snippets)
    failures = await runSnippets(folder, runnable)
  })

  it('names the kind of every block', () => {
    expect(wrongFences).to.deep.equal([])
  })

  it('is run, except for at most a tenth of it', () => {
    expect(tooManyFragments(snippets)).to.equal(undefined)
  })

  for (const page of pages) {
    it(`compiles in strict mode: ${page}`, () => {
      const files = snippets.filter((snippet) => snippet.page === page).map(fileOf)
      expect(complaints.filter((line) => files.some((file) => line.startsWith(`${file}.ts(`)))).to.deep.equal(
        [],
      )
    })
  }

  it('contains the classes, functions, and hosts that have scripts', () => {
    const unknown = Object.entries(SCRIPTS).flatMap(([page, scripts]) => {
      const code = snippets.flatMap((snippet) => (snippet.page === page ? [snippet.code] : [])).join('')
      const names = Object.keys(scripts).map((name) => name.replace(/ \d+$/, ''))
      return names.filter((name) => !code.includes(name)).map((name) => `${page}: ${name}`)
    })
    expect(unknown).to.deep.equal([])
  })

  it('causes no complaints about anything else', () => {
    const names = snippets.map((snippet) => `${fileOf(snippet)}.ts(`)
    expect(complaints.filter((line) => !names.some((name) => line.startsWith(name)))).to.deep.equal([])
  })

  for (const snippet of runnable) {
    it(`${snippet.page}:${snippet.line} runs as the page says`, () => {
      expect(failures.get(snippet)?.join('\n') ?? 'was not run').to.equal('')
    })
  }
})
