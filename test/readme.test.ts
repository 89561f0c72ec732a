import { expect } from 'chai'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { codeBlocks, documents, readDocument } from './support/markdown.js'
import { root, run, tsc } from './support/project.js'

const folder = new URL('.build/readme/', root)

/** What a block is checked with: the flags that the README asks of its readers. */
const TSCONFIG = {
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
  include: ['.'],
}

function fileOf(path: string, line: number): string {
  return `${path.replaceAll('/', '-').replace(/[.]md$/, '')}-${line}.ts`
}

/** Writes each block to a file of its own, on the lines that it has in its document, so that a complaint names them. */
function writeBlocks(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(TSCONFIG))
  for (const path of documents()) {
    for (const { code, line, isChecked } of codeBlocks(readDocument(path))) {
      if (isChecked) writeFileSync(new URL(fileOf(path, line), folder), '\n'.repeat(line - 1) + code)
    }
  }
}

describe('The code in the documents', function () {
  this.timeout(60_000)
  let complaints: readonly string[] = []

  before(async () => {
    writeBlocks()
    const { output } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
    complaints = output.split('\n').filter((line) => /^\S/.test(line))
  })

  it('is there: README.md has blocks of TypeScript', () => {
    expect(codeBlocks(readDocument('README.md'))).to.not.be.empty
  })

  for (const path of documents()) {
    it(`compiles in strict mode: ${path}`, () => {
      const files = codeBlocks(readDocument(path)).map(({ line }) => fileOf(path, line))
      expect(complaints.filter((line) => files.some((file) => line.startsWith(`${file}(`)))).to.deep.equal([])
    })
  }

  it('leaves no complaint about anything else', () => {
    const names = documents().flatMap((path) =>
      codeBlocks(readDocument(path)).map(({ line }) => `${fileOf(path, line)}(`),
    )
    expect(complaints.filter((line) => !names.some((name) => line.startsWith(name)))).to.deep.equal([])
  })
})
