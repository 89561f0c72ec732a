import { codeBlocks, documents, readDocument } from '../support/markdown.js'

/**
 * The kinds of snippets:
 *
 * - `run` is a complete program. It runs in a separate process and has to end by itself, with exit code 0.
 * - `client` has client classes. Each one is started against a scripted server, and closed once its handlers have run.
 * - `function` exports functions. Each one is called with a connection and its client, or without arguments if it has no parameters. A
 *   client or an application that it returns is closed.
 * - `fragment` is only compiled.
 */
const KINDS = ['run', 'client', 'function', 'fragment'] as const

export type Kind = (typeof KINDS)[number]

/** A block of TypeScript in a document. */
export interface Snippet {
  readonly page: string
  /** The line of the page on which the code begins, counted from 1. */
  readonly line: number
  readonly kind: Kind
  readonly code: string
  /** All output of the program, if the text below shows it: It prints `this`, then `that`. */
  readonly output?: readonly string[]
}

/** The snippets of a page, and what is wrong with the fences of the others. */
interface ParsedPage {
  readonly snippets: readonly Snippet[]
  readonly complaints: readonly string[]
}

function isKind(info: string): info is Kind {
  return (KINDS as readonly string[]).includes(info)
}

/** Reads from the text below a program what it prints. */
function outputIn(below: string): Pick<Snippet, 'output'> {
  if (!below.startsWith('It prints ')) return {}
  return { output: [...below.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text) }
}

/** Finds the snippets of a page. A block that does not name its kind is a complaint, and still compiled as a fragment. */
export function parsePage(page: string, text: string): ParsedPage {
  const complaints: string[] = []
  const snippets = codeBlocks(text).map(({ code, line, info, below }) => {
    if (isKind(info)) return { page, line, kind: info, code, ...outputIn(below) }
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
