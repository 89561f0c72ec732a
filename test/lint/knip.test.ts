import { expect } from 'chai'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run } from '../support/project.js'

const KNIP = fileURLToPath(new URL('node_modules/knip/bin/knip.js', root))

const PACKAGE = {
  'package.json': JSON.stringify({
    name: 'house',
    type: 'module',
    exports: './src/index.ts',
    imports: { '#src/*.js': './src/*.ts' },
  }),
  'src/index.ts': "export { a } from './a.js'",
  'src/a.ts': 'export const a = 1',
}

describe('knip.config.js', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-knip-'))
    copyFileSync(new URL('knip.config.js', root), join(folder, 'knip.config.js'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  /** Runs knip on the package with some files replaced or added. */
  async function knip(texts: Readonly<Record<string, string>>): Promise<{ code: number; output: string }> {
    for (const [path, text] of Object.entries({ ...PACKAGE, ...texts })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return run(process.execPath, [KNIP, '--no-progress', '--no-config-hints'], folder)
  }

  it('accepts exports that the package or a test uses', async () => {
    const texts = {
      'src/a.ts': 'export const a = 1\nexport const b = 2',
      'test/a.test.ts': "import { b } from '#src/a.js'\nvoid b",
    }
    expect(await knip(texts)).to.deep.equal({ code: 0, output: '' })
  })

  it('reports an export, a file, and a dependency that nothing uses', async () => {
    const { code, output } = await knip({
      'package.json': PACKAGE['package.json'].replace('{', '{"dependencies":{"left":"1.0.0"},'),
      'src/a.ts': 'export const a = 1\nexport const unused = 2',
      'src/alone.ts': 'export {}',
    })
    expect(code).to.equal(1)
    expect(output).to.match(/^unused +src[/]a[.]ts:2:14/m)
    expect(output).to.match(/^src[/]alone[.]ts/m)
    expect(output).to.match(/^left +package[.]json/m)
  })
})
