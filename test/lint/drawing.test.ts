import { expect } from 'chai'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run } from '../support/project.js'

interface Report {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string
      readonly to: string
      readonly rule: { name: string }
    }[]
  }
}

const CRUISER = fileURLToPath(new URL('node_modules/dependency-cruiser/bin/dependency-cruise.mjs', root))
const CONFIG = fileURLToPath(new URL('.dependency-cruiser.cjs', root))

/** A valid house: the entry imports the rooms, and arrows point down. */
const HOUSE = {
  'src/index.ts': "export { app } from './app/app.js'",
  'src/app/app.ts': "import { link } from '../link/link.js'\nexport const app = link",
  'src/link/link.ts': "import { clock } from '../core/clock.js'\nexport const link = clock",
  'src/core/clock.ts': 'export const clock = 1',
  'src/cli/main.ts': "import '../index.js'\nimport '../terminal/screen.js'\nimport 'node:child_process'",
  'src/terminal/screen.ts': "import '../index.js'\nimport 'node:fs'",
}

/** Files that each break one rule. */
const BROKEN = {
  'src/core/upwards.ts': "import type { app } from '../app/app.js'\nexport type App = typeof app",
  'src/messages/inbound.ts': "import '../link/link.js'",
  'src/errors/left.ts': "import type { Right } from './right.js'\nexport type Left = Right | 1",
  'src/errors/right.ts': "import type { Left } from './left.js'\nexport type Right = Left | 2",
  'src/extra/roomless.ts': "import '../core/clock.js'",
  'src/core/orphan.ts': 'export {}',
  'src/core/network.ts': "import 'node:net'",
  'src/core/entry.ts': "import '../index.js'",
  'src/core/kit.ts': "import '../testing/kit.js'",
  'src/cli/deep.ts': "import '../link/link.js'",
  'src/link/command.ts': "import '../cli/main.js'",
  'src/testing/kit.ts': "import '../core/clock.js'",
  'test/by-path.test.ts': "import '../src/index.js'",
}

describe('The drawing of the architecture', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-drawing-'))
  let broken: readonly string[]

  before(async () => {
    broken = await violations('broken', { ...HOUSE, ...BROKEN })
  })

  after(() => {
    rmSync(folder, { recursive: true })
  })

  /** Returns the violations in the given files, as `rule: from → to`. */
  async function violations(
    name: string,
    texts: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const house = join(folder, name)
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(house, path)), { recursive: true })
      writeFileSync(join(house, path), text)
    }
    const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', '.']
    const { output } = await run(process.execPath, args, house)
    const { summary } = JSON.parse(output) as Report
    return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
  }

  it('accepts a valid house', async () => {
    expect(await violations('whole', HOUSE)).to.deep.equal([])
  })

  it('forbids an import from a higher floor, even a type import', () => {
    expect(broken).to.include('room-core: src/core/upwards.ts → src/app/app.ts')
  })

  it('forbids an import between rooms on the same floor', () => {
    expect(broken).to.include('room-messages: src/messages/inbound.ts → src/link/link.ts')
  })

  it('forbids a cycle, even among type imports', () => {
    expect(broken).to.include('no-cycles: src/errors/left.ts → src/errors/right.ts')
  })

  it('forbids a file that has no room, and a file that nothing imports', () => {
    expect(broken).to.include('every-file-has-a-room: src/extra/roomless.ts → src/core/clock.ts')
    expect(broken).to.include('no-orphans: src/core/orphan.ts → src/core/orphan.ts')
  })

  it('forbids an import of the entry or the test kit', () => {
    expect(broken).to.include('nothing-imports-the-entry: src/core/entry.ts → src/index.ts')
    expect(broken).to.include('only-tests-import-testing: src/core/kit.ts → src/testing/kit.ts')
  })

  it('forbids the command to import what users cannot, and everything else to import the command', () => {
    expect(broken).to.include('room-cli: src/cli/deep.ts → src/link/link.ts')
    expect(broken).to.include('room-link: src/link/command.ts → src/cli/main.ts')
  })

  it('forbids network access outside transports and testing', () => {
    expect(broken).to.include('only-transports-touch-the-network: src/core/network.ts → net')
  })

  it('forbids a test that imports by path', () => {
    expect(broken).to.include('tests-import-by-name: test/by-path.test.ts → src/index.ts')
  })
})
