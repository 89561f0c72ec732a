import { expect } from 'chai'
import Slugger from 'github-slugger'
import { existsSync, statSync } from 'node:fs'
import { documents, readDocument } from './support/markdown.js'
import { filesIn, root } from './support/project.js'

/** A link of a document to another place of the repository. */
interface Link {
  readonly line: number
  readonly target: string
}

const MORE = [
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  '.changeset/README.md',
  'bench/README.md',
  'scripts/lint/README.md',
  ...filesIn('examples/', new Set(['node_modules'])).filter((path) => path.endsWith('.md')),
]

/** Returns the text with its code blanked, line by line, because code contains brackets and comments with `#`. */
function withoutCode(text: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  return text.replace(/^```[^]*?^```/gm, blank)
}

function linksOf(text: string): readonly Link[] {
  const prose = withoutCode(text)
  const inline = /\]\(\s*<?([^)\s>]+)>?[^)]*\)|<img[^>]*\ssrc="([^"]+)"|^\[[^\]]+\]:\s*(\S+)/gm
  return [...prose.matchAll(inline)]
    .map((match) => ({
      line: prose.slice(0, match.index).split('\n').length,
      target: match[1] ?? match[2] ?? match[3] ?? '',
    }))
    .filter(({ target }) => !/^[a-z]+:/.test(target))
}

/** Returns the anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): ReadonlySet<string> {
  const slugger = new Slugger()
  const headings = [...withoutCode(text).matchAll(/^#{1,6} +(.*?) *$/gm)].map(([, heading = '']) => heading)
  const plain = headings.map((heading) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''))
  return new Set(plain.map((heading) => slugger.slug(heading)))
}

/** Returns the reason why a link is dead, if it is. */
function deadness(path: string, { target }: Link): string | undefined {
  const [file = '', anchor] = target.split('#')
  const url = file === '' ? new URL(path, root) : new URL(decodeURI(file), new URL(path, root))
  if (!existsSync(url)) return 'the file does not exist'
  if (anchor === undefined || statSync(url).isDirectory()) return undefined
  const text = readDocument(url.href.slice(root.href.length))
  return anchorsOf(text).has(decodeURIComponent(anchor)) ? undefined : `there is no heading #${anchor}`
}

describe('The links in the documents', () => {
  for (const path of [...documents(), ...MORE]) {
    it(`have valid targets: ${path}`, () => {
      const dead = linksOf(readDocument(path)).flatMap((link) => {
        const reason = deadness(path, link)
        return reason === undefined ? [] : [`${path}:${link.line} ${link.target}: ${reason}`]
      })
      expect(dead).to.deep.equal([])
    })
  }

  it('are found in paragraphs, pictures, and definitions, but not in code', () => {
    const text =
      'A [link](a.md "title").\n\n```md\n[no](b.md)\n```\n<img alt="" src="c.svg">\n\n[label]: d.md\n[far](https://example.com)'
    expect(linksOf(text)).to.deep.equal([
      { line: 1, target: 'a.md' },
      { line: 6, target: 'c.svg' },
      { line: 8, target: 'd.md' },
    ])
  })

  it('can refer to a heading as GitHub does, with a number if the heading is repeated', () => {
    expect([...anchorsOf('# A `b()` [c](d)\n## Twice\n## Twice\n```sh\n# no\n```')]).to.deep.equal([
      'a-b-c',
      'twice',
      'twice-1',
    ])
  })
})
