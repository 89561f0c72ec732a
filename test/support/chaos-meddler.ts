import { getEventListeners } from 'node:events'
import { HoldfastError, MessageDroppedError } from 'holdfast'
import type { Connection, Heartbeat, Subscriptions } from 'holdfast'
import type { SeededRandom } from './seeded-random.js'

/** Thrown by the user's functions on purpose. */
export class Stumble extends Error {}

/** Maximum number of calls in one storm, because calls lead to more calls. */
const MOST_CALLS = 250

/** Maximum depth of nested calls, for example an encode within a send within an `@OnError`. */
const DEEPEST = 3

/** Objects that the client class injects. */
export interface Injected {
  readonly connection: Connection
  readonly subscriptions: Subscriptions
  readonly heartbeat: Heartbeat
}

/** Calls a connection at random from wherever the test invokes it, and records the outcome of every call. */
export class Meddler {
  readonly violations: string[] = []
  /** Outcome of each accepted message, by its number. */
  readonly sends = new Map<number, 'accepted' | 'written' | 'dropped'>()
  injected: Injected | undefined
  calls = 0
  isCalm = false
  readonly #random: SeededRandom
  readonly #pending = new Map<number, string>()
  readonly #trace: string[] = []
  #aborting = new AbortController()
  readonly #signals = [this.#aborting.signal]
  /** The calls to choose from. Half of the storms do not end the connection themselves. */
  readonly #calls: readonly NamedCall[]
  #depth = 0

  constructor(random: SeededRandom) {
    this.#random = random
    this.#calls = random.chance(0.5) ? LASTING : ENDING
  }

  get trace(): string {
    return this.#trace.slice(-80).join('\n')
  }

  note(what: string): void {
    this.#trace.push(`${'  '.repeat(this.#depth)}${what}`)
  }

  check(isTrue: boolean, wrong: string): void {
    if (isTrue) return
    this.note(`VIOLATION ${wrong}`)
    this.violations.push(wrong)
  }

  /** Calls the connection with the probability `eagerness`. */
  meddle(where: string, connection = this.injected?.connection, eagerness = 0.3): void {
    if (!connection || this.isCalm || this.#depth >= DEEPEST || this.calls >= MOST_CALLS) return
    if (!this.#random.chance(eagerness)) return
    this.calls += 1
    this.#depth += 1
    this.#call(where, connection)
    this.#depth -= 1
  }

  #call(where: string, connection: Connection): void {
    const [name, call] = this.#random.pick(this.#calls)
    this.note(`${where}: ${name}()`)
    try {
      const result = call(this, connection, this.#injectedOf(connection))
      if (result instanceof Promise) this.track(`${name} of ${where}`, result)
    } catch (thrown) {
      this.note(`${name}() threw ${String(thrown)}`)
      this.check(isExpected(thrown), `${where}: ${name}() threw ${String(thrown)}`)
    }
  }

  #injectedOf(connection: Connection): Injected {
    const { injected } = this
    if (!injected) throw new Error(`nothing is injected for ${connection.id}`)
    return injected
  }

  /** Sends a numbered message, which must reach a socket or be reported. */
  send(way: (text: string) => Promise<void>): Promise<void> {
    const number = this.sends.size + 1
    this.sends.set(number, 'accepted')
    try {
      return way(`send ${number}`)
    } catch (thrown) {
      // The number is never reused.
      this.sends.set(number, 'dropped')
      throw thrown
    }
  }

  /** Records that a message has reached a socket or was reported. */
  settle(message: unknown, fate: 'written' | 'dropped'): void {
    const [, digits] = /send (\d+)/.exec(JSON.stringify(message)) ?? []
    if (digits === undefined) return
    const number = Number(digits)
    const before = this.sends.get(number)
    this.check(before === 'accepted', `send ${number} is ${fate}, but was ${before ?? 'never sent'}`)
    this.sends.set(number, fate)
  }

  onReport(error: Error): void {
    if (error instanceof MessageDroppedError)
      for (const message of error.messages) this.settle(message, 'dropped')
  }

  get signal(): AbortSignal {
    return this.#aborting.signal
  }

  /** Aborts every request and wait that uses the current signal, and creates a new signal. */
  abort(): void {
    const aborting = this.#aborting
    this.#aborting = new AbortController()
    this.#signals.push(this.#aborting.signal)
    aborting.abort()
  }

  /** Records a promise until it settles. It may reject only with an error of Holdfast, a `Stumble` or an abort. */
  track(name: string, promise: Promise<unknown>): void {
    const key = this.calls
    this.#pending.set(key, name)
    promise.then(
      () => this.#pending.delete(key),
      (thrown: unknown) => {
        this.#pending.delete(key)
        const isFine = isExpected(thrown) || (thrown as Error).name === 'AbortError'
        this.check(isFine, `${name} rejected with ${String(thrown)}`)
      },
    )
  }

  /** Checks that a closed connection leaves nothing behind. */
  checkEnd(): void {
    for (const name of this.#pending.values()) this.check(false, `${name} is still pending`)
    for (const [number, fate] of this.sends) this.check(fate !== 'accepted', `send ${number} was lost`)
    const listeners = this.#signals.reduce((sum, each) => sum + getEventListeners(each, 'abort').length, 0)
    this.check(listeners === 0, `${listeners} abort listeners remain`)
  }
}

function isExpected(thrown: unknown): boolean {
  return thrown instanceof HoldfastError || thrown instanceof Stumble
}

type Call = (meddler: Meddler, connection: Connection, injected: Injected) => unknown
type NamedCall = readonly [name: string, call: Call]

const OFTEN: readonly NamedCall[] = [
  ['send', (meddler, connection) => meddler.send((text) => connection.send(text))],
  ['sendJson', (meddler, connection) => meddler.send((text) => connection.sendJson({ kind: text }))],
  ['sendMessage', (meddler, connection) => meddler.send((text) => connection.sendMessage({ kind: text }))],
  ['request', (meddler, connection) => connection.request({ kind: 'ask' }, { signal: meddler.signal })],
  ['request again', (_meddler, connection) => connection.request({ kind: 'ask' }, { resend: true })],
  [
    'waitFor',
    (meddler, connection) => connection.waitFor((message) => message === 'never', { signal: meddler.signal }),
  ],
  [
    'waitFor note',
    (_meddler, connection) => connection.waitFor((message) => (message as Kind).kind === 'note'),
  ],
  ['subscribe', (meddler, _connection, { subscriptions }) => subscribe(meddler, subscriptions)],
  ['reconnect with overlap', (_meddler, connection) => connection.reconnect({ overlap: true })],
]

const SOMETIMES: readonly NamedCall[] = [
  [
    'unsubscribe',
    (meddler, _connection, { subscriptions }) => void subscriptions.delete(`key ${meddler.calls % 3}`),
  ],
  ['messages', (meddler, connection) => connection.messages({ signal: meddler.signal }).next()],
  ['whenOpen', (_meddler, connection) => connection.whenOpen()],
  ['respond', (_meddler, connection) => connection.respond({ id: 1 }, {})],
  ['ping', (_meddler, _connection, { heartbeat }) => heartbeat.ping()],
  ['reconnect', (_meddler, connection) => connection.reconnect()],
  ['abort', (meddler) => meddler.abort()],
]

const RARELY: readonly NamedCall[] = [
  ['close', (_meddler, connection) => connection.close()],
  ['terminate', (_meddler, connection) => connection.terminate()],
  ['end', (_meddler, connection) => connection.end({ kind: 'bye' })],
]

const LASTING = [...repeat(OFTEN, 6), ...repeat(SOMETIMES, 3)]
const ENDING = [...LASTING, ...RARELY]

interface Kind {
  readonly kind: string
}

function repeat<T>(items: readonly T[], times: number): readonly T[] {
  return Array.from({ length: times }, () => items).flat()
}

function subscribe(meddler: Meddler, subscriptions: Subscriptions): void {
  const key = `key ${meddler.calls % 3}`
  const message = (): unknown => {
    meddler.meddle('subscribe')
    return { kind: 'subscribe', key }
  }
  const ack = (received: unknown): boolean => {
    meddler.meddle('ack')
    return (received as Kind).kind === `ack ${key}`
  }
  const unsubscribe = (): unknown => {
    meddler.meddle('unsubscribe')
    return { kind: 'unsubscribe', key }
  }
  subscriptions.add(key, message, { ack, ackTimeout: 700, unsubscribe })
}
