import { codeBlocks, documents, readDocument } from '../support/markdown.js'

/** The kinds of snippets: how each is run is described in CONTRIBUTING.md. */
const KINDS = ['run', 'client', 'function', 'fragment'] as const

export type Kind = (typeof KINDS)[number]

/** A block of TypeScript in a document. */
export interface Snippet {
  readonly page: string
  /** The line of the page on which the code begins, counted from 1. */
  readonly line: number
  readonly kind: Kind
  readonly code: string
}

/** The snippets of a page, and what is wrong with the fences of the others. */
interface ParsedPage {
  readonly snippets: readonly Snippet[]
  readonly complaints: readonly string[]
}

function isKind(info: string): info is Kind {
  return (KINDS as readonly string[]).includes(info)
}

/** Finds the snippets of a page. A block that does not name its kind is a complaint, and still compiled as a fragment. */
export function parsePage(page: string, text: string): ParsedPage {
  const complaints: string[] = []
  const snippets = codeBlocks(text).map(({ code, line, info }) => {
    if (isKind(info)) return { page, line, kind: info, code }
    const found = info === '' ? 'no kind' : `the unknown kind "${info}"`
    complaints.push(`${page}:${line} has ${found}. Open it with \`\`\`ts and one of ${KINDS.join(', ')}`)
    return { page, line, kind: 'fragment' as const, code }
  })
  return { snippets, complaints }
}

/** Returns what is wrong with the number of fragments: only a tenth of the snippets may be compiled without being run. */
export function tooManyFragments(snippets: readonly Snippet[]): string | undefined {
  const fragments = snippets.filter(({ kind }) => kind === 'fragment')
  if (fragments.length * 10 <= snippets.length) return undefined
  const places = fragments.map(({ page, line }) => `${page}:${line}`).join(', ')
  return `${fragments.length} of ${snippets.length} snippets are fragments, and at most a tenth may be: ${places}`
}

/** Reads all pages. */
export function parsePages(): ParsedPage {
  const pages = documents().map((page) => parsePage(page, readDocument(page)))
  return {
    snippets: pages.flatMap(({ snippets }) => snippets),
    complaints: pages.flatMap(({ complaints }) => complaints),
  }
}
