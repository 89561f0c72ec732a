import {
  Connection,
  Heartbeat,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  Subscriptions,
  WebSocketClient,
} from 'holdfast'
import type { CloseInfo, ConnectionContext, ConnectionState, ErrorContext, OpenInfo } from 'holdfast'
import type { FakeClock } from 'holdfast/testing'
import { Stumble } from './chaos-meddler.js'
import type { Meddler } from './chaos-meddler.js'
import type { SeededRandom } from './seeded-random.js'

/** The parts of a storm that its handlers use. */
export interface StormWorld {
  readonly clock: FakeClock
  readonly random: SeededRandom
  readonly meddler: Meddler
}

/** Checks that each link gets exactly one `@OnOpen`, followed by one `@OnClose`. */
class OpenLinks {
  readonly #meddler: Meddler
  readonly #open = new Set<number>()
  readonly #seen = new Set<number>()

  constructor(meddler: Meddler) {
    this.#meddler = meddler
  }

  get size(): number {
    return this.#open.size
  }

  opened(connection: number): void {
    this.#meddler.check(!this.#seen.has(connection), `@OnOpen ${connection} ran twice`)
    this.#meddler.check(this.#open.size < 2, 'a third @OnOpen ran before an @OnClose')
    this.#seen.add(connection)
    this.#open.add(connection)
  }

  closed(connection: number): void {
    this.#meddler.check(this.#open.delete(connection), `@OnClose ${connection} ran without its @OnOpen`)
  }
}

/** Creates a client class whose handlers all meddle, and then settle, throw, or take a while. */
export function stormClient({ clock, random, meddler }: StormWorld) {
  const links = new OpenLinks(meddler)

  const settle = (where: string, { connection }: ConnectionContext): unknown => {
    meddler.note(where)
    meddler.meddle(where, connection)
    const luck = random.next()
    if (luck < 0.5) return undefined
    if (luck < 0.6) throw new Stumble(where)
    if (luck < 0.62) return new Promise<never>(() => undefined)
    return later(where, connection, luck < 0.68)
  }

  const later = (where: string, connection: Connection, throws: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      clock.setTimeout(
        () => {
          meddler.meddle(`later in ${where}`, connection)
          if (throws) reject(new Stumble(where))
          else resolve(random.chance(0.1) ? { kind: 'result' } : undefined)
        },
        random.between(0, 600),
      )
    })

  @WebSocketClient({ inject: [Connection, Subscriptions, Heartbeat] })
  class Stormy {
    readonly links = links

    constructor(connection: Connection, subscriptions: Subscriptions, heartbeat: Heartbeat) {
      meddler.injected = { connection, subscriptions, heartbeat }
      connection.signal.addEventListener('abort', () => meddler.meddle('signal of the connection'))
    }

    @OnOpen()
    opened({ connectionNumber }: OpenInfo, context: ConnectionContext): unknown {
      links.opened(connectionNumber)
      context.signal.addEventListener('abort', () => meddler.meddle('signal of a link', context.connection))
      return settle('@OnOpen', context)
    }

    @OnMessage('note')
    noted(_message: unknown, context: ConnectionContext): unknown {
      return settle('@OnMessage note', context)
    }

    @OnMessage()
    rest(_message: unknown, context: ConnectionContext): unknown {
      return settle('@OnMessage', context)
    }

    @OnPing()
    pinged(_data: Uint8Array, context: ConnectionContext): void {
      meddler.meddle('@OnPing', context.connection)
    }

    @OnPong()
    ponged(_data: Uint8Array, context: ConnectionContext): void {
      meddler.meddle('@OnPong', context.connection)
    }

    @OnStateChange()
    changed({ status }: ConnectionState, { connection }: ConnectionContext): void {
      meddler.note(`state ${status}`)
      meddler.meddle(`@OnStateChange ${status}`, connection)
    }

    @OnError()
    failed(error: Error, { connection, stage }: ErrorContext): void {
      meddler.note(`error ${stage} ${error.constructor.name}`)
      meddler.onReport(error)
      meddler.meddle('@OnError', connection)
    }

    @OnClosing()
    closing(_info: unknown, context: ConnectionContext): unknown {
      return settle('@OnClosing', context)
    }

    @OnClose()
    closed({ connectionNumber }: CloseInfo, context: ConnectionContext): unknown {
      links.closed(connectionNumber)
      return settle('@OnClose', context)
    }
  }
  return Stormy
}
