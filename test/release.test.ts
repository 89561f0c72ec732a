import { expect } from 'chai'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDocument } from './support/markdown.js'
import { filesIn, readJson, readPackageJson, root, run } from './support/project.js'

interface Release {
  readonly MENTIONS: readonly (readonly [path: string, place: RegExp])[]
  readonly nameSection: (changelog: string, version: string, date: string) => string
  readonly completeRelease: (root: string, date: string) => void
  readonly problemsOf: (root: string, tag: string | undefined) => readonly string[]
}

const SCRIPT = new URL('scripts/release.js', root)

/** Returns the kind of release in a changeset, or the reason why it is invalid. */
function kindOf(changeset: string): string {
  const [, kind = 'expected "holdfast: patch" or "holdfast: minor" between two lines of ---'] =
    /^---\n['"]?holdfast['"]?: (patch|minor|major)\n---\n\n\S/.exec(changeset) ?? []
  const isEarly = readPackageJson().version.startsWith('0.')
  return kind === 'major' && isEarly ? 'before 1.0, a breaking change is minor' : kind
}

describe('The changesets', () => {
  it('leave CHANGELOG.md alone, and release to everyone', () => {
    expect(readJson('.changeset/config.json')).to.deep.equal({
      changelog: false,
      commit: false,
      access: 'public',
      baseBranch: 'main',
    })
  })

  it('name this package and a kind of release', () => {
    const paths = filesIn('.changeset/').filter((path) => /(?<!README)[.]md$/.test(path))
    const kinds = paths.map((path) => kindOf(readDocument(path)))
    expect(kinds.filter((kind) => kind !== 'patch' && kind !== 'minor')).to.deep.equal([])
  })

  it('can be written as CONTRIBUTING.md shows, but not for another package or without a text', () => {
    const [, example = ''] = /```md\n(---\n[^]*?)```/.exec(readDocument('CONTRIBUTING.md')) ?? []
    expect(kindOf(example)).to.equal('minor')
    expect(kindOf('---\nholdfast: major\n---\n\nRemoves all.\n')).to.match(/^before 1.0/)
    for (const wrong of [
      '---\nother: minor\n---\n\nA.\n',
      '---\nholdfast: minor\n---\n\n',
      'holdfast: minor\n',
    ])
      expect(kindOf(wrong)).to.match(/^expected/)
  })
})

describe('scripts/release.js', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-release-'))
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
  const write = (path: string, value: unknown): void => {
    writeFileSync(join(folder, path), typeof value === 'string' ? value : JSON.stringify(value))
  }
  let release: Release

  before(async () => {
    release = (await import(SCRIPT.href)) as Release
    for (const path of ['examples/jest', '.changeset', 'src/core', 'docs'])
      mkdirSync(join(folder, path), { recursive: true })
    cpSync(fileURLToPath(new URL('.changeset/README.md', root)), join(folder, '.changeset/README.md'))
    cpSync(fileURLToPath(new URL('examples/README.md', root)), join(folder, 'examples/README.md'))
    write('package.json', { version: '0.2.0', dependencies: { ws: '^9.0.0' } })
    write('package-lock.json', { version: '0.1.0', packages: { '': { version: '0.1.0' } } })
    write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n### Added\n\n- A.\n\n## 0.1.0\n\n- B.\n')
    write('src/core/version.ts', "export const VERSION = '0.1.0'\n")
    write('README.md', 'npm install ./holdfast-0.1.0.tgz\n')
    for (const page of ['getting-started', 'production']) write(`docs/${page}.md`, 'ws 0.1.0')
    write('examples/jest/package.json', { dependencies: { holdfast: '^0.1.0' } })
    const locked = { version: '0.1.0', license: 'MIT', dependencies: { ws: '^8.0.0' } }
    write('examples/jest/package-lock.json', {
      packages: { '': { dependencies: { holdfast: '^0.1.0' } }, 'node_modules/holdfast': locked },
    })
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('reports a tag whose release is not complete', () => {
    write('.changeset/new-option.md', '---\nholdfast: minor\n---\n\nA.\n')
    expect(release.problemsOf(folder, 'v0.3.0')).to.deep.equal([
      'The tag is v0.3.0, but package.json has version 0.2.0',
      'CHANGELOG.md has no section "## 0.2.0"',
      '.changeset/new-option.md has not been released: merge the pull request of the version',
    ])
    rmSync(join(folder, '.changeset/new-option.md'))
  })

  it('names the section of the changelog, and sets the version everywhere else', () => {
    release.completeRelease(folder, '2026-12-01')
    expect(read('CHANGELOG.md')).to.equal(
      '# Changelog\n\n## Unreleased\n\n## 0.2.0\n\nReleased on 2026-12-01.\n\n### Added\n\n- A.\n\n## 0.1.0\n\n- B.\n',
    )
    expect(JSON.parse(read('package-lock.json'))).to.deep.equal({
      version: '0.2.0',
      packages: { '': { version: '0.2.0' } },
    })
    expect(JSON.parse(read('examples/jest/package.json'))).to.deep.equal({
      dependencies: { holdfast: '^0.2.0' },
    })
    expect(JSON.parse(read('examples/jest/package-lock.json'))).to.deep.equal({
      packages: {
        '': { dependencies: { holdfast: '^0.2.0' } },
        'node_modules/holdfast': { version: '0.2.0', license: 'MIT', dependencies: { ws: '^9.0.0' } },
      },
    })
    const texts = ['src/core/version.ts', 'README.md', 'docs/production.md'].map(read)
    expect(texts).to.deep.equal([
      "export const VERSION = '0.2.0'\n",
      'npm install ./holdfast-0.2.0.tgz\n',
      'ws 0.1.0',
    ])
    expect(release.problemsOf(folder, 'v0.2.0')).to.deep.equal([])
  })

  it('finds the current version in each file whose text contains it', () => {
    const { version } = readPackageJson()
    for (const [path, place] of release.MENTIONS)
      expect(new Set(readDocument(path).match(place)), path).to.deep.equal(new Set([version]))
  })

  it('throws if nothing is written under "Unreleased"', () => {
    expect(() => release.nameSection(read('CHANGELOG.md'), '0.3.0', '2026-12-02')).to.throw(/nothing under/)
    expect(() => release.nameSection('# Changelog\n', '0.3.0', '2026-12-02')).to.throw(/nothing under/)
  })

  it('fails in the workflow if the tag does not fit', async () => {
    const args = [fileURLToPath(SCRIPT), '--check']
    const { code, output } = await run(process.execPath, args, root, { GITHUB_REF_NAME: 'v9.9.9' })
    expect(output).to.include('The tag is v9.9.9')
    expect(code).to.equal(1)
  })
})
