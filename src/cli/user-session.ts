import type { Connection, ConnectionState } from '../index.js'
import type { Arguments } from './arguments.js'
import { describeDuration } from '../terminal/duration.js'
import { outgoingData } from './input-files.js'
import type { CommandClient } from './client.js'
import { waitAfterInput, waitAfterOpening } from './ending.js'
import type { EndingRules } from './ending.js'
import { linesOf } from '../terminal/lines.js'
import type { InputStream } from '../terminal/lines.js'
import { commandHelp, parseTyped } from '../terminal/slash-commands.js'
import type { TypedInput } from '../terminal/slash-commands.js'
import type { Notices } from '../terminal/notices.js'
import { reasonOf, toError } from '../core/error-text.js'

/** Close code that is sent for a signal. */
const GOING_AWAY = 1001

/** Sends the user's input over an open connection, and ends the connection at the right time. */
export class UserSession {
  readonly #client: CommandClient
  readonly #given: Arguments
  readonly #notices: Notices
  readonly #rules: EndingRules
  #timer: NodeJS.Timeout | undefined
  #hasMistake = false

  constructor(client: CommandClient, given: Arguments, notices: Notices) {
    this.#client = client
    this.#given = given
    this.#notices = notices
    this.#rules = {
      wait: given.wait,
      count: given.count,
      hasOpening: given.opening.length > 0,
    }
    this.#endAfter(waitAfterOpening(this.#rules))
  }

  /** True if the input contained a message that could not be sent. */
  get hasMistake(): boolean {
    return this.#hasMistake
  }

  get #connection(): Connection {
    return this.#client.connection
  }

  /** Sends the lines of a pipe or a file, then waits. */
  async sendLines(input: InputStream): Promise<void> {
    let number = 0
    try {
      for await (const line of linesOf(input)) {
        clearTimeout(this.#timer)
        number += 1
        if (!(await this.#sendLine(line, number))) return
      }
    } catch (error) {
      if (this.#connection.state.status !== 'closed') this.#failInput(reasonOf(error))
      return
    }
    await this.#waitAndEnd()
  }

  /** Waits until everything has been sent, then for `--wait`, and closes the connection. */
  async #waitAndEnd(): Promise<void> {
    try {
      await this.#connection.whenOpen()
      this.#endAfter(waitAfterInput(this.#rules))
    } catch {
      // The connection has ended.
    }
  }

  /** Handles a typed message or command. */
  onTyped(line: string): void {
    try {
      this.#handle(parseTyped(line))
    } catch (error) {
      this.#notices.failure(toError(error))
    }
  }

  /** Ends the connection because of a signal. */
  interrupt(): void {
    this.end(GOING_AWAY)
  }

  end(code?: number, reason?: string): void {
    clearTimeout(this.#timer)
    void this.#connection.close(code, reason)
  }

  #endAfter(wait: number | undefined): void {
    clearTimeout(this.#timer)
    if (wait !== undefined) this.#timer = setTimeout(() => this.end(), wait)
  }

  /** Returns false if no further line can be sent. */
  async #sendLine(line: string, number: number): Promise<boolean> {
    try {
      const data = outgoingData(line, this.#given.encoding)
      await this.#connection.whenOpen()
      await this.#connection.send(data)
      return true
    } catch (error) {
      if (!(error instanceof TypeError)) return false
      this.#failInput(`line ${number}: ${error.message}`)
      return false
    }
  }

  #failInput(reason: string): void {
    this.#hasMistake = true
    this.#notices.error(`Failed to read the input: ${reason}`)
    this.end()
  }

  #handle(typed: TypedInput): void {
    switch (typed.kind) {
      case 'message':
        void this.#connection.send(outgoingData(typed.text, this.#given.encoding))
        break
      case 'ping':
        void this.#ping()
        break
      case 'close':
        this.end(typed.code, typed.reason)
        break
      case 'quit':
        this.end()
        break
      case 'reconnect':
        this.#connection.reconnect()
        break
      case 'state':
        this.#notices.show(describeState(this.#connection.state))
        break
      case 'help':
        for (const line of commandHelp()) this.#notices.show(line)
        break
      case 'mistake':
        this.#notices.error(typed.text)
        break
    }
  }

  async #ping(): Promise<void> {
    try {
      this.#notices.show(`Pong after ${describeDuration(await this.#client.heartbeat.ping())}`)
    } catch (error) {
      this.#notices.failure(toError(error))
    }
  }
}

/** Describes the state of a connection. */
export function describeState(state: ConnectionState): string {
  switch (state.status) {
    case 'connecting':
      return `connecting, attempt ${state.attempt}`
    case 'waiting':
      return `waiting ${describeDuration(state.delay)} before attempt ${state.attempt}`
    case 'opening':
    case 'open':
      return `${state.status}, connection ${state.connectionNumber}${state.protocol && `, subprotocol ${state.protocol}`}`
    case 'closing':
    case 'closed':
      return state.status
  }
}
