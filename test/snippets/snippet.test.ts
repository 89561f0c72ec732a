import { expect } from 'chai'
import { parsePage, tooManyFragments } from './snippet.js'
import type { Kind, Snippet } from './snippet.js'

const fence = (info: string, code: string): string => `\`\`\`${info}\n${code}\n\`\`\`\n`

describe('The snippets of a page', () => {
  it('have the kind that their fence names, and the line on which their code begins', () => {
    const text = `# Title\n\n${fence('ts run', 'start()')}\n${fence('json', '{}')}\n${fence('typescript client', 'class A {}')}`
    expect(parsePage('docs/a.md', text)).to.deep.equal({
      snippets: [
        { page: 'docs/a.md', line: 4, kind: 'run', code: 'start()\n' },
        { page: 'docs/a.md', line: 12, kind: 'client', code: 'class A {}\n' },
      ],
      complaints: [],
    })
  })

  it('are complained about, with page and line, if they have no kind or an unknown one', () => {
    const { snippets, complaints } = parsePage('docs/a.md', fence('ts', 'a') + fence('ts runs', 'b'))
    expect(complaints).to.have.length(2)
    expect(complaints[0]).to.match(/^docs\/a[.]md:2 has no kind[.]/)
    expect(complaints[1]).to.match(/^docs\/a[.]md:5 has the unknown kind "runs"[.]/)
    expect(snippets.map(({ kind }) => kind)).to.deep.equal(['fragment', 'fragment'])
  })

  it('lose the indentation of a list', () => {
    const text = '1. Start:\n\n   ```ts run\n   if (a) {\n     b()\n   }\n   ```\n'
    expect(parsePage('docs/a.md', text).snippets).to.deep.equal([
      { page: 'docs/a.md', line: 4, kind: 'run', code: 'if (a) {\n  b()\n}\n' },
    ])
  })

  it('have the output that the text below shows', () => {
    const text = `${fence('ts run', 'a()')}\nIt prints \`one\`, then \`{ two: 2 }\`.\n`
    expect(parsePage('docs/a.md', text).snippets[0]?.output).to.deep.equal(['one', '{ two: 2 }'])
  })

  it('are fragments in one of ten cases at most', () => {
    const snippets = (fragments: number): readonly Snippet[] =>
      Array.from({ length: 20 }, (_, index) => {
        const kind: Kind = index < fragments ? 'fragment' : 'run'
        return { page: 'docs/a.md', line: index, kind, code: '' }
      })
    expect(tooManyFragments(snippets(2))).to.equal(undefined)
    expect(tooManyFragments(snippets(3))).to.equal(
      '3 of 20 snippets are fragments, and at most a tenth may be: docs/a.md:0, docs/a.md:1, docs/a.md:2',
    )
  })
})
