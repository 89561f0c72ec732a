import { stripVTControlCharacters } from 'node:util'

/** Source of a line. */
export type Source = 'app' | 'inspector' | 'market'

const LABEL_WIDTH = 11
/** Width of the source and the time before each text. */
const PREFIX_WIDTH = 20
/** Maximum length of a text that is not written to a terminal. */
const MAX_LENGTH = 110

/** Shows short lines, each with its source and the seconds since the start. */
export class Terminal {
  readonly #startedAt = performance.now()

  /** Time since the start, in milliseconds. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** Shows lines as they are, and an empty one after them. */
  text(lines: readonly string[]): void {
    process.stdout.write(`${lines.join('\n')}\n\n`)
  }

  line(source: Source, text: string): void {
    const seconds = (this.elapsed / 1_000).toFixed(1).padStart(5)
    process.stdout.write(`${`[${source}]`.padEnd(LABEL_WIDTH)} ${seconds}s  ${printable(text)}\n`)
  }
}

/** Makes the output of another process fit into one line: removes colors and line breaks, and truncates it. */
function printable(text: string): string {
  const plain = stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ')
  const { columns } = process.stdout
  const length = columns > PREFIX_WIDTH ? columns - PREFIX_WIDTH : MAX_LENGTH
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain
}
