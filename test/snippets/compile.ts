import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { root, run, tsc } from '../support/project.js'
import type { Snippet } from './snippet.js'

/** The flags that the README asks its readers to set. */
const TSCONFIG = {
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
  include: ['.'],
}

/** The name of a snippet's file, without its ending. */
export function fileOf({ page, line }: Pick<Snippet, 'page' | 'line'>): string {
  return `${page.replaceAll('/', '-').replace(/[.]md$/, '')}-${line}`
}

/** Names the classes that a snippet keeps to itself, so that the harness can export them. */
function privateClasses(code: string): readonly string[] {
  const source = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.Latest)
  return source.statements.flatMap((statement) => {
    if (!ts.isClassDeclaration(statement) || !statement.name) return []
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    return isExported ? [] : [statement.name.text]
  })
}

/** A snippet keeps the lines that it has in its page, so that complaints, and the lines of what it prints, are those of the page. */
function sourceOf({ kind, code, line }: Snippet): string {
  const classes = kind === 'client' || kind === 'function' ? privateClasses(code) : []
  const exports = classes.length > 0 ? `export { ${classes.join(', ')} }\n` : ''
  return '\n'.repeat(line - 1) + code + exports
}

/**
 * Compiles each snippet as a separate module.
 *
 * @param folder receives the sources and the JavaScript
 * @returns what the compiler complains about, by line of its output
 */
export async function compile(folder: URL, snippets: readonly Snippet[]): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(TSCONFIG))
  for (const snippet of snippets) writeFileSync(new URL(`${fileOf(snippet)}.ts`, folder), sourceOf(snippet))
  const { output } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], folder)
  return output.split('\n').filter((line) => /^\S/.test(line))
}

/** The folder of the compiled snippets of the documents. */
export const folder = new URL('.build/snippets/', root)
