// Lists every text of the package that a person may read: `node scripts/texts.js` prints them, `--write` updates test/texts.txt.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const root = new URL('../', import.meta.url)
/** The page of the inspector, whose texts are in src/inspector/page. */
const PAGE = 'src/inspector/assets.ts'
const SNAPSHOT = new URL('test/texts.txt', root)

/** Returns all texts of src, each below the name of its file. */
export function textsOfSource() {
  return readdirSync(new URL('src', root), { recursive: true })
    .map((path) => `src/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && path !== PAGE)
    .sort()
    .map((path) => ({ path, texts: textsIn(readFileSync(new URL(path, root), 'utf8')) }))
    .filter(({ texts }) => texts.length > 0)
    .map(({ path, texts }) => `## ${path}\n\n${texts.join('\n')}\n`)
    .join('\n')
}

/** Returns the snapshot as it is stored. */
export function storedTexts() {
  return readFileSync(SNAPSHOT, 'utf8')
}

/** Lists the strings and templates of a file that contain words, in their order. */
export function textsIn(source) {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true)
  const texts = []
  const visit = (node) => {
    const text = textOf(node)
    if (text !== undefined && /[a-z]{2}.* |^ .*[a-z]{2}/i.test(text)) texts.push(text.replaceAll('\n', '\\n'))
    ts.forEachChild(node, visit)
  }
  visit(file)
  return texts
}

/** Returns the text of a literal; the expressions of a template stand in it as they are written. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return (
      node.head.text +
      node.templateSpans
        .map(({ expression, literal }) => `\${${expression.getText().replace(/\s+/g, ' ')}}${literal.text}`)
        .join('')
    )
  if (ts.isTemplateLiteralTypeNode(node))
    return (
      node.head.text +
      node.templateSpans.map(({ type, literal }) => `\${${type.getText()}}${literal.text}`).join('')
    )
  return undefined
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--write')) writeFileSync(SNAPSHOT, textsOfSource())
  else process.stdout.write(textsOfSource())
}
