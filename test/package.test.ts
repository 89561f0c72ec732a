import { expect } from 'chai'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestServer } from 'holdfast/testing'
import { codeBlocks, readDocument } from './support/markdown.js'
import { filesIn, readPackageJson, root, run, tsc } from './support/project.js'

/**
 * What the README tells a user to put in tsconfig.json, and nothing that would be kinder than that to our types. The compiler's own
 * libraries are left unchecked, because checking them takes most of the time.
 */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    types: ['node'],
    skipDefaultLibCheck: true,
    rootDir: '.',
    outDir: 'out',
  },
  include: ['*.ts'],
}

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
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder]
  const { code, output } = await run('npm', args)
  if (code !== 0) throw new Error(`npm pack failed: ${output}`)
  const json = JSON.parse(output.slice(output.search(/^[[{]/m))) as unknown
  const [packed] = Object.values(json as Record<string, { filename: string; files: { path: string }[] }>)
  return { tarball: join(folder, packed!.filename), files: packed!.files.map(({ path }) => path) }
}

/**
 * A new project with the tarball in it. Beside it lies what its own package.json says that it needs and what the README says
 * to install, by links to what is here: with a dependency undeclared, nothing would find it.
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
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(TSCONFIG))
}

/** Returns the README's first example; its line is told so that a failure names it. */
function firstExample(): string {
  const [block] = codeBlocks(readDocument('README.md'))
  if (!block) throw new Error('README.md has no ```ts block: its first one has to be a program that runs')
  return block.code
}

describe('The packed package', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  let files: readonly string[] = []

  before(async () => {
    const packed = await pack(folder)
    files = packed.files
    await consume(packed.tarball, folder)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('holds the build, its source, and the three documents, and no test', () => {
    const others = files.filter((path) => !/^(dist|src)[/]/.test(path))
    expect(others.sort()).to.deep.equal(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(files.filter((path) => /[.]test[.]|tsbuildinfo|tsconfig/.test(path))).to.deep.equal([])
  })

  it('holds the JavaScript, the types and the maps of each source', () => {
    const sources = filesIn('src/').filter((path) => path.endsWith('.ts'))
    const built = sources.flatMap((path) => {
      const name = path.replace(/^src/, 'dist').replace(/[.]ts$/, '')
      return ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => name + ending)
    })
    expect(files.filter((path) => /^(dist|src)[/]/.test(path)).sort()).to.deep.equal(
      [...sources, ...built].sort(),
    )
  })

  it('can be required from CommonJS', async () => {
    writeFileSync(join(folder, 'require.cjs'), REQUIRE)
    const { code, output } = await run(process.execPath, ['require.cjs'], folder)
    expect(output.trim()).to.equal('function function object object')
    expect(code).to.equal(0)
  })

  it("compiles the README's first example in strict mode, our types included, and runs it to its end", async () => {
    writeFileSync(join(folder, 'main.ts'), firstExample())
    const compiled = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
    expect(compiled.output).to.equal('')

    await using server = await startTestServer(({ socket }) =>
      socket.on('message', (data: Buffer) => socket.send(data.toString())),
    )
    const ran = await run(process.execPath, [join('out', 'main.js')], folder, { WS_URL: server.url })
    expect(ran.code, ran.output).to.equal(0)
  })
})
