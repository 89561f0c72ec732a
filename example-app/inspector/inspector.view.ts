import { injectable } from 'tsyringe'
import { ConnectionView } from '../terminal/connection-view.js'
import { NO_BREAK, Terminal } from '../terminal/terminal.js'
import type { Collections, HeapReading } from './heap-monitor.js'

/** Maximum number of console lines shown between two readings of the heap. */
const MOST_LINES = 5

/** Shows the heap, the garbage collections and the console of a process. */
@injectable()
export class InspectorView extends ConnectionView {
  #shownLines = 0

  constructor(terminal: Terminal) {
    super(terminal, 'inspector')
  }

  watching(process: string): void {
    this.line(`watching process ${process}`)
  }

  heap({ used, total, change, collections }: HeapReading): void {
    const difference = change === undefined ? '' : ` (${change < 0 ? '' : '+'}${megabytes(change)} MB)`
    this.line(`heap ${megabytes(used)} MB of ${megabytes(total)} MB${difference}`)
    if (collections.length > 0) this.line(`gc   ${collections.map(describe).join(', ')}`)
    if (this.#shownLines > MOST_LINES) this.line(`… and ${this.#shownLines - MOST_LINES} more console lines`)
    this.#shownLines = 0
  }

  /** Shows a line of the process's console, unless there are too many. */
  consoleLine(type: string, text: string): void {
    this.#shownLines += 1
    if (this.#shownLines <= MOST_LINES) this.line(`console.${type}: ${text}`)
  }
}

function describe({ kind, count, duration }: Collections): string {
  return `${count} × ${kind} (${duration.toFixed(1)} ms)`.replaceAll(' ', NO_BREAK)
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
