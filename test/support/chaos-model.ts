import type { Transport } from 'holdfast'
import type { MemoryPeer } from 'holdfast/testing'

/** A message of the chaos test, in either direction. */
export interface Frame {
  readonly kind: string
  readonly number?: number
  readonly id?: number
  readonly socket?: number
  readonly error?: string
}

interface Sent {
  readonly bytes: number
  readonly at: number
  fate: 'pending' | 'written' | 'dropped' | 'refused'
  /** Number of times the peer has received it. */
  got: number
  /** True if the peer was not reading when the message was written. Only then may it be lost with the link. */
  isRisky: boolean
}

interface Asked {
  readonly isResent: boolean
  /** The sockets to which it was written. */
  readonly sockets: Socket[]
  outcome?: string
}

/** The model of one socket. */
export interface Socket {
  readonly number: number
  readonly transport: () => Transport
  peer?: MemoryPeer
  isEnded: boolean
  /** Kinds of the first frames, which are the messages of `@OnOpen` and the subscription. */
  readonly opening: string[]
  /** Numbers of the messages that arrived while the client accepted messages. */
  readonly arrivals: number[]
  /** Number of arrivals that have been handled or reported. */
  accounted: number
  /** Number of received replies and undecodable messages. They can wait for the handlers, too. */
  others: number
  lastFresh: number
  lastResent: number
}

const OPENING = ['login', 'settings', 'subscribe']
const TRACE = 60

/** Checks what must be true of a connection, whatever happens to it. Records all events and violations. */
export class ChaosModel {
  readonly violations: string[] = []
  readonly sockets: Socket[] = []
  readonly sends = new Map<number, Sent>()
  readonly asked = new Map<number, Asked>()
  /** The link that is between its `@OnOpen` and its `@OnClose`. */
  open: { readonly connection: number; readonly socket: Socket; readonly signal: AbortSignal } | undefined
  /** Set when `close()` is called. From then on, queued messages are sent, and `@OnOpen` no longer matters. */
  isClosing = false
  readonly #now: () => number
  readonly #maxAge: number
  readonly #trace: string[] = []
  #pendingBytes = 0
  /** Number of undecodable messages that have not been reported. */
  #undecodable = 0
  #lastHanded = 0
  #lastOpen = 0

  constructor(now: () => number, maxAge: number) {
    this.#now = now
    this.#maxAge = maxAge
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  get trace(): string {
    return this.#trace.join('\n')
  }

  note(what: string): void {
    this.#trace.push(`${(this.#now() / 1_000).toFixed(3)} ${what}`)
    if (this.#trace.length > TRACE) this.#trace.shift()
  }

  check(isTrue: boolean, wrong: string): void {
    if (isTrue) return
    this.note(`VIOLATION ${wrong}`)
    this.violations.push(wrong)
  }

  // --- sockets ----------------------------------------------------------------------------------------------------------

  connecting(transport: () => Transport): Socket {
    const socket: Socket = {
      number: this.sockets.length + 1,
      transport,
      isEnded: false,
      opening: [],
      arrivals: [],
      accounted: 0,
      others: 0,
      lastFresh: 0,
      lastResent: 0,
    }
    const left = this.sockets.filter(({ isEnded }) => !isEnded)
    this.check(left.length === 0, `socket ${socket.number} was opened while ${left[0]?.number} was open`)
    this.check(this.open === undefined, `socket ${socket.number} was opened before @OnClose had settled`)
    this.sockets.push(socket)
    return socket
  }

  opened(connection: number, signal: AbortSignal): void {
    this.note(`opened ${connection}`)
    this.check(this.open === undefined, `@OnOpen ${connection} ran before the previous @OnClose`)
    // A connection abandoned in @OnStateChange, before its @OnOpen, has a number, too.
    this.check(connection > this.#lastOpen, `@OnOpen ${connection} ran after ${this.#lastOpen}`)
    this.#lastOpen = connection
    this.open = { connection, socket: this.sockets.at(-1) as Socket, signal }
  }

  closed(connection: number): void {
    this.note(`closed ${connection}`)
    const { open } = this
    this.check(open?.connection === connection, `@OnClose ${connection} ran without its @OnOpen`)
    if (open) {
      const { accounted, arrivals, number } = open.socket
      this.check(accounted === arrivals.length, `messages of socket ${number} remained at its @OnClose`)
    }
    this.open = undefined
  }

  // --- received messages ------------------------------------------------------------------------------------------------

  arrived(socket: Socket, number: number): void {
    socket.arrivals.push(number)
  }

  /** Records the arrival of an undecodable message. */
  arrivedUndecodable(socket: Socket): void {
    socket.others += 1
    this.#undecodable += 1
  }

  handled(socket: number, number: number): void {
    const { open } = this
    this.check(
      open?.socket.number === socket,
      `message ${number} of socket ${socket} was handled after its @OnClose`,
    )
    if (!open) return
    const expected = open.socket.arrivals[open.socket.accounted]
    this.check(expected === number, `message ${number} was handled although ${expected} was next`)
    open.socket.accounted += 1
  }

  /** Records a report of undecodable messages. The first is reported immediately, later ones once a second. */
  undecodable(count: number): void {
    this.#undecodable -= count
    this.check(this.#undecodable >= 0, 'more undecodable messages were reported than were received')
  }

  unhandled(count: number): void {
    this.note(`unhandled ${count}`)
    const { open } = this
    this.check(open !== undefined, 'unhandled messages were reported after @OnClose')
    if (!open) return
    const { accounted, arrivals, others } = open.socket
    const left = arrivals.length - accounted
    const isRight = left <= count && count <= left + others
    this.check(isRight, `${count} unhandled messages were reported, but ${left} remained`)
    open.socket.accounted = arrivals.length
  }

  // --- sent messages ----------------------------------------------------------------------------------------------------

  sending(number: number, bytes: number): void {
    this.sends.set(number, { bytes, at: this.#now(), fate: 'pending', got: 0, isRisky: false })
    this.#pendingBytes += bytes
  }

  /** Records the outcome of a pending message. */
  settle(number: number, fate: Sent['fate']): Sent | undefined {
    const sent = this.sends.get(number)
    this.check(sent?.fate === 'pending', `send ${number} is ${fate}, but was ${sent?.fate ?? 'never sent'}`)
    if (sent?.fate !== 'pending') return undefined
    this.#pendingBytes -= sent.bytes
    sent.fate = fate
    return sent
  }

  dropped(number: number, reason: string): void {
    this.note(`dropped ${number} ${reason}`)
    const sent = this.settle(number, 'dropped')
    const age = this.#now() - (sent?.at ?? 0)
    if (reason === 'expired') this.check(age > this.#maxAge, `send ${number} expired after ${age} ms`)
  }

  handedOver(socket: Socket, frame: Frame): void {
    const { number = 0, kind } = frame
    this.check(socket.transport().isOpen, `${kind} ${number} was written to a socket that was not open`)
    if (!this.isClosing && socket.opening.length < OPENING.length) {
      const next = OPENING[socket.opening.length]
      this.check(kind === next, `${kind} ${number} was sent on socket ${socket.number} before ${next}`)
      socket.opening.push(kind)
    } else
      this.check(
        this.isClosing || !OPENING.includes(kind),
        `${kind} was sent again on socket ${socket.number}`,
      )
    if (kind === 'send') this.#sendHandedOver(socket, number)
    if (kind === 'ask') this.#askHandedOver(socket, number)
    if (kind === 'echo') this.#echoed(socket, frame)
  }

  #sendHandedOver(socket: Socket, number: number): void {
    const sent = this.settle(number, 'written')
    this.check(number > this.#lastHanded, `send ${number} was sent after ${this.#lastHanded}`)
    this.#lastHanded = number
    if (!sent) return
    sent.isRisky = socket.peer?.isReading === false
    const age = this.#now() - sent.at
    this.check(age <= this.#maxAge, `send ${number} was sent at the age of ${age} ms`)
  }

  #echoed(socket: Socket, { number, socket: heardOn }: Frame): void {
    this.check(
      socket.number === heardOn,
      `the reply to ${number} of socket ${heardOn} was sent on another one`,
    )
  }

  got(number: number): void {
    const sent = this.sends.get(number)
    if (!sent) return
    sent.got += 1
    this.check(
      sent.fate === 'written' && sent.got === 1,
      `send ${number} is ${sent.fate}, but was received again`,
    )
  }

  // --- requests ---------------------------------------------------------------------------------------------------------

  asking(number: number, isResent: boolean): void {
    this.asked.set(number, { isResent, sockets: [] })
  }

  #askHandedOver(socket: Socket, number: number): void {
    const asked = this.asked.get(number)
    if (!asked) return
    this.check(asked.outcome === undefined, `request ${number} was sent after it had settled`)
    this.check(!asked.sockets.includes(socket), `request ${number} was sent twice on one socket`)
    this.check(asked.isResent || asked.sockets.length === 0, `request ${number} was sent again`)
    const isAgain = asked.sockets.length > 0
    const last = isAgain ? socket.lastResent : socket.lastFresh
    this.check(number > last, `request ${number} was sent after ${last}`)
    this.check(!isAgain || socket.lastFresh === 0, `request ${number} was resent after newer ones`)
    if (isAgain) socket.lastResent = number
    else socket.lastFresh = number
    asked.sockets.push(socket)
  }

  answered(number: number, outcome: string): void {
    const asked = this.asked.get(number)
    this.check(asked !== undefined && asked.outcome === undefined, `request ${number} settled twice`)
    if (asked) asked.outcome = outcome
  }

  // --- always, and at the end -------------------------------------------------------------------------------------------

  /** Checks the invariants that hold whenever nothing is ready to run. */
  checkNow(kept: number): void {
    this.check(
      kept === this.#pendingBytes,
      `${kept} bytes are buffered, but ${this.#pendingBytes} are pending`,
    )
    for (const [number, { isResent, outcome, sockets }] of this.asked) {
      if (outcome !== undefined) this.asked.delete(number)
      else if (!isResent) this.check(!sockets[0]?.isEnded, `request ${number} outlived its connection`)
    }
  }

  /** Checks the invariants of a closed connection. */
  checkEnd(): void {
    this.check(this.open === undefined, 'an @OnOpen has no @OnClose')
    this.check(this.#pendingBytes === 0, `${this.#pendingBytes} bytes are still pending`)
    for (const [number, { outcome }] of this.asked)
      this.check(outcome !== undefined, `request ${number} never settled`)
    for (const [number, { fate, got, isRisky }] of this.sends) {
      const isFine = fate === 'written' ? got === 1 || isRisky : got === 0
      this.check(isFine, `send ${number} is ${fate}, but was received ${got} times`)
    }
    this.check(
      this.sockets.every(({ isEnded }) => isEnded),
      'a socket remains',
    )
  }
}
