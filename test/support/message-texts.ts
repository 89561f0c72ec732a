import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { filesIn, root } from './project.js'

/** Stands for a part of a text that varies. */
export const VARYING = '…'

/** Returns the text of an expression as far as it is constant. */
function textOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => VARYING + literal.text).join('')
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return textOf(node.left) + textOf(node.right)
  }
  return VARYING
}

/** Collects the texts of a file: each literal, and each sum of literals as one. */
function collect(node: ts.Node, texts: string[]): void {
  const text = textOf(node)
  if (text !== VARYING) texts.push(text)
  ts.forEachChild(node, (child) => collect(child, texts))
}

/** Returns the constant parts of all string and template literals in `src`. */
export function messageTexts(): readonly string[] {
  const texts: string[] = []
  for (const path of filesIn('src/').filter((each) => each.endsWith('.ts'))) {
    const source = readFileSync(new URL(path, root), 'utf8')
    collect(ts.createSourceFile(path, source, ts.ScriptTarget.Latest), texts)
  }
  return texts.flatMap((text) => text.split(VARYING))
}
