import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readDocument, tableBelow } from './support/markdown.js'
import type { MeasuredWays } from './support/measure-ways.js'
import { root, run } from './support/project.js'

const PAGE = 'docs/architecture.md'

/** Returns the lines of the fenced block below a marker. */
function blockBelow(marker: string): readonly string[] {
  const [, below = ''] = readDocument(PAGE).split(`<!-- ${marker} -->\n\n\`\`\`text\n`)
  return below.slice(0, below.indexOf('\n```')).split('\n')
}

/** Returns the files of a drawn way: the files on its line, and all files. */
function drawn(way: string): { line: readonly string[]; files: readonly string[] } {
  const lines = blockBelow(`way: ${way}`)
  const find = (pattern: RegExp): string[] => lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
  return { line: find(/^([\w/-]+)[.]ts /), files: find(/^(?:│ +)?([\w/-]+)[.]ts /).toSorted() }
}

function distinct(files: readonly string[]): readonly string[] {
  return [...new Set(files)]
}

describe('docs/architecture.md', function () {
  this.timeout(60_000)
  let ways: MeasuredWays

  before(async () => {
    const { output } = await run(process.execPath, [
      fileURLToPath(new URL('support/measure-ways.js', import.meta.url)),
    ])
    ways = JSON.parse(output) as MeasuredWays
  })

  it('shows every room in src', () => {
    const rooms = readdirSync(new URL('src/', root), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `\`${name}\``)
    const listed = tableBelow(readDocument(PAGE), '<!-- rooms -->').map(({ room }) => room)
    expect(listed.toSorted()).to.deep.equal(rooms.toSorted())
  })

  describe('a received message', () => {
    it('reaches the method through the files in the drawing, in order', () => {
      expect(drawn('receive').line).to.deep.equal(distinct(ways.receive.stack))
      expect(drawn('receive').files).to.deep.equal(ways.receive.files)
    })

    it('has at most 9 files on the stack, 18 in total, and 10 frames below the transport', () => {
      const { stack, files } = ways.receive
      const inTransport = stack.findLastIndex((file) => /^(ws|fast-paths)\//.test(file)) + 1
      expect(distinct(stack).length).to.be.within(1, 9)
      expect(files.length).to.be.within(1, 18)
      expect(inTransport).to.be.above(0)
      expect(stack.length - inTransport).to.be.within(1, 10)
    })
  })

  describe('a sent message', () => {
    it('reaches the socket through the files in the drawing, in order', () => {
      expect(drawn('send').line).to.deep.equal(distinct(ways.send.stacks.flat()))
      expect(drawn('send').files).to.deep.equal(ways.send.files)
    })

    it('has at most 8 files on the stack', () => {
      expect(distinct(ways.send.stacks.flat()).length).to.be.within(1, 8)
    })
  })

  describe('a disconnect', () => {
    it('runs the files in the drawing until the state is waiting', () => {
      expect(drawn('loss').files).to.deep.equal(ways.loss.files)
    })

    it('runs at most 24 files', () => {
      expect(ways.loss.files.length).to.be.within(1, 24)
    })
  })

  it('draws the states and phases as in the source, whose drawing another test checks', () => {
    const source = readFileSync(new URL('src/lifecycle/step.ts', root), 'utf8')
    const drawing = source.split('\n').flatMap((line) => (line.startsWith(' *   ') ? line.slice(5) : []))
    expect([...blockBelow('states'), ...blockBelow('phases')]).to.deep.equal(drawing)
  })
})
