import { HandshakeError, StartupError } from '../index.js'
import { inOptionWords } from './option-words.js'
import type { Screen } from './screen.js'
import { styled } from './colors.js'
import { visibleText } from './visible-text.js'

/** Number of lines of a rejection's body that are shown. */
const BODY_LINES = 10

export interface NoticeStyle {
  readonly isQuiet: boolean
  readonly isVerbose: boolean
  readonly hasColors: boolean
}

/** Writes everything that is not a message to standard error. Escapes everything, because it can come from the server. */
export class Notices {
  readonly #screen: Screen
  readonly #style: NoticeStyle
  /** Errors that have been reported. A fatal error reaches `@OnError`, and also rejects `bootstrap`. */
  readonly #reported = new WeakSet<Error>()

  constructor(screen: Screen, style: NoticeStyle) {
    this.#screen = screen
    this.#style = style
  }

  /** Reports progress, unless `--quiet` is set. */
  info(line: string): void {
    if (!this.#style.isQuiet) this.#write('dim', line)
  }

  /** Shows the result of a command, even with `--quiet`. */
  show(line: string): void {
    this.#write('dim', line)
  }

  /** Reports details with `--verbose`. */
  detail(line: string): void {
    if (this.#style.isVerbose) this.#write('dim', line)
  }

  error(line: string): void {
    this.#write('red', `holdfast: ${line}`)
  }

  /** Reports an error. With `--verbose`, also the headers and the start of the body of a rejected handshake. */
  failure(error: Error): void {
    if (this.#reported.has(error)) return
    this.#reported.add(error)
    if (error instanceof StartupError) {
      for (const { place, cause, fix } of error.mistakes)
        this.error(inOptionWords(`${place.replace(/^options[.]/, '')}: ${cause}. Fix: ${fix}`))
      return
    }
    this.error(inOptionWords(error.message))
    if (!(error instanceof HandshakeError)) return
    this.headers(error.headers)
    for (const line of error.body.split(/\r?\n/).slice(0, BODY_LINES)) this.detail(`| ${line}`)
  }

  /** Reports the headers of a response with `--verbose`. */
  headers(headers: Readonly<Record<string, string | readonly string[] | undefined>>): void {
    for (const [name, value] of Object.entries(headers)) {
      for (const each of [value ?? []].flat()) this.detail(`< ${name}: ${each}`)
    }
  }

  #write(style: 'dim' | 'red', line: string): void {
    const text = visibleText(line)
    this.#screen.notice(this.#style.hasColors ? styled(style, text) : text)
  }
}
