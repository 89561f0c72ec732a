import { expect } from 'chai'
import { ESLint } from 'eslint'
import { fileURLToPath } from 'node:url'
import { root } from '../support/project.js'

/** The house rules that the tests run. Rules that need types take too long. */
const RULES =
  /^(house[/].*|max-lines|max-lines-per-function|no-restricted-(imports|globals|properties|syntax|exports))$/

/** The file that each text replaces. It must exist, because the parser rejects unknown files. */
const FILE = 'src/core/token.ts'

describe('eslint.config.js', function () {
  this.timeout(60_000)
  let eslint: ESLint

  before(() => {
    eslint = new ESLint({ cwd: fileURLToPath(root), ruleFilter: ({ ruleId }) => RULES.test(ruleId) })
  })

  /** Returns the rules that a text violates if it replaces a file. */
  async function violated(text: string, filePath = FILE): Promise<readonly (string | null)[]> {
    const [result] = await eslint.lintText(text, { filePath: fileURLToPath(new URL(filePath, root)) })
    return result!.messages.map(({ ruleId, message }) => ruleId ?? message)
  }

  const lines = (count: number): string => '  void 0\n'.repeat(count)

  it('accepts clean code', async () => {
    expect(
      await violated('export class A {\n  #a = 1\n\n  f(): number {\n    return this.#a\n  }\n}\n'),
    ).to.deep.equal([])
  })

  it('allows functions of 40 lines, not counting comments and blank lines', async () => {
    const body = (count: number): string => `export function f(): void {\n  // Why.\n\n${lines(count)}}\n`
    expect(await violated(body(38))).to.deep.equal([])
    expect(await violated(body(39))).to.deep.equal(['max-lines-per-function'])
  })

  it('allows files of 300 lines, not counting comments and blank lines', async () => {
    expect(await violated(`// Why.\n\n${lines(300)}`)).to.deep.equal([])
    expect(await violated(lines(301))).to.deep.equal(['max-lines'])
  })

  it('allows classes of 12 fields and 30 members', async () => {
    const fields = Array.from({ length: 13 }, (_, index) => `  #a${index} = 1`)
    const methods = Array.from({ length: 31 }, (_, index) => `  f${index}(): void {}`)
    expect(await violated(`export class A {\n${fields.slice(1).join('\n')}\n}`)).to.deep.equal([])
    expect(await violated(`export class A {\n${fields.join('\n')}\n}`)).to.deep.equal(['house/class-width'])
    expect(await violated(`export class A {\n${methods.slice(1).join('\n')}\n}`)).to.deep.equal([])
    expect(await violated(`export class A {\n${methods.join('\n')}\n}`)).to.deep.equal(['house/class-width'])
  })

  it('requires a reason for tricks and shared state', async () => {
    expect(await violated('export const a = Math.trunc(1)')).to.deep.equal(['house/perf-comment'])
    expect(await violated('let a = 1\nexport const f = (): number => a++')).to.deep.equal([
      'house/module-state',
    ])
  })

  it('allows only the listed files to import a third-party package', async () => {
    for (const name of ['ws', 'tsyringe', 'reflect-metadata', '@msgpack/msgpack', 'lossless-json'])
      expect(await violated(`import '${name}'`), name).to.deep.equal(['no-restricted-imports'])
    expect(await violated("import 'ws'", 'src/testing/test-server.ts')).to.deep.equal([])
  })

  it('allows only one file each to use timers, the console, and metadata', async () => {
    expect(await violated('setTimeout(() => undefined, 1)')).to.deep.equal(['no-restricted-globals'])
    expect(await violated('Date.now()')).to.deep.equal(['no-restricted-properties'])
    expect(await violated('new Date()')).to.deep.equal(['no-restricted-syntax'])
    expect(await violated("console.log('a')")).to.deep.equal(['no-restricted-globals'])
    expect(await violated('Reflect.ownKeys({})')).to.deep.equal(['no-restricted-globals'])
  })

  it('forbids private, export *, and default exports', async () => {
    expect(await violated('export class A { private a = 1 }')).to.deep.equal(['no-restricted-syntax'])
    expect(await violated("export * from './clock.js'")).to.deep.equal(['no-restricted-syntax'])
    expect(await violated('export default 1')).to.deep.equal(['no-restricted-exports'])
  })
})
