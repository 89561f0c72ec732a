import { expect } from 'chai'
import { root } from '../support/project.js'

interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
  readonly key?: string
}

interface Allowances {
  readonly path: string
  readonly entries: unknown
  readonly lineOf: (key: string) => number
}

type Check = (project: unknown, second: unknown) => readonly Finding[]

/** The exports of scripts/lint, which is JavaScript and not part of the build. */
interface House {
  readonly projectInMemory: (texts: Readonly<Record<string, string>>) => unknown
  readonly usageOf: (project: unknown) => unknown
  readonly allowancesOf: (path: string, text: string) => Allowances
  readonly withoutAllowed: (
    findings: readonly Finding[],
    check: string,
    allowances: Allowances,
  ) => readonly Finding[]
  readonly checkFolders: Check
  readonly checkForeignWrites: Check
  readonly checkForwarding: Check
  readonly checkInterfaces: Check
  readonly checkUnused: Check
}

const MODULES = [
  'project',
  'usage',
  'allowances',
  'checks/folders',
  'checks/foreign-writes',
  'checks/forwarding',
  'checks/interfaces',
  'checks/unused',
]

const shown = ({ file, line, message }: Finding): string => `${file}:${line}: ${message}`

describe('The house rules for the whole program', function () {
  this.timeout(20_000)
  let house: House

  before(async () => {
    const modules = await Promise.all(
      MODULES.map(async (name) => (await import(new URL(`scripts/lint/${name}.js`, root).href)) as object),
    )
    house = Object.assign({}, ...modules) as House
  })

  /** Runs one check over texts by their paths. */
  function findings(
    check: 'checkForeignWrites' | 'checkInterfaces' | 'checkUnused',
    texts: Readonly<Record<string, string>>,
  ): readonly Finding[] {
    const project = house.projectInMemory(texts)
    return house[check](project, house.usageOf(project))
  }

  describe('forwarding', () => {
    const FOUR = `export class A {
      readonly #b = new B()
      f(value: number): void { this.#b.f(value) }
      get c(): number { return this.#b.c }
      set c(value: number) { this.#b.c = value }
      readonly g = (): void => this.#b.f(1 as number)
      async h(...values: number[]): Promise<void> { await this.#b.h(this, ...values) }
      i(): void { this.#b.deep?.f() }
    }`

    function forwarding(code: string, baseline = '{}'): readonly string[] {
      const project = house.projectInMemory({ 'src/a.ts': code })
      return house.checkForwarding(project, house.allowancesOf('baseline.json', baseline)).map(shown)
    }

    it('reports a class with more than three members that only forward a call', () => {
      expect(forwarding(FOUR)).to.deep.equal([
        'src/a.ts:1: A has 5 members that only pass a call on: expected at most 3 (f, c, c, h, i). ' +
          'Let callers use the inner object, or move the decision here.',
      ])
    })

    it('does not count members that make a decision or add anything', () => {
      const code = `export class A {
        #b = new B()
        a(): void { this.#b.f(1) }
        b(): number { return this.#b.c + 1 }
        c(): void { this.#g() }
        get d(): B { return this.#b }
        e(value: number): void { this.#b.f(value); this.#b.f(value) }
        f(): void { if (this.#b) this.#b.f() }
        g(): void { this.#b.f(other) }
      }`
      expect(forwarding(code)).to.deep.equal([])
    })

    it('accepts only the recorded number', () => {
      expect(forwarding(FOUR, '{\n  "A": 5\n}')).to.deep.equal([])
      expect(forwarding(FOUR, '{\n  "A": 4\n}')).to.have.length(1)
      expect(forwarding(FOUR, '{\n  "A": 6\n}')).to.deep.equal([
        'baseline.json:2: A has 5 members that only pass a call on, not 6. Lower the number to 5.',
      ])
    })

    it('reports an unnecessary entry', () => {
      expect(forwarding('export class A {}', '{ "A": 3 }')[0]).to.include('The entry of A is not needed')
      expect(forwarding('export class A {}', '{ "A": 9 }')[0]).to.include('Remove its entry.')
      expect(forwarding('export class A {}', '{ "B": 9 }')[0]).to.include('B is not a class of src')
    })
  })

  describe('interfaces', () => {
    const PORT = 'export interface Port { f(): void }'
    const IMPORT = "import type { Port } from './port.js'"
    const A = `${IMPORT}\nexport class A implements Port { f(): void {} }`

    const names = (texts: Readonly<Record<string, string>>): readonly (string | undefined)[] =>
      findings('checkInterfaces', texts).map(({ key }) => key)

    it('reports an interface with only one implementation', () => {
      const [finding, ...others] = findings('checkInterfaces', { 'src/port.ts': PORT, 'src/a.ts': A })
      expect(others).to.deep.equal([])
      expect(shown(finding!)).to.equal(
        'src/port.ts:1: Port is not a seam: only A implements it, and no test uses it. ' +
          'Use the class, pass a function, or merge the two.',
      )
    })

    it('reports an interface with one implicit implementation', () => {
      const code = `${IMPORT}\nclass B { constructor(port: Port | undefined) { void port } }
        export class A { readonly b = new B(this); f(): void {} }`
      expect(names({ 'src/port.ts': PORT, 'src/a.ts': code })).to.deep.equal(['Port'])
    })

    it('accepts an interface with a second class, even in a test', () => {
      const other = A.replace('class A', 'class B')
      expect(names({ 'src/port.ts': PORT, 'src/a.ts': A, 'src/b.ts': other })).to.deep.equal([])
      const test = `import { use } from '#src/use.js'\nclass Fake { f(): void {} }\nuse(new Fake())`
      const use = `${IMPORT}\nexport function use(port: Port): void { port.f() }`
      const texts = { 'src/port.ts': PORT, 'src/a.ts': A, 'src/use.ts': use, 'test/a.test.ts': test }
      expect(names(texts)).to.deep.equal([])
    })

    it('accepts an interface with an object literal, an import in a test, or a public name', () => {
      const texts = { 'src/port.ts': PORT, 'src/a.ts': A }
      const literal = `${IMPORT}\nexport const port: Port = { f: () => undefined }`
      expect(names({ ...texts, 'src/b.ts': literal })).to.deep.equal([])
      const test = "import type { Port } from '#src/port.js'\nexport type P = Port"
      expect(names({ ...texts, 'test/a.test.ts': test })).to.deep.equal([])
      const index = "export type { Port } from './port.js'"
      expect(names({ ...texts, 'src/index.ts': index })).to.deep.equal([])
    })

    it('accepts an interface without a class, because it describes data', () => {
      expect(names({ 'src/port.ts': PORT })).to.deep.equal([])
    })
  })

  describe('foreign writes', () => {
    const A = 'export class A { loss = 0; set size(value: number) {} g(other: A): void { other.loss = 1 } }'

    const keys = (code: string): readonly (string | undefined)[] =>
      findings('checkForeignWrites', {
        'src/a.ts': A,
        'src/b.ts': `import { A } from './a.js'\n${code}`,
      }).map(({ key }) => key)

    it('reports a field that another class writes', () => {
      const b = "import type { A } from './a.js'\nexport class B {\n  f(a: A): void { a.loss = 1 }\n}"
      expect(findings('checkForeignWrites', { 'src/a.ts': A, 'src/b.ts': b }).map(shown)).to.deep.equal([
        'src/b.ts:3: B writes A.loss: a field is written by its own class only. Add a method to A, and call it.',
      ])
    })

    it('reports every kind of write', () => {
      expect(keys('class B { a = new A(); f(): void { this.a.loss += 1 } }')).to.deep.equal([
        'B writes A.loss',
      ])
      expect(keys('class B { f(a: A): void { a.loss++ } }')).to.deep.equal(['B writes A.loss'])
      expect(keys("class B { f(a: A): void { a['loss'] = 1 } }")).to.deep.equal(['B writes A.loss'])
      expect(keys('class B { f(a: A): void { [a.loss] = [1] } }')).to.deep.equal(['B writes A.loss'])
      expect(keys('export function f(a: A): void { a.loss = 1 }')).to.deep.equal(['src/b.ts writes A.loss'])
    })

    it('reports a write through an interface that a class implements', () => {
      const code = `interface Due { place: number }
        class C implements Due { place = 0 }
        class B { f(due: Due): void { due.place = 1 } }`
      expect(keys(code)).to.deep.equal(['B writes C.place'])
    })

    it('accepts reads, setters, inherited fields and plain objects', () => {
      expect(keys('class B { f(a: A): number { return a.loss } }')).to.deep.equal([])
      expect(keys('class B { f(a: A): void { a.size = 1 } }')).to.deep.equal([])
      expect(keys('class B extends A { f(): void { this.loss = 1 } }')).to.deep.equal([])
      expect(keys('class B { f(a: { loss: number }): void { a.loss = 1 } }')).to.deep.equal([])
    })
  })

  describe('unused', () => {
    const USER = "import { A } from './a.js'\nexport const a = new A()\n"

    const messages = (texts: Readonly<Record<string, string>>): readonly string[] =>
      findings('checkUnused', texts).map(({ message }) => message)

    it('reports a member that nothing uses', () => {
      const [finding] = findings('checkUnused', { 'src/a.ts': 'export class A {\n  f(): void {}\n}' })
      expect(shown(finding!)).to.equal('src/a.ts:2: A.f is dead code: nothing uses it. Remove it.')
    })

    it('reports a member that only tests use', () => {
      const test = "import { A } from '#src/a.js'\nnew A().f()"
      const texts = { 'src/b.ts': USER, 'test/a.test.ts': test }
      expect(messages({ ...texts, 'src/a.ts': 'export class A { f(): void {} }' })).to.deep.equal([
        'A.f is dead code: only tests use it. Remove it, and the tests of it.',
      ])
      const code = 'export class A { f(): void {} #g(): void { this.f() } }'
      expect(messages({ ...texts, 'src/a.ts': code })).to.deep.equal([
        'A.f is public for tests only: no other class of src uses it. Test it by what it does, and make it private.',
      ])
    })

    it('reports a member that only its own class uses', () => {
      const code = 'export class A { constructor(readonly size: number) {} #g(): number { return this.size }'
      expect(messages({ 'src/a.ts': code })).to.deep.equal([
        'A.size is used in its own class only. Make it #private.',
      ])
    })

    it('accepts a member that other code in src uses in any way', () => {
      const a = 'export class A { b = 1; get c(): number { return 1 } d(): void {} e = 1 }'
      const b = `${USER}a.b; a['c']\nconst { d } = a\nexport type E = A['e']`
      expect(messages({ 'src/a.ts': a, 'src/b.ts': b })).to.deep.equal([])
    })

    it('accepts a member that is used through an interface, a base class or another class', () => {
      const a = `interface Port { f(): void }
        abstract class Base { abstract g(): void }
        class Other { h(): void {} }
        export class A extends Base implements Port { f(): void {} g(): void {} h(): void {} }
        export const use = (port: Port, base: Base, other: Pick<Other, 'h'>): void => { port.f(); base.g(); other.h() }`
      const b = `import { A, use } from './a.js'\nconst a = new A()\nuse(a, a, a)`
      expect(messages({ 'src/a.ts': a, 'src/b.ts': b })).to.deep.equal([])
    })

    it('accepts the public API, but not its internal members', () => {
      const index = "export { A } from './a.js'"
      const code = 'export class A {\n  f(): void {}\n  /** @internal */\n  g(): void {}\n}'
      expect(messages({ 'src/index.ts': index, 'src/a.ts': code })).to.deep.equal([
        'A.g is dead code: nothing uses it. Remove it.',
      ])
    })

    it('accepts decorated members, which are used through their decorator', () => {
      const on = 'const On = (): MethodDecorator => () => undefined'
      expect(messages({ 'src/a.ts': `${on}\nexport class A { @On() f(): void {} }` })).to.deep.equal([])
    })

    it('accepts members that other libraries declare, and members of the test kit', () => {
      expect(
        messages({ 'src/a.ts': 'export class A extends Error { override message = "" }' }),
      ).to.deep.equal([])
      const test = "import { A } from '#src/testing/a.js'\nnew A().f()"
      const texts = { 'src/testing/a.ts': 'export class A { f(): void {} }', 'test/a.test.ts': test }
      expect(messages(texts)).to.deep.equal([])
    })

    it('reports an export that only tests use, unless its own file also uses it', () => {
      const test = "import { f } from '#src/a.js'\nf()"
      const code = 'export function f(): void {}'
      expect(messages({ 'src/a.ts': code, 'test/a.test.ts': test })).to.deep.equal([
        'f is dead code: only tests use it. Remove it, and the tests of it.',
      ])
      expect(messages({ 'src/a.ts': `${code}\nf()`, 'test/a.test.ts': test })).to.deep.equal([])
    })
  })

  describe('folders', () => {
    /** Seven folders with one file of ten lines each, all within the limits. */
    const SEVEN = Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [
        `src/f${index}/a.ts`,
        `export const a = 1\n${'\n'.repeat(9)}`,
      ]),
    )

    const check = (texts: Readonly<Record<string, string>>): readonly string[] =>
      house.checkFolders(house.projectInMemory(texts), undefined).map(shown)

    it('accepts folders within the limits', () => {
      expect(check(SEVEN)).to.deep.equal([])
    })

    it('reports a folder with more than 15 % of the lines', () => {
      expect(check({ ...SEVEN, 'src/f0/a.ts': '\n'.repeat(11) })).to.deep.equal([
        'src/f0:1: src/f0 has 15.5 % of the lines of src: expected at most 15 %. Split it by topic.',
      ])
    })

    it('reports a folder with more than 16 files, including its subfolders', () => {
      const many = Array.from({ length: 16 }, (_, index) => [`src/f0/deep/b${index}.ts`, ''])
      expect(check({ ...SEVEN, ...(Object.fromEntries(many) as Record<string, string>) })).to.deep.equal([
        'src/f0:1: src/f0 has 17 files: expected at most 16. Split it by topic, or merge files.',
      ])
    })

    it('reports a house with more than 12 floors', () => {
      const floors = (count: number): Record<string, string> =>
        Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            `src/f${index}/a.ts`,
            index + 1 < count ? `import '../f${index + 1}/a.js'\n` : 'export {}\n',
          ]),
        )
      expect(check(floors(12))).to.deep.equal([])
      const [finding] = check(floors(13))
      expect(finding).to.match(
        /^src:1: src has 13 floors of folders: expected at most 12 \(src\/f0 → src\/f1 → /,
      )
    })

    it('counts each folder in a cycle', () => {
      const circle = Object.fromEntries(
        Array.from({ length: 13 }, (_, index) => [
          `src/f${index}/a.ts`,
          `import '../f${(index + 1) % 13}/a.js'\nexport {}\n`,
        ]),
      )
      expect(check(circle)[0]).to.include('src has 13 floors of folders')
    })
  })

  describe('allowed.json', () => {
    const FINDING: Finding = {
      file: 'src/a.ts',
      line: 1,
      message: 'A.f is dead code. Remove it.',
      key: 'A.f',
    }

    const left = (findings: readonly Finding[], json: string): readonly string[] =>
      house.withoutAllowed(findings, 'unused', house.allowancesOf('allowed.json', json)).map(shown)

    it('allows the findings that it lists with a reason', () => {
      expect(left([FINDING, FINDING], '{ "unused": { "A.f": "A reason." } }')).to.deep.equal([])
    })

    it('does not allow other findings', () => {
      expect(left([FINDING], '{ "unused": {} }')).to.deep.equal([
        'src/a.ts:1: A.f is dead code. Remove it. Otherwise, add "A.f" to "unused" in allowed.json with a reason.',
      ])
    })

    it('reports an entry that has no reason', () => {
      expect(left([FINDING], '{\n  "unused": {\n    "A.f": ""\n  }\n}')).to.deep.equal([
        'allowed.json:3: The entry "A.f" in "unused" has no reason. Add one.',
      ])
    })

    it('reports an entry that has no finding', () => {
      expect(left([], '{ "unused": {\n "A.f": "A reason."\n} }')).to.deep.equal([
        'allowed.json:2: The entry "A.f" in "unused" is not needed: nothing violates the rule. Remove it.',
      ])
    })
  })
})
