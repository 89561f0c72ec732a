import { HandshakeError } from 'holdfast'
import type { Timer } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import type { FakeClock, MemoryPeer } from 'holdfast/testing'
import type { ChaosModel, Frame, Socket } from './chaos-model.js'
import type { SeededRandom } from './seeded-random.js'

const URL = 'ws://peer.test/feed'

/** Maximum number of messages that wait for their handlers. With more, requests would reject with BackpressureError. */
const MOST_WAITING = 60

/** A server that refuses, stalls, dies, restarts and answers at random, until `calm` is called. */
export class ChaosServer {
  readonly memory = new MemoryServer()
  isCalm = false
  readonly #clock: FakeClock
  readonly #random: SeededRandom
  readonly #model: ChaosModel
  readonly #timers = new Set<Timer>()
  #downUntil = 0
  #numbers = 0

  constructor(clock: FakeClock, random: SeededRandom, model: ChaosModel) {
    this.#clock = clock
    this.#random = random
    this.#model = model
    this.memory.onAttempt = (peer) => this.#attempted(peer)
  }

  /** The peer of the open socket, if any. */
  get peer(): MemoryPeer | undefined {
    const peer = this.memory.peers.at(-1)
    return peer?.isOpen ? peer : undefined
  }

  /** Calls a function after a random number of milliseconds. */
  later(from: number, to: number, act: () => void): void {
    const timer = this.#clock.setTimeout(
      () => {
        this.#timers.delete(timer)
        act()
      },
      this.#random.between(from, to),
    )
    this.#timers.add(timer)
  }

  /** Cancels everything that is still scheduled. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel()
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  #attempted(peer: MemoryPeer): void {
    // Only the latest peer can still do something. The ended ones have already been checked.
    this.memory.peers.splice(0, this.memory.peers.length - 1)
    peer.onMessage = (data) => this.#got(peer, JSON.parse(String(data)) as Frame)
    const isDown = this.#clock.now() < this.#downUntil
    if (this.isCalm) peer.accept()
    else if (isDown || this.#random.chance(0.15)) this.#refuse(peer)
    else this.#accept(peer)
  }

  #refuse(peer: MemoryPeer): void {
    const how = this.#random.pick(['refuse', 'busy', 'mute', 'late'])
    this.#model.note(`refused ${how}`)
    if (how === 'refuse') peer.refuse()
    else if (how === 'busy') {
      const headers = { 'retry-after': String(this.#random.between(0, 5)) }
      peer.refuse(new HandshakeError(URL, 'refused the handshake', { status: 503, headers }))
    } else if (how === 'late') this.later(2_000, 7_000, () => peer.accept())
  }

  #accept(peer: MemoryPeer): void {
    if (this.#random.chance(0.1)) {
      peer.isReading = false
      peer.isAlive = this.#random.chance(0.5)
    }
    peer.accept()
    if (this.#random.chance(0.3)) this.speak()
    const luck = this.#random.next()
    if (luck < 0.05) peer.drop()
    else if (luck < 0.1) peer.close(1013, 'too many')
  }

  // --- received messages ------------------------------------------------------------------------------------------------

  #got(peer: MemoryPeer, { kind, id, number = 0 }: Frame): void {
    if (kind === 'send') this.#model.got(number)
    if (kind === 'login') this.#welcome(peer, id)
    if (kind === 'ask') this.#answer(peer, number, id)
    if (this.isCalm || !this.#random.chance(0.02)) return
    // This runs inside the client's send, so the rest of a flush meets a closed socket or a message in between.
    this.#model.note(`interrupts ${kind} ${number}`)
    const luck = this.#random.next()
    if (luck < 0.3) peer.drop(new Error('reset'))
    else if (luck < 0.5) peer.close(1001, 'going')
    else if (luck < 0.7) peer.ping()
    else this.speak()
  }

  #say(peer: MemoryPeer, frame: Frame): void {
    if (peer.isAlive) peer.send(frame)
  }

  #welcome(peer: MemoryPeer, id: number | undefined): void {
    const welcome = (): void => this.#say(peer, { kind: id === undefined ? 'welcome' : 'answer', id })
    const luck = this.isCalm ? 0 : this.#random.next()
    if (luck < 0.3) welcome()
    else if (luck < 0.95) this.later(0, 1_000, welcome)
  }

  /** Answers a request, or not. Requests that are resent after a loss always get an answer if the link lasts. */
  #answer(peer: MemoryPeer, number: number, id: number | undefined): void {
    const reply: Frame = { kind: 'answer', id, number }
    const isSure = this.#model.asked.get(number)?.isResent === true
    const luck = this.#random.next()
    if (luck < 0.3) this.#say(peer, reply)
    else if (isSure || luck < 0.7) this.later(0, 8_000, () => this.#say(peer, reply))
    else if (luck < 0.8) this.#say(peer, { ...reply, error: 'no' })
    else if (luck < 0.9) {
      this.#say(peer, reply)
      this.later(0, 3_000, () => this.#say(peer, reply))
    }
  }

  // --- actions ----------------------------------------------------------------------------------------------------------

  /** Sends some numbered messages, and sometimes an undecodable one. */
  speak(): void {
    const { peer } = this
    const socket = this.#model.sockets.at(-1) as Socket
    if (!peer?.isAlive || socket.arrivals.length - socket.accounted > MOST_WAITING) return
    const times = this.#random.chance(0.1) ? 20 : this.#random.between(1, 3)
    for (let time = 0; time < times; time += 1) {
      this.#numbers += 1
      const number = this.#numbers
      if (this.#random.chance(0.03)) peer.send(`undecodable ${number}`)
      else peer.send({ kind: 'note', number, socket: socket.number })
    }
  }

  drop(): void {
    this.#model.note('drop')
    this.peer?.drop(this.#random.chance(0.5) ? new Error('reset') : undefined)
  }

  close(): void {
    this.#model.note('serverclose')
    this.peer?.close(this.#random.pick([1000, 1001, 1011, 1012, 4001]), 'because')
  }

  /** Stops reading for a while. A half-open peer also sends nothing, and usually never recovers. */
  stall(isHalfOpen: boolean): void {
    const { peer } = this
    if (!peer) return
    this.#model.note(isHalfOpen ? 'halfopen' : 'stall')
    peer.isReading = false
    peer.isAlive = !isHalfOpen
    if (!isHalfOpen || this.#random.chance(0.2))
      this.later(500, 12_000, () => {
        peer.isAlive = true
        peer.read()
      })
  }

  restart(): void {
    this.#model.note('restart')
    this.#downUntil = this.#clock.now() + this.#random.between(1_000, 20_000)
    if (this.#random.chance(0.5)) this.peer?.close(1012, 'restart')
    else this.peer?.drop()
  }

  /** Drops the current connection, and accepts and answers everything from now on. */
  calm(): void {
    this.isCalm = true
    this.peer?.drop()
  }
}
