import { expect } from 'chai'
import { KEYED_CONCURRENCY_DEFAULTS } from '#src/options/concurrency.js'
import { HEARTBEAT_DEFAULTS } from '#src/link/heartbeat.js'
import { OUTBOX_DEFAULTS } from '#src/messages/outbox.js'
import { SUBSCRIPTIONS_DEFAULTS } from '#src/subscriptions/subscribe-options.js'
import { REQUEST_DEFAULTS } from '#src/requests/request-options.js'
import { RETRY_DEFAULTS } from '#src/connection/retry-policy.js'
import { DEFAULTS } from '#src/options/fill-in.js'
import { declaredMembers } from './support/declared-members.js'
import { documents, readDocument, tableBelow } from './support/markdown.js'
import { readPackageJson } from './support/project.js'

const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 * 1024 }

/** Reads `10_000`, `16 MiB` or `Infinity`, with or without backticks. */
function numberIn(cell: string): number | string {
  const match = /^`?(Infinity|[\d_]+)(?: (KiB|MiB))?`?$/.exec(cell)
  if (!match) return cell
  const [, digits = '', unit = ''] = match
  return Number(digits.replaceAll('_', '')) * (UNITS[unit] ?? 1)
}

function below(prefix: string, values: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value])
}

function numbersOf(values: Readonly<Record<string, unknown>>): Record<string, number> {
  const numbers = Object.entries(values).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  return Object.fromEntries(numbers)
}

describe('docs/options.md', () => {
  describe('the table of defaults', () => {
    it('lists every option whose default is a number, with that number', () => {
      const rows = tableBelow(readDocument('docs/options.md'), '<!-- defaults -->')
      const documented = rows.map((row) => [
        row['option']?.replaceAll('`', '') ?? '',
        numberIn(row['default'] ?? ''),
      ])
      expect(Object.fromEntries(documented)).to.deep.equal(
        Object.fromEntries([
          ...Object.entries(DEFAULTS),
          ...below('concurrency', numbersOf(KEYED_CONCURRENCY_DEFAULTS)),
          ...below('heartbeat', HEARTBEAT_DEFAULTS),
          ...below('reconnect', RETRY_DEFAULTS),
          ...below('requests', REQUEST_DEFAULTS),
          ...below('subscriptions', SUBSCRIPTIONS_DEFAULTS),
          ...below('outbox', numbersOf(OUTBOX_DEFAULTS)),
        ]),
      )
    })
  })
})

describe('docs/performance.md', () => {
  /** The rows of all tables, headings among them; how they are padded does not count. */
  const rowsOf = (path: string): string[] =>
    readDocument(path)
      .split('\n')
      .filter((line) => line.startsWith('|') && !line.startsWith('| --'))
      .map((line) => line.replace(/ +/g, ' '))

  it('has tables, and contains only rows from bench/results.md', () => {
    const rows = rowsOf('docs/performance.md')
    expect(rows).to.have.length.greaterThan(20)
    const measured = new Set(rowsOf('bench/results.md'))
    expect(rows.filter((row) => !measured.has(row))).to.deep.equal([])
  })
})

describe('docs/README.md', () => {
  const links = [...readDocument('docs/README.md').matchAll(/^- \[[^\]]+\]\(([^)]+)\): (.+)$/gm)]

  it('lists every page once, and nothing else except the README', () => {
    const pages = documents().flatMap((path) => (path === 'docs/README.md' ? [] : path.replace('docs/', '')))
    const listed = links.map(([, path = '']) => (path === '../README.md' ? 'README.md' : path))
    expect(listed.toSorted()).to.deep.equal(pages.toSorted())
  })

  it("describes each page's purpose in one sentence", () => {
    for (const [, path, line = ''] of links) expect(line, path).to.match(/^.{15,140}[.]$/)
  })
})

describe('docs/versioning.md', () => {
  const page = readDocument('docs/versioning.md')

  it('lists every entry point whose exports are covered', () => {
    const [, list = ''] = /<!-- entry points -->\n+([^]*?)\n\n/.exec(page) ?? []
    const entries = Object.keys(readPackageJson().exports)
      .filter((name) => name !== './package.json')
      .map((name) => name.replace('.', 'holdfast'))
    expect([...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name).toSorted()).to.deep.equal(
      entries.toSorted(),
    )
  })

  it('names the Node.js version that package.json requires', () => {
    const [version] = /\d+\.\d+/.exec(readPackageJson().engines['node'] ?? '') ?? []
    expect(page).to.include(`Node.js ${version} and later`)
  })
})

/** Tables of members: the page, the marker above the table, its first column, and the declaration in `dist`. */
const MEMBER_TABLES = [
  ['connection', 'members', 'member', 'connection/connection', 'Connection'],
  ['connection', 'WaitOptions', 'option', 'messages/waiters', 'WaitOptions'],
  ['connection', 'ConnectionStats', 'property', 'session/connection-stats', 'ConnectionStats'],
  ['connection', 'OpenInfo', 'property', 'session/state', 'OpenInfo'],
  ['connection', 'ClosingInfo', 'property', 'session/session-handlers', 'ClosingInfo'],
  ['connection', 'CloseInfo', 'property', 'session/disconnect', 'CloseInfo'],
  ['connection', 'Failure', 'property', 'session/disconnect', 'Failure'],
  ['modules', 'Application', 'member', 'app/application', 'Application'],
  ['testing', 'MemoryServer', 'member', 'testing/memory-server', 'MemoryServer'],
  ['testing', 'Peer', 'member', 'testing/peer', 'Peer'],
  ['testing', 'FakeClock', 'member', 'testing/fake-clock', 'FakeClock'],
  ['testing', 'Playback', 'member', 'testing/play-back', 'Playback'],
  ['testing', 'TestServer', 'member', 'testing/test-server', 'TestServer'],
] as const

describe('The tables of members', () => {
  for (const [page, marker, column, file, name] of MEMBER_TABLES) {
    it(`list the members of ${name}, and nothing else: docs/${page}.md`, () => {
      const rows = tableBelow(readDocument(`docs/${page}.md`), `<!-- ${marker} -->`)
      const documented = rows.map((row) => row[column]?.replaceAll('`', ''))
      expect(documented.toSorted()).to.deep.equal(declaredMembers(`dist/${file}.d.ts`, name).toSorted())
    })
  }

  for (const [file, name] of [
    ['memory-peer', 'MemoryPeer'],
    ['test-server', 'SocketPeer'],
  ] as const) {
    it(`list the members that ${name} adds to Peer, and nothing else: docs/testing.md`, () => {
      const nameOf = (member: string): string => member.replace(/[(].*/, '')
      const inherited = declaredMembers('dist/testing/peer.d.ts', 'Peer').map(nameOf)
      const added = declaredMembers(`dist/testing/${file}.d.ts`, name).filter(
        (member) => !inherited.includes(nameOf(member)),
      )
      const rows = tableBelow(readDocument('docs/testing.md'), `<!-- ${name} -->`)
      expect(rows.map(({ member = '' }) => member.replaceAll('`', '')).toSorted()).to.deep.equal(
        added.toSorted(),
      )
    })
  }
})
