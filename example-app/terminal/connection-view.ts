import type { CloseInfo, ConnectionState, ErrorContext, Initiator } from 'holdfast'
import type { Source, Terminal } from './terminal.js'

const ENDED_BY: Readonly<Record<Initiator, string>> = {
  local: 'by us',
  remote: 'by the server',
  network: 'without a goodbye',
}

/** Shows what happens to one connection; what its messages say is for those who extend it. */
export abstract class ConnectionView {
  readonly #terminal: Terminal
  readonly #source: Source
  #shownCause: Error | undefined

  constructor(terminal: Terminal, source: Source) {
    this.#terminal = terminal
    this.#source = source
  }

  /** Shows a state, but for the end: `closed` tells more about that. */
  state(state: ConnectionState): void {
    switch (state.status) {
      case 'connecting':
        this.line(`connecting (attempt ${state.attempt})`)
        break
      case 'open':
        this.line(`open (connection ${state.connectionNumber})`)
        break
      case 'waiting':
        this.#shownCause = state.cause
        this.line(state.cause.message)
        if (state.delay > 0) this.line(`waiting ${seconds(state.delay)} before attempt ${state.attempt}`)
        break
      case 'closing':
        this.line(`closing${state.reason ? `: ${state.reason}` : ''}`)
        break
      default:
    }
  }

  cameBack(downtime: number): void {
    this.line(`back after ${seconds(downtime)} without a connection`)
  }

  closed({ code, sentCode, initiator, connectionNumber }: CloseInfo): void {
    const shown = initiator === 'local' ? (sentCode ?? code) : code
    this.line(`connection ${connectionNumber} closed ${ENDED_BY[initiator]} (${shown})`)
  }

  /** Shows an error, unless it is what the connection waits because of: that has been said. */
  failed(error: Error, { stage, fatal }: ErrorContext): void {
    if (error === this.#shownCause || error === this.#shownCause?.cause) return
    this.line(`${stage} failed: ${error.message}${fatal ? ' (giving up)' : ''}`)
  }

  line(text: string): void {
    this.#terminal.line(this.#source, text)
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
