import { expect } from 'chai'
import { Linter } from 'eslint'
import type { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { housePlugin } from '../support/house-plugin.js'

describe("The project's ESLint plugin", () => {
  let house: ESLint.Plugin

  before(async () => {
    house = await housePlugin()
  })

  /** Returns the messages of one rule as `line: message`. */
  function lint(rule: string, code: string, options: object = {}): readonly string[] {
    const isBare = Object.keys(options).length === 0
    const messages = new Linter().verify(code, {
      languageOptions: { parser: tseslint.parser },
      plugins: { house },
      rules: { [`house/${rule}`]: isBare ? 'error' : ['error', options] },
    })
    return messages.map(({ line, message }) => `${line}: ${message}`)
  }

  describe('class-width', () => {
    const LIMITS = { fields: 2, members: 4 }

    it('accepts a class within both limits', () => {
      const code = 'class A { a; #b; f() {} get c() { return 1 } }'
      expect(lint('class-width', code, LIMITS)).to.deep.equal([])
    })

    it('reports too many fields, including private, static and parameter properties', () => {
      const code = 'class A { #a; static b; constructor(readonly c: number, d: number) {} }'
      expect(lint('class-width', code, LIMITS)).to.deep.equal([
        '1: A has 3 fields: expected at most 2. Split it by topic.',
      ])
    })

    it('reports too many members, including fields, methods and accessors', () => {
      const code = 'class A { #a; f() {} #g() {} get b() { return 1 } static h() {} }'
      expect(lint('class-width', code, LIMITS)).to.deep.equal([
        '1: A has 5 members: expected at most 4. Split it by topic.',
      ])
    })

    it('counts a get and set pair once and overloads once, and does not count constructors or static blocks', () => {
      const code = `class A {
        static {}
        constructor() {}
        get a() { return 1 }
        set a(value) {}
        f(value: string): void
        f(value: number): void
        f(value: unknown) {}
        g() {}
        h() {}
      }`
      expect(lint('class-width', code, LIMITS)).to.deep.equal([])
    })

    it('allows 12 fields and 30 members by default', () => {
      const fields = (count: number): string =>
        Array.from({ length: count }, (_, index) => `a${index};`).join(' ')
      expect(lint('class-width', `class A { ${fields(12)} }`)).to.deep.equal([])
      expect(lint('class-width', `class A { ${fields(13)} }`)).to.have.length(1)
    })

    it('accepts an exempt class only as long as it needs the exemption', () => {
      const exempt = { ...LIMITS, exempt: { A: 'A facade.' } }
      expect(lint('class-width', 'class A { a; b; c }', exempt)).to.deep.equal([])
      expect(lint('class-width', 'class A { a }', exempt)).to.deep.equal([
        '1: A is exempt from class-width, but the class is within the limits. Remove the exemption.',
      ])
    })
  })

  describe('explicit-undefined', () => {
    it('reports an optional property of an exported type that does not accept undefined', () => {
      expect(lint('explicit-undefined', 'export interface A { a?: number; b: 1 }')).to.deep.equal([
        '1: a is optional but does not accept undefined. Add "| undefined".',
      ])
      const others = ['export type A = 1 | { a?: () => 1 }', 'export class A { f(o: { a?: 1 }) {} }']
      for (const code of others) expect(lint('explicit-undefined', code), code).to.have.length(1)
    })

    it('accepts a property that accepts undefined, and types that are not exported', () => {
      const right = [
        'export interface A { a?: 1 | undefined; b?: unknown; [c]?: 1 }',
        'interface A { a?: number }',
        'export function f() { return g() as { a?: 1 } }',
        'export type A<B> = B extends { a?: infer C } ? C : never',
      ]
      for (const code of right) expect(lint('explicit-undefined', code), code).to.deep.equal([])
    })
  })

  describe('perf-comment', () => {
    const TRUNC = 'Math.trunc(): an integer instead of a boxed double'

    it('reports a trick without a comment', () => {
      expect(lint('perf-comment', 'const now = Math.trunc(clock.now())')).to.deep.equal([
        `1: ${TRUNC} is not explained: no comment states the gain. ` +
          'Add "// perf: saves N B per idle connection", or "// perf: N % of receive", and the benchmark.',
      ])
    })

    it('accepts a comment on the same line, or directly above the statement or the member', () => {
      expect(lint('perf-comment', 'const now = Math.trunc(1) // perf: saves 16 B')).to.deep.equal([])
      expect(
        lint('perf-comment', '// perf: saves 16 B\n// per timer\nconst now =\n  Math.trunc(1)'),
      ).to.deep.equal([])
      expect(
        lint('perf-comment', 'class A {\n  /** perf: saves 16 B */\n  now = Math.trunc(1)\n}'),
      ).to.deep.equal([])
    })

    it('does not accept a comment without "perf", or a comment farther away', () => {
      expect(lint('perf-comment', '// Whole milliseconds.\nconst now = Math.trunc(1)')).to.have.length(1)
      expect(lint('perf-comment', '// perf: saves 16 B\n\nconst now = Math.trunc(1)')).to.have.length(1)
      expect(lint('perf-comment', 'f() // perf: saves 16 B\nconst now = Math.trunc(1)')).to.have.length(1)
      expect(lint('perf-comment', 'const now = Math.trunc(1) // perf:')).to.have.length(1)
    })

    it('reports replacing and overriding emit()', () => {
      expect(lint('perf-comment', 'socket.emit = emitRead')).to.have.length(1)
      expect(lint('perf-comment', '// perf: 30 % of receive\nsocket.emit = emitRead')).to.deep.equal([])
      expect(lint('perf-comment', 'class A extends B { override emit() { return true } }')).to.have.length(1)
      expect(lint('perf-comment', "socket.emit('open')")).to.deep.equal([])
    })

    describe('for fields created on first use', () => {
      const METHODS = 'get a() { return (this.#a ??= new A()) }\n get b() { return (this.#b ??= f(new B())) }'

      it('reports each class once, and lists its fields', () => {
        expect(lint('perf-comment', `class A {\n #a\n #b\n ${METHODS}\n}`)).to.deep.equal([
          '4: Making #a, #b on first use is not explained: no comment states the gain. ' +
            'Add "// perf: saves N B per idle connection", or "// perf: N % of receive", and the benchmark.',
        ])
      })

      it('accepts one comment above the class, or one above each field or use', () => {
        const perf = '// perf: saves 100 B'
        expect(lint('perf-comment', `${perf}\nexport class A {\n #a\n #b\n ${METHODS}\n}`)).to.deep.equal([])
        expect(lint('perf-comment', `class A {\n ${perf}\n #a\n #b ${perf}\n ${METHODS}\n}`)).to.deep.equal(
          [],
        )
        expect(lint('perf-comment', `class A {\n #a\n ${perf}\n ${METHODS} ${perf}\n}`)).to.deep.equal([])
        expect(lint('perf-comment', `class A {\n ${perf}\n #a\n\n #b\n ${METHODS}\n}`)).to.have.length(1)
      })

      it('accepts a field that keeps the first result', () => {
        const code = `class A {
          close() { this.#error ??= new LostError(); return (this.#closed ??= this.#close()) }
          idle() { this.#idle ??= deferred() }
        }`
        expect(lint('perf-comment', code)).to.deep.equal([])
      })
    })
  })

  describe('module-state', () => {
    it('reports a variable that can change', () => {
      expect(lint('module-state', 'let spare: object | undefined')).to.deep.equal([
        '1: spare is mutable at module level: the whole process shares it. ' +
          'Pass it in, or add the reason directly above: "// shared: …" or "// perf: …".',
      ])
      expect(lint('module-state', 'export let spare = 1')).to.have.length(1)
    })

    it('reports a container that the module changes', () => {
      expect(
        lint('module-state', 'const known = new Map()\nfunction f() { known.set(1, 2) }'),
      ).to.have.length(1)
      expect(lint('module-state', 'const known = []\nfunction f() { known[0] = 1 }')).to.have.length(1)
      expect(lint('module-state', 'const known = {}\nfunction f() { delete known.a }')).to.have.length(1)
      expect(
        lint('module-state', 'const bytes = new Uint8Array(4)\nfunction f() { bytes[0]++ }'),
      ).to.have.length(1)
    })

    it('accepts containers that never change, and local variables', () => {
      expect(lint('module-state', "const KNOWN = new Map([['a', 1]])\nKNOWN.get('a')")).to.deep.equal([])
      expect(lint('module-state', 'function f() { let a = 1; return a++ }')).to.deep.equal([])
    })

    it('accepts a reason directly above the line or on it', () => {
      expect(lint('module-state', '// shared: one per process\nlet spare = 1')).to.deep.equal([])
      expect(lint('module-state', 'let spare = 1 // shared: one per process')).to.deep.equal([])
      expect(
        lint('module-state', '/** The number of the last client. */\nexport let count = 1'),
      ).to.deep.equal([])
    })

    it('accepts one reason for a group of lines without empty lines', () => {
      expect(lint('module-state', '// shared: one per process\nlet a = 1\nlet b = 2')).to.deep.equal([])
      expect(lint('module-state', '// shared: one per process\nlet a = 1\n\nlet b = 2')).to.have.length(1)
    })

    it('does not accept a comment that gives no reason', () => {
      expect(lint('module-state', '// perf:\nlet spare = 1')).to.have.length(1)
    })
  })
})
