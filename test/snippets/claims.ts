import ts from 'typescript'

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

/** Objects that `util.format` breaks into lines are shown on one, and `…` stands for any text. */
function fits(claim: string, text: string): boolean {
  const [begin = '', ...parts] = claim.split('…').map((part) => part.replaceAll(/\s+/g, ' '))
  const printed = text.replaceAll(/\s+/g, ' ').trim()
  if (parts.length === 0) return printed === begin
  const pattern = [begin, ...parts]
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('.*')
  return new RegExp(`^${pattern}$`).test(printed)
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
    return fits(text, print.text)
      ? []
      : [`${page}:${line} is wrong: expected ${text}, received ${print.text}`]
  })
}
