import swc from '@swc/wasm'
import { transform } from 'esbuild'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { root } from '../support/project.js'

/** Compiles a TypeScript source to JavaScript. */
type Compile = (code: string, file: string) => Promise<string>

/** A style of declaring handlers, and a compiler for it. */
export interface Dialect {
  readonly name: string
  /** True if the compiler emits the types of constructor parameters. */
  readonly notesTypes: boolean
  readonly isStandard: boolean
  /** Imports a source of `test` that this dialect has compiled. */
  readonly load: (source: string) => Promise<unknown>
}

/** Loads the output of `tsc -b`. */
function loadBuilt(folder: string): Dialect['load'] {
  return async (source) => (await import(new URL(`.build/test/${folder}${source}.js`, root).href)) as unknown
}

/** Compiles on demand into a folder next to the output of `tsc -b`. */
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

/** The types of this version of swc lack the newer names of the decorator drafts. */
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

/** Compilers that support decorators. */
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

/** Compilers for `defineHandlers`. */
export const NAMED: readonly Dialect[] = [
  { name: 'defineHandlers, tsc', ...legacy, load: loadBuilt('') },
  { name: 'defineHandlers, types stripped', ...legacy, load: loadCompiled('stripped', esbuild({})) },
]
