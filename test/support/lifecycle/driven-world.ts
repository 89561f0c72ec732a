import type { AttemptInfo, Connect } from 'holdfast'
import { ConnectionLifecycle } from '#src/connection/connection-lifecycle.js'
import { Connection } from '#src/connection/connection.js'
import { RETRY_DEFAULTS } from '#src/connection/retry-policy.js'
import type { ConnectionSettings } from '#src/connection/settings.js'
import type { LifecycleState, LinkName } from '#src/lifecycle/state.js'
import { fillIn } from '#src/options/fill-in.js'
import type { Session } from '#src/session/session.js'
import { HandClock } from './hand-clock.js'
import { ScriptedListener } from './scripted-listener.js'
import type { ListenerPort, ScriptedHandlers } from './scripted-listener.js'
import { LAST_WORDS, ScriptedTransport } from './scripted-transport.js'

/** Receives the calls of the connection. */
export type WorldPort = Pick<ListenerPort, 'inside' | 'onReport'>

/** Facts that the connection reads from its options. */
export interface Facts {
  readonly retry: boolean
  readonly stable: boolean
}

/** A link that has opened, with its handlers. */
export interface OpenedLink {
  readonly session: Session
  readonly handlers: ScriptedHandlers
}

const MOST_SOCKETS = 2

/** The constructor of a connection is not public. */
const InternalConnection = Connection as unknown as new (
  lifecycle: ConnectionLifecycle,
  session?: Session,
) => Connection

/**
 * A real connection whose sockets, handlers and clock do nothing until a test triggers them. The report that all handlers are done is
 * held back, because a session without pending handlers sends it immediately.
 */
export class DrivenWorld implements ListenerPort {
  readonly clock = new HandClock()
  readonly lifecycle: ConnectionLifecycle
  readonly connection: Connection
  readonly transports = new Map<LinkName, ScriptedTransport>()
  readonly links = new Map<LinkName, OpenedLink>()
  /** Links whose sessions have reported that they are drained. */
  readonly drained = new Set<LinkName>()
  /** Names of the errors that refused calls have thrown. */
  readonly refusals: string[] = []
  /** Number of accepted messages of `end()`. */
  lastWords = 0
  facts: Facts = { retry: false, stable: false }
  /** Link whose attempt is about to fail. */
  failing: LinkName | undefined
  readonly #port: WorldPort
  #attempts = 0

  constructor(ages: boolean, port: WorldPort) {
    this.#port = port
    this.lifecycle = new ConnectionLifecycle(
      'Driven#1',
      this.#settings(ages),
      this.#connect,
      (lifecycle, session) => {
        return new InternalConnection(lifecycle, session)
      },
    )
    this.connection = new InternalConnection(this.lifecycle)
    this.#nameTimers()
    this.lifecycle.onDrained = ({ name }) => void this.drained.add(name)
    this.connection.signal.addEventListener('abort', () => this.inside('abortConnection'))
    this.lifecycle.holder.closed.onSettled({ onSettled: () => this.inside('ended') })
    this.lifecycle.hub.takers.subscriptions.add('all', () => this.#subscribe(), { ack: () => false })
  }

  get state(): LifecycleState {
    return this.lifecycle.state
  }

  start(): void {
    this.lifecycle.start(new ScriptedListener(this))
  }

  end(): void {
    this.lastWords += 1
    this.connection.end(LAST_WORDS).catch((thrown: unknown) => {
      this.lastWords -= 1
      this.onRefusal(thrown)
    })
  }

  /** Passes the report that was held back to the connection. */
  reportDrained(session: Session): void {
    ConnectionLifecycle.prototype.onDrained.call(this.lifecycle, session)
  }

  #settings(ages: boolean): ConnectionSettings {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the getter of `minUptime` needs both
    const world = this
    const { clock } = this
    const url = (attempt: AttemptInfo): string => this.#onAttempt(attempt)
    return {
      ...fillIn({ clock, random: () => 0.5, maxAge: ages ? 60_000 : undefined }, url),
      reconnect: {
        ...RETRY_DEFAULTS,
        get minUptime() {
          return world.facts.stable ? 0 : Infinity
        },
        shouldReconnect: () => {
          const { retry } = this.facts
          this.inside('asked')
          return retry
        },
      },
    }
  }

  /** Passes the names of the timers to the clock. */
  #nameTimers(): void {
    const { timers } = this.lifecycle
    const set = timers.set.bind(timers)
    timers.set = (name, delay) => {
      this.clock.naming = name
      set(name, delay)
      this.clock.naming = ''
    }
  }

  #onAttempt({ signal }: AttemptInfo): string {
    this.#attempts += 1
    const link = this.#attempts
    signal.addEventListener('abort', () => {
      if (link !== this.failing) this.inside(`cutAttempt ${link}`)
    })
    this.inside(`attempt ${link}`)
    return 'ws://peer.test/'
  }

  readonly #connect: Connect = (_request, listener) => {
    const transport = new ScriptedTransport(this.#attempts, listener, this)
    this.transports.set(this.#attempts, transport)
    const living = [...this.transports.values()].filter(({ isEnded }) => !isEnded)
    if (living.length > MOST_SOCKETS) this.#port.onReport(new Error(`${living.length} sockets`))
    return transport
  }

  #subscribe(): string {
    this.inside('ready')
    return 'subscribe'
  }

  onRefusal(thrown: unknown): void {
    this.refusals.push((thrown as Error).constructor.name)
  }

  inside(line: string): void {
    this.#port.inside(line)
  }

  onReport(error: Error): void {
    this.#port.onReport(error)
  }

  onSession(session: Session, handlers: ScriptedHandlers): void {
    this.links.set(session.name, { session, handlers })
  }
}
