import { existsSync, readFileSync } from 'node:fs'
import { filesIn, root } from './project.js'

/** A fenced block of TypeScript in a document. */
export interface CodeBlock {
  readonly code: string
  /** Line of the document on which the code starts, from 1. */
  readonly line: number
  /** The words of the fence after the language: `run` of ```ts run. */
  readonly info: string
  /** The first line of text below the block. */
  readonly below: string
}

/** Returns the paths of README.md and of all files in docs, including subfolders. */
export function documents(): readonly string[] {
  return [
    'README.md',
    ...filesIn('docs/')
      .filter((path) => path.endsWith('.md'))
      .sort(),
  ]
}

/** Reads a document of the project. Throws a helpful error if it is missing. */
export function readDocument(path: string): string {
  const url = new URL(path, root)
  if (!existsSync(url)) throw new Error(`${path} is missing: tests check its contents against the code`)
  return readFileSync(url, 'utf8')
}

/** Finds the blocks fenced as ```ts or ```typescript. Those in a list lose the indentation of their fence. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  const fence = /^([ \t]*)```(?:ts|typescript)\b([^\n]*)\n([^]*?)^\1```\s*$(?=\s*(.*))/gm
  return [...text.matchAll(fence)].map(
    ({ index, 1: indent = '', 2: info = '', 3: code = '', 4: below = '' }) => ({
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: text.slice(0, index).split('\n').length + 1,
      info: info.trim(),
      below,
    }),
  )
}

/** Reads the table below a marker. Returns one record for each row, with the cells by heading. */
export function tableBelow(text: string, marker: string): readonly Readonly<Record<string, string>>[] {
  const at = text.indexOf(marker)
  if (at < 0) throw new Error(`The marker ${marker} of the table is missing`)
  const below = text.slice(at + marker.length).trimStart()
  const end = below.search(/^(?!\|)/m)
  const [headings = [], , ...rows] = below
    .slice(0, end < 0 ? undefined : end)
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return rows.map((cells) =>
    Object.fromEntries(headings.map((heading, index) => [heading.toLowerCase(), cells[index] ?? ''])),
  )
}
