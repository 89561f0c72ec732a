import { expect } from 'chai'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestServer } from 'holdfast/testing'
import { codeBlocks, readDocument } from './support/markdown.js'
import { filesIn, readPackageJson, root, run, tsc } from './support/project.js'

/** Checking the compiler's own libraries takes most of the time, so the README's tsconfig.json gets one more line. */
const FASTER = { skipDefaultLibCheck: true }

const REQUIRE = `
const { bootstrap } = require('holdfast')
const { startTestServer } = require('holdfast/testing')
const { msgpackCodec } = require('holdfast/msgpack')
const { bigintJsonCodec } = require('holdfast/bigint-json')
console.log(typeof bootstrap, typeof startTestServer, typeof msgpackCodec, typeof bigintJsonCodec)
`

/** Links what the project has installed under a name into the consumer's node_modules. */
function link(consumer: string, name: string): void {
  const target = join(consumer, 'node_modules', name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(fileURLToPath(new URL(`node_modules/${name}`, root)), target, 'dir')
}

/** Packs the project as npm would publish it, without building it again. */
async function pack(folder: string): Promise<{ tarball: string; files: readonly string[] }> {
  await run(process.execPath, ['scripts/llms.js'])
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]
  const { code, output } = await run('npm', args)
  if (code !== 0) throw new Error(`npm pack failed: ${output}`)
  const json = JSON.parse(output.slice(output.search(/^[[{]/m))) as unknown
  const [packed] = Object.values(json as Record<string, { filename: string; files: { path: string }[] }>)
  return { tarball: join(folder, packed!.filename), files: packed!.files.map(({ path }) => path) }
}

/**
 * Creates a project that has installed the tarball. Its other packages are those that our package.json and the README name, as links
 * to the installed ones. An undeclared dependency would not be found.
 */
async function consume(tarball: string, consumer: string): Promise<void> {
  const home = join(consumer, 'node_modules', 'holdfast')
  mkdirSync(home, { recursive: true })
  const { code, output } = await run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1'])
  if (code !== 0) throw new Error(`tar failed: ${output}`)
  const { dependencies, peerDependencies } = readPackageJson()
  for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), '@types/node'])
    link(consumer, name)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(tsconfigOfReadme()))
}

/** Returns the tsconfig.json of the README. */
function tsconfigOfReadme(): object {
  const json = /```json\n([^]*?)```/.exec(readDocument('README.md'))?.[1]
  if (!json) throw new Error('README.md has no ```json block: the first one has to be tsconfig.json')
  const config = JSON.parse(json) as { compilerOptions: object }
  return { ...config, compilerOptions: { ...config.compilerOptions, ...FASTER } }
}

const CALL = 'await bootstrap(Ticker)'

/** Returns the README's first example on a transport in memory, with a server that sends one price. */
function firstExample(): string {
  const [block] = codeBlocks(readDocument('README.md'))
  if (!block?.code.includes(CALL)) throw new Error(`The first \`\`\`ts block of README.md has no ${CALL}`)
  const before = "import { MemoryServer } from 'holdfast/testing'\nconst server = new MemoryServer()\n"
  const after = `
    console.log(String(server.peer.received[0]))
    server.peer.send({ type: 'ticker', product_id: 'BTC-USD', price: '42000' })
    await client.close()`
  return (
    before +
    block.code.replace(CALL, 'await bootstrap(Ticker, undefined, { transport: server.connect })') +
    after
  )
}

describe('The packed package', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  let files: readonly string[] = []
  let tarball: string

  before(async () => {
    const packed = await pack(folder)
    files = packed.files
    tarball = packed.tarball
    await consume(packed.tarball, folder)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('contains the build, its source, and the docs, but no tests', () => {
    const others = files.filter((path) => !/^(dist|src|docs)[/]/.test(path))
    expect(others.sort()).to.deep.equal(['CHANGELOG.md', 'LICENSE', 'README.md', 'llms.txt', 'package.json'])
    expect(files.filter((path) => /^docs[/]/.test(path)).sort()).to.deep.equal([...filesIn('docs/')].sort())
    expect(files.filter((path) => /[.]test[.]|tsbuildinfo|tsconfig/.test(path))).to.deep.equal([])
  })

  it('contains a small index of the docs for programs, in the format of llmstxt.org', () => {
    const text = readFileSync(join(folder, 'node_modules/holdfast/llms.txt'), 'utf8')
    expect(text).to.match(/^# Holdfast\n\n> .+\n\n## Start\n/)
    expect(text.length).to.be.below(10_000)
    const links = [...text.matchAll(/^- \[.+?\]\((.+?)\): .+$/gm)].map(([, path]) => path!)
    const docs = files.filter((path) => path.endsWith('.md') && path !== 'docs/README.md')
    expect(links.sort()).to.deep.equal(docs.sort())
  })

  it('contains the JavaScript, types, and maps for each source file', () => {
    const sources = filesIn('src/').filter((path) => path.endsWith('.ts'))
    const built = sources.flatMap((path) => {
      const name = path.replace(/^src/, 'dist').replace(/[.]ts$/, '')
      return ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => name + ending)
    })
    expect(files.filter((path) => /^(dist|src)[/]/.test(path)).sort()).to.deep.equal(
      [...sources, ...built, 'dist/cli/command.cjs', 'dist/cli/holdfast.cjs'].sort(),
    )
  })

  it('contains the command, which runs without any peer dependency', async () => {
    const bare = join(folder, 'bare')
    const home = join(bare, 'node_modules', 'holdfast')
    mkdirSync(home, { recursive: true })
    expect((await run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1'])).code).to.equal(0)
    for (const name of Object.keys(readPackageJson().dependencies)) link(bare, name)
    await using server = await startTestServer(({ socket }) => socket.send('hello'))
    const command = join(home, readPackageJson().bin['holdfast'] ?? '')
    expect(await run(command, ['--quiet', '--count', '1', server.url], bare)).to.deep.equal({
      code: 0,
      output: 'hello\n',
    })
  })

  it('can be required from CommonJS', async () => {
    writeFileSync(join(folder, 'require.cjs'), REQUIRE)
    const { code, output } = await run(process.execPath, ['require.cjs'], folder)
    expect(output.trim()).to.equal('function function object object')
    expect(code).to.equal(0)
  })

  it("compiles the README's first example with the README's tsconfig.json, and prints prices", async () => {
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'src', 'ticker.ts'), firstExample())
    const compiled = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
    expect(compiled.output).to.equal('')

    const ran = await run(process.execPath, [join('dist', 'ticker.js')], folder)
    expect(ran.code, ran.output).to.equal(0)
    expect(ran.output.trim().split('\n')).to.deep.equal([
      '{"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker"]}',
      'BTC-USD 42000',
    ])
  })
})
