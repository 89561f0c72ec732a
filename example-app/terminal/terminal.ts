import { stripVTControlCharacters } from 'node:util'

/** Who says a line. */
export type Source = 'app' | 'inspector' | 'market'

const LABEL_WIDTH = 11
const LONGEST_TEXT = 110

/** Shows short lines, each with its source and the seconds since the start. */
export class Terminal {
  readonly #startedAt = performance.now()

  /** How long the app has been running, in milliseconds. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  line(source: Source, text: string): void {
    const seconds = (this.elapsed / 1_000).toFixed(1).padStart(5)
    process.stdout.write(`${`[${source}]`.padEnd(LABEL_WIDTH)} ${seconds}s  ${printable(text)}\n`)
  }
}

/** What another process prints may hold colours and line breaks, and have any length. */
function printable(text: string): string {
  const plain = stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ')
  return plain.length > LONGEST_TEXT ? `${plain.slice(0, LONGEST_TEXT)}…` : plain
}
