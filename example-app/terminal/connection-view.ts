import type { CloseInfo, ConnectionState, ErrorContext, Initiator } from 'holdfast'
import type { Source, Terminal } from './terminal.js'

const ENDINGS: Readonly<Record<Exclude<Initiator, 'network'>, string>> = {
  local: 'closed by this app',
  remote: 'closed by the server',
}

/** Shows the states and errors of a connection. Subclasses show its messages. */
export abstract class ConnectionView {
  readonly #terminal: Terminal
  readonly #source: Source
  #shownCause: Error | undefined

  constructor(terminal: Terminal, source: Source) {
    this.#terminal = terminal
    this.#source = source
  }

  /** Shows a state, except the last one, which `closed` describes better. */
  state(state: ConnectionState): void {
    switch (state.status) {
      case 'connecting':
        this.line('connecting')
        break
      case 'open':
        this.line(`connection ${state.connectionNumber} is ready`)
        break
      case 'waiting':
        this.#shownCause = state.cause
        this.line(state.cause.message)
        if (state.delay > 0) this.line(`retrying in ${seconds(state.delay)}`)
        break
      case 'closing':
        this.line(`closing${state.reason ? `: ${state.reason}` : ''}`)
        break
      default:
    }
  }

  cameBack(downtime: number): void {
    this.line(`connected again after ${seconds(downtime)}`)
  }

  /** Shows the end of a connection, unless the connection was lost. In that case, `state` has already shown the reason. */
  closed({ code, sentCode, initiator, connectionNumber }: CloseInfo): void {
    if (initiator === 'network') return
    const shown = initiator === 'local' ? (sentCode ?? code) : code
    this.line(`connection ${connectionNumber} ${ENDINGS[initiator]} (code ${shown})`)
  }

  /** Shows an error, unless `state` has already shown it as the reason for a reconnect. */
  failed(error: Error, { stage, fatal }: ErrorContext): void {
    if (error === this.#shownCause || error === this.#shownCause?.cause) return
    this.line(`${stage} error: ${error.message}${fatal ? ' (not retrying)' : ''}`)
  }

  line(text: string): void {
    this.#terminal.line(this.#source, text)
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
