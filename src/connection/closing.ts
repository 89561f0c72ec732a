import { ConnectionClosedError } from '../errors/send-errors.js'
import { CloseCode } from '../link/close-code.js'
import { Deadline } from '../session/deadline.js'
import type { CloseInfo, Disconnect } from '../session/disconnect.js'
import type { MessageHub } from '../session/message-hub.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { ConnectionState, StateMachine } from '../session/state.js'
import type { Links } from './links.js'
import type { Openings } from './openings.js'
import type { ConnectionSettings } from './settings.js'

/** The shares of `closeTimeout` that the handlers may use, and that are kept for `@OnClose`. */
const DRAIN_SHARE = 1 / 2
const CLOSE_HANDLER_SHARE = 1 / 10

/** The parts of a connection that its closing ends and informs. */
export interface ClosingPort {
  readonly stateMachine: StateMachine
  readonly hub: MessageHub
  readonly links: Links
  readonly openings: Openings
  readonly listener: ConnectionListener | undefined
  transitionTo(state: ConnectionState): void
  /** Goes on once everything that has to be waited for is over. */
  goOn(): void
}

/** The end of a connection: from the call of `close()`, or the failure that is not retried, to `closed`. */
export class Closing {
  readonly #settings: Pick<ConnectionSettings, 'clock' | 'closeTimeout' | 'drainTimeout'>
  readonly #port: ClosingPort
  /** perf: saves 220 B per idle connection. */
  #deadline: Deadline | undefined
  #error: Error | undefined

  constructor(
    settings: Pick<ConnectionSettings, 'clock' | 'closeTimeout' | 'drainTimeout'>,
    port: ClosingPort,
  ) {
    this.#settings = settings
    this.#port = port
  }

  get deadline(): Deadline {
    return (this.#deadline ??= new Deadline(this.#settings.clock))
  }

  /** Ends the connection gracefully, within `closeTimeout`. */
  close(code: number, reason: string): Promise<CloseInfo> {
    const { stateMachine } = this.#port
    if (stateMachine.state.status === 'closing') this.deadline.setTo(this.#settings.closeTimeout)
    else if (!stateMachine.isClosing) void this.#close(code, reason)
    return stateMachine.closed.promise
  }

  async #close(code: number, reason: string): Promise<void> {
    const { closeTimeout } = this.#settings
    const { attempt, current } = this.#port.links
    this.#begin('local', code, reason, closeTimeout)
    if (attempt) attempt.terminate()
    else if (!current) this.#port.goOn()
    else if (!current.hasOpened) current.link.closing.terminate()
    else if (!current.disconnect) {
      const { link } = current
      link.readCounter.release()
      const drained = current.drain(closeTimeout * DRAIN_SHARE).then(() => link.whenDrained())
      await this.deadline.settlesWithin(drained, closeTimeout * DRAIN_SHARE)
      const handshake = this.deadline.remaining - closeTimeout * CLOSE_HANDLER_SHARE
      link.closing.close(code, reason, Math.max(0, handshake))
    }
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate(): Promise<CloseInfo> {
    const { stateMachine, links } = this.#port
    if (!stateMachine.isClosing) this.#begin('local', CloseCode.ABNORMAL, '', this.#settings.closeTimeout)
    for (const session of links.sessions) {
      void session.drain(0)
      session.link.closing.terminate()
    }
    links.attempt?.terminate()
    this.#port.goOn()
    return stateMachine.closed.promise
  }

  /** Ends the connection because a failure is not retried. */
  giveUp(error: Error, { initiator, sentCode, code, reason = '' }: Disconnect): void {
    this.#error = error
    this.#begin(initiator, sentCode ?? code ?? CloseCode.ABNORMAL, reason, this.#settings.drainTimeout)
  }

  /** Leaves for good: from here on nothing new begins, and everything has to be over within `timeout`. */
  #begin(initiator: Disconnect['initiator'], code: number, reason: string, timeout: number): void {
    const port = this.#port
    port.listener?.onClosing()
    port.links.handoverIfAny?.stop()
    this.deadline.setTo(timeout)
    port.transitionTo({ status: 'closing', initiator, code, reason })
    port.stateMachine.abort(new ConnectionClosedError('The connection has been closed'))
  }

  /** Nothing is left: settles everything that is waited for. */
  finish(): void {
    const { hub, openings, stateMachine } = this.#port
    const error = this.#error
    this.#deadline?.stop()
    hub.end(new ConnectionClosedError('The connection has been closed', error && { cause: error }), error)
    const last = openings.lastClose
    const close = { ...last, willReconnect: false, error: error ?? last.error }
    this.#port.transitionTo({ status: 'closed', close })
    openings.fail(error ?? new ConnectionClosedError('The connection was closed before it had opened'))
    stateMachine.closed.resolve(close)
  }
}
