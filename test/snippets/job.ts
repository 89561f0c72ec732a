import type { Print } from './claims.js'
import type { Kind } from './snippet.js'

/** One snippet of a job. */
export interface Part {
  readonly kind: Kind
  /** The URL of the compiled snippet. */
  readonly file: string
}

/** The argument of a process, which runs one program, or the clients and functions of one page. */
export interface Job {
  readonly page: string
  readonly parts: readonly Part[]
  /** Maximum milliseconds that the process may run. */
  readonly timeLimit: number
  /** The file that receives the reports as JSON, one for each part that was begun. */
  readonly reports: string
}

/** Result of one snippet. */
export interface Report {
  readonly prints: readonly Print[]
  readonly failures: string[]
}
