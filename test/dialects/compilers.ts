import swc from '@swc/wasm'
import { transform } from 'esbuild'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { root } from '../support/project.js'

/** Makes JavaScript of a TypeScript source. */
type Compile = (code: string, file: string) => Promise<string>

/** A way to say what handles what, and a compiler for it. */
export interface Dialect {
  readonly name: string
  /** Whether the compiler notes the types of a constructor's parameters. */
  readonly notesTypes: boolean
  readonly isStandard: boolean
  /** Imports a source of `test` that has been compiled so. */
  readonly load: (source: string) => Promise<unknown>
}

/** Loads what `tsc -b` has compiled. */
function loadBuilt(folder: string): Dialect['load'] {
  return async (source) => (await import(new URL(`.build/test/${folder}${source}.js`, root).href)) as unknown
}

/** Compiles when it is asked for, into a folder beside what `tsc -b` has compiled. */
function loadCompiled(folder: string, compile: Compile): Dialect['load'] {
  return async (source) => {
    const code = readFileSync(new URL(`test/${source}.ts`, root), 'utf8')
    const target = new URL(`.build/test/${folder}/${source}.js`, root)
    mkdirSync(new URL('.', target), { recursive: true })
    writeFileSync(target, await compile(code, `${source}.ts`))
    return (await import(target.href)) as unknown
  }
}

function esbuild(compilerOptions: object): Compile {
  return async (code, sourcefile) => {
    const settings = { loader: 'ts', target: 'es2022', format: 'esm', sourcefile } as const
    const tsconfigRaw = { compilerOptions: { ...compilerOptions, verbatimModuleSyntax: true } }
    return (await transform(code, { ...settings, tsconfigRaw })).code
  }
}

/** Of swc's types, those of this version lack the newer names of the standard's drafts. */
interface SwcDecorators {
  readonly legacyDecorator?: boolean
  readonly decoratorMetadata?: boolean
  readonly decoratorVersion?: '2022-03' | '2023-11'
}

function swcWith(decorators: SwcDecorators): Compile {
  return async (code, filename) => {
    const options = {
      filename,
      configFile: false,
      swcrc: false,
      module: { type: 'es6' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: decorators,
      },
    } as const
    return swc.transformSync(code, options).code
  }
}

const legacy = { isStandard: false, notesTypes: false }
const standard = { isStandard: true, notesTypes: false }

/** What reads decorators. */
export const DECORATED: readonly Dialect[] = [
  { name: 'tsc, legacy', isStandard: false, notesTypes: true, load: loadBuilt('') },
  { name: 'tsc, standard', ...standard, load: loadBuilt('standard/') },
  {
    name: 'swc, legacy with types',
    isStandard: false,
    notesTypes: true,
    load: loadCompiled('swc-typed', swcWith({ legacyDecorator: true, decoratorMetadata: true })),
  },
  {
    name: 'swc, legacy',
    ...legacy,
    load: loadCompiled('swc-legacy', swcWith({ legacyDecorator: true })),
  },
  ...(['2022-03', '2023-11'] as const).map((decoratorVersion) => ({
    name: `swc, standard of ${decoratorVersion}`,
    ...standard,
    load: loadCompiled(`swc-${decoratorVersion}`, swcWith({ decoratorVersion })),
  })),
  {
    name: 'esbuild, legacy',
    ...legacy,
    load: loadCompiled('esbuild-legacy', esbuild({ experimentalDecorators: true })),
  },
  { name: 'esbuild, standard', ...standard, load: loadCompiled('esbuild-standard', esbuild({})) },
]

/** What calls `defineHandlers`. */
export const NAMED: readonly Dialect[] = [
  { name: 'defineHandlers, tsc', ...legacy, load: loadBuilt('') },
  { name: 'defineHandlers, types stripped', ...legacy, load: loadCompiled('stripped', esbuild({})) },
]
