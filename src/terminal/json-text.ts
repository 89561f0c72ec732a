import { visibleText } from './visible-text.js'

/** Kinds of tokens that have different colors. */
export type TokenKind = 'key' | 'string' | 'number' | 'word' | 'mark'

/** Colors the text of a token. */
export type Paint = (kind: TokenKind, text: string) => string

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

/** Matches the tokens of valid JSON: strings, punctuation, numbers, and words. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

const plain: Paint = (_, text) => text

/** Returns whether a text is an object or array in JSON. */
export function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Prints valid JSON on one line. Works on the text, so that numbers keep all their digits. */
export function compactJson(text: string, paint: Paint = plain): string {
  return tokensOf(text)
    .map(({ kind, text: token }) => paint(kind, token))
    .join('')
}

/** Prints valid JSON on several lines, indented by two spaces for each level. */
export function prettyJson(text: string, paint: Paint = plain): string {
  const tokens = tokensOf(text)
  let depth = 0
  let printed = ''
  let follows: Token | undefined
  for (const token of tokens) {
    const { kind, text: shown } = token
    const closes = isMark(token, '}]')
    if (closes) depth -= 1
    // An empty object or array stays on one line.
    if (closes !== isMark(follows, '{[')) printed += newLine(depth)
    printed += paint(kind, shown)
    if (isMark(token, '{[')) depth += 1
    if (isMark(token, ',')) printed += newLine(depth)
    if (isMark(token, ':')) printed += ' '
    follows = token
  }
  return printed
}

function isMark(token: Token | undefined, marks: string): boolean {
  return token?.kind === 'mark' && marks.includes(token.text)
}

function newLine(depth: number): string {
  return `\n${'  '.repeat(depth)}`
}

function tokensOf(text: string): readonly Token[] {
  const found = text.match(TOKENS) ?? []
  return found.map((token, index) => ({
    kind: kindOf(token, found[index + 1]),
    text: token.startsWith('"') ? visibleText(token) : token,
  }))
}

function kindOf(token: string, next: string | undefined): TokenKind {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'string'
  if (/^[{}[\],:]$/.test(token)) return 'mark'
  return /^[-\d]/.test(token) ? 'number' : 'word'
}
