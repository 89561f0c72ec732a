import { isDeepStrictEqual } from 'node:util'
import ts from 'typescript'
import type { Snippet } from './snippet.js'

/** A comment that shows what its line prints. */
interface Claim {
  readonly line: number
  readonly text: string
}

/** Output of one call of the console. */
export interface Print {
  /** The line of the call in the page, or 0 if the call is not in the snippet. */
  readonly line: number
  readonly text: string
}

const OUTPUTS = /^console[.](?:log|error|warn)$/

/** Between the end of the call and its comment: closing brackets, or the rest of a statement without strings. */
const COMMENT = /^[^'"`/]*\/\/ ?(.*)$/

/**
 * Finds the comments behind calls of the console.
 *
 * @param firstLine the line of the page on which the code begins
 */
export function claimsOf(code: string, firstLine: number): readonly Claim[] {
  const source = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.Latest)
  const lines = code.split('\n')
  const claims = new Map<number, Claim>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && OUTPUTS.test(node.expression.getText(source))) {
      const end = source.getLineAndCharacterOfPosition(node.end)
      const start = source.getLineAndCharacterOfPosition(node.getStart(source))
      const text = COMMENT.exec(lines[end.line]?.slice(end.character) ?? '')?.[1]
      if (text !== undefined) claims.set(start.line, { line: start.line + firstLine, text: text.trim() })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...claims.values()]
}

/** Joins the lines into which `util.format` breaks long objects: a comment shows them on one. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** Compares all output with that of which the page says that the snippet prints it. */
export function wrongOutput({ page, line, output }: Snippet, prints: readonly Print[]): readonly string[] {
  const texts = prints.map(({ text }) => oneLine(text))
  if (!output || isDeepStrictEqual(texts, output)) return []
  return [
    `${page}:${line} does not print what the text below it says: expected ${output.join(', ')}, received ${texts.join(', ')}`,
  ]
}

/** Compares each claim with the first output of its line. */
export function wrongClaims(
  page: string,
  claims: readonly Claim[],
  prints: readonly Print[],
): readonly string[] {
  return claims.flatMap(({ line, text }) => {
    const print = prints.find((candidate) => candidate.line === line)
    if (!print) return [`${page}:${line} never printed: expected ${text}`]
    return oneLine(text) === oneLine(print.text)
      ? []
      : [`${page}:${line} is wrong: expected ${text}, received ${print.text}`]
  })
}
