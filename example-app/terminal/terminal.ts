import { stripVTControlCharacters } from 'node:util'

/** Source of a line. */
export type Source = 'app' | 'inspector' | 'market'

const LABEL_WIDTH = 11
/** Width of the source and the time before each text. */
const PREFIX_WIDTH = 20
const MAX_LENGTH = 200

/** A space at which a long line does not break. */
export const NO_BREAK = '\u00a0'

/** Shows short lines, each with its source and the seconds since startup. */
export class Terminal {
  readonly #startedAt = performance.now()

  /** Time since startup, in milliseconds. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** Shows lines unchanged, followed by an empty line. */
  text(lines: readonly string[]): void {
    process.stdout.write(`${lines.join('\n')}\n\n`)
  }

  line(source: Source, text: string): void {
    const seconds = (this.elapsed / 1_000).toFixed(1).padStart(5)
    const shown = wrapped(printable(text), process.stdout.columns).replaceAll(NO_BREAK, ' ')
    process.stdout.write(`${`[${source}]`.padEnd(LABEL_WIDTH)} ${seconds}s  ${shown}\n`)
  }
}

/** Removes colors and line breaks that another process may have written, and truncates the text. */
function printable(text: string): string {
  const plain = stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ')
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain
}

/** Wraps text at spaces to fit next to the prefix. If the output is not a terminal, it has no columns, and text is not wrapped. */
function wrapped(text: string, columns = Infinity): string {
  const width = columns - PREFIX_WIDTH
  if (width < 1 || text.length <= width) return text
  const lines = text.match(new RegExp(`.{1,${width}}(?: |$)|.{${width}}`, 'g')) ?? []
  return lines.map((line) => line.trimEnd()).join(`\n${' '.repeat(PREFIX_WIDTH)}`)
}
