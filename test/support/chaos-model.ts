import type { Transport } from 'holdfast'
import type { MemoryPeer } from 'holdfast/testing'

/** What every message of the chaos test looks like, either way. */
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
  fate: 'pending' | 'handed over' | 'dropped' | 'refused'
  /** How often the peer got it. */
  got: number
  /** Whether its peer was not reading when it was handed over: only then may it be lost with the link. */
  isRisky: boolean
}

interface Asked {
  readonly isResent: boolean
  /** The sockets that it was handed to. */
  readonly sockets: Socket[]
  outcome?: string
}

/** One socket, as the model sees it. */
export interface Socket {
  readonly number: number
  readonly transport: () => Transport
  peer?: MemoryPeer
  isEnded: boolean
  /** The kinds of the first frames: what `@OnOpen` sends, and the subscription. */
  readonly opening: string[]
  /** What arrived while the client took messages, and how many of these have been handled or reported. */
  readonly arrivals: number[]
  accounted: number
  /** How many replies have arrived, and messages that cannot be decoded: they may wait for the handlers, too. */
  others: number
  lastFresh: number
  lastResent: number
}

const OPENING = ['login', 'settings', 'subscribe']
const TRACE = 60

/** What must be true of a connection, whatever happens to it; it is told all that happens, and keeps what was wrong. */
export class ChaosModel {
  readonly violations: string[] = []
  readonly sockets: Socket[] = []
  readonly sends = new Map<number, Sent>()
  readonly asked = new Map<number, Asked>()
  /** The physical connection that has had its `@OnOpen` and not yet its `@OnClose`. */
  open: { readonly connection: number; readonly socket: Socket; readonly signal: AbortSignal } | undefined
  /** Set once the connection is asked to close: what it kept goes out, and no `@OnOpen` goes on. */
  isClosing = false
  readonly #now: () => number
  readonly #maxAge: number
  readonly #trace: string[] = []
  #pendingBytes = 0
  /** Messages that cannot be decoded, and have not been reported. */
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
    this.check(left.length === 0, `socket ${socket.number} is opened while ${left[0]?.number} lives`)
    this.check(this.open === undefined, `socket ${socket.number} is opened before @OnClose has settled`)
    this.sockets.push(socket)
    return socket
  }

  opened(connection: number, signal: AbortSignal): void {
    this.note(`opened ${connection}`)
    this.check(this.open === undefined, `@OnOpen ${connection} without the @OnClose before it`)
    // One that is given up in @OnStateChange, before its @OnOpen, has a number, too.
    this.check(connection > this.#lastOpen, `@OnOpen ${connection} comes after ${this.#lastOpen}`)
    this.#lastOpen = connection
    this.open = { connection, socket: this.sockets.at(-1) as Socket, signal }
  }

  closed(connection: number): void {
    this.note(`closed ${connection}`)
    const { open } = this
    this.check(open?.connection === connection, `@OnClose ${connection} has no @OnOpen`)
    if (open) {
      const { accounted, arrivals, number } = open.socket
      this.check(accounted === arrivals.length, `messages of socket ${number} are left at its @OnClose`)
    }
    this.open = undefined
  }

  // --- what arrives -----------------------------------------------------------------------------------------------------

  arrived(socket: Socket, number: number): void {
    socket.arrivals.push(number)
  }

  /** A message that cannot be decoded has arrived. */
  arrivedUndecodable(socket: Socket): void {
    socket.others += 1
    this.#undecodable += 1
  }

  handled(socket: number, number: number): void {
    const { open } = this
    this.check(open?.socket.number === socket, `message ${number} of socket ${socket} after its @OnClose`)
    if (!open) return
    const expected = open.socket.arrivals[open.socket.accounted]
    this.check(expected === number, `message ${number} is handled where ${expected} was next`)
    open.socket.accounted += 1
  }

  /** So many messages could not be decoded: the first is reported at once, further ones once a second. */
  undecodable(count: number): void {
    this.#undecodable -= count
    this.check(this.#undecodable >= 0, 'more messages are reported as undecodable than have come')
  }

  unhandled(count: number): void {
    this.note(`unhandled ${count}`)
    const { open } = this
    this.check(open !== undefined, 'unhandled messages are reported after @OnClose')
    if (!open) return
    const { accounted, arrivals, others } = open.socket
    const left = arrivals.length - accounted
    const isRight = left <= count && count <= left + others
    this.check(isRight, `${count} unhandled messages are reported where ${left} are left`)
    open.socket.accounted = arrivals.length
  }

  // --- what is sent -----------------------------------------------------------------------------------------------------

  sending(number: number, bytes: number): void {
    this.sends.set(number, { bytes, at: this.#now(), fate: 'pending', got: 0, isRisky: false })
    this.#pendingBytes += bytes
  }

  /** A message has left the state of being pending, for good. */
  settle(number: number, fate: Sent['fate']): Sent | undefined {
    const sent = this.sends.get(number)
    this.check(sent?.fate === 'pending', `send ${number} is ${fate}, and was ${sent?.fate ?? 'never sent'}`)
    if (sent?.fate !== 'pending') return undefined
    this.#pendingBytes -= sent.bytes
    sent.fate = fate
    return sent
  }

  dropped(number: number, reason: string): void {
    this.note(`dropped ${number} ${reason}`)
    const sent = this.settle(number, 'dropped')
    const age = this.#now() - (sent?.at ?? 0)
    if (reason === 'expired') this.check(age > this.#maxAge, `send ${number} has expired after ${age} ms`)
  }

  handedOver(socket: Socket, frame: Frame): void {
    const { number = 0, kind } = frame
    this.check(socket.transport().isOpen, `${kind} ${number} is handed to a socket that is not open`)
    if (!this.isClosing && socket.opening.length < OPENING.length) {
      const next = OPENING[socket.opening.length]
      this.check(kind === next, `${kind} ${number} goes out on socket ${socket.number} before ${next}`)
      socket.opening.push(kind)
    } else
      this.check(
        this.isClosing || !OPENING.includes(kind),
        `${kind} goes out again on socket ${socket.number}`,
      )
    if (kind === 'send') this.#sendHandedOver(socket, number)
    if (kind === 'ask') this.#askHandedOver(socket, number)
    if (kind === 'echo') this.#echoed(socket, frame)
  }

  #sendHandedOver(socket: Socket, number: number): void {
    const sent = this.settle(number, 'handed over')
    this.check(number > this.#lastHanded, `send ${number} goes out after ${this.#lastHanded}`)
    this.#lastHanded = number
    if (!sent) return
    sent.isRisky = socket.peer?.isReading === false
    const age = this.#now() - sent.at
    this.check(age <= this.#maxAge, `send ${number} goes out ${age} ms old`)
  }

  #echoed(socket: Socket, { number, socket: heardOn }: Frame): void {
    this.check(socket.number === heardOn, `the reply to ${number} of socket ${heardOn} goes to another one`)
  }

  got(number: number): void {
    const sent = this.sends.get(number)
    if (!sent) return
    sent.got += 1
    this.check(sent.fate === 'handed over' && sent.got === 1, `send ${number} is ${sent.fate}, and got again`)
  }

  // --- requests ---------------------------------------------------------------------------------------------------------

  asking(number: number, isResent: boolean): void {
    this.asked.set(number, { isResent, sockets: [] })
  }

  #askHandedOver(socket: Socket, number: number): void {
    const asked = this.asked.get(number)
    if (!asked) return
    this.check(asked.outcome === undefined, `request ${number} goes out when it is settled`)
    this.check(!asked.sockets.includes(socket), `request ${number} goes out twice on one socket`)
    this.check(asked.isResent || asked.sockets.length === 0, `request ${number} goes out again`)
    const isAgain = asked.sockets.length > 0
    const last = isAgain ? socket.lastResent : socket.lastFresh
    this.check(number > last, `request ${number} goes out after ${last}`)
    this.check(!isAgain || socket.lastFresh === 0, `request ${number} is asked again after newer ones`)
    if (isAgain) socket.lastResent = number
    else socket.lastFresh = number
    asked.sockets.push(socket)
  }

  answered(number: number, outcome: string): void {
    const asked = this.asked.get(number)
    this.check(asked !== undefined && asked.outcome === undefined, `request ${number} is settled twice`)
    if (asked) asked.outcome = outcome
  }

  // --- always, and at the end -------------------------------------------------------------------------------------------

  /** What must hold whenever nothing is ready to run. */
  checkNow(kept: number): void {
    this.check(kept === this.#pendingBytes, `${kept} bytes are kept where ${this.#pendingBytes} are pending`)
    for (const [number, { isResent, outcome, sockets }] of this.asked) {
      if (outcome !== undefined) this.asked.delete(number)
      else if (!isResent) this.check(!sockets[0]?.isEnded, `request ${number} outlives its connection`)
    }
  }

  /** What must hold once the connection has been closed. */
  checkEnd(): void {
    this.check(this.open === undefined, 'there is an @OnOpen without its @OnClose')
    this.check(this.#pendingBytes === 0, `${this.#pendingBytes} bytes are still pending`)
    for (const [number, { outcome }] of this.asked)
      this.check(outcome !== undefined, `request ${number} is never settled`)
    for (const [number, { fate, got, isRisky }] of this.sends) {
      const isFine = fate === 'handed over' ? got === 1 || isRisky : got === 0
      this.check(isFine, `send ${number} is ${fate}, and got ${got} times`)
    }
    this.check(
      this.sockets.every(({ isEnded }) => isEnded),
      'a socket is left',
    )
  }
}
