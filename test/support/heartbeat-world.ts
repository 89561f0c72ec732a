import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { HeartbeatMonitor } from '#src/link/heartbeat-monitor.js'
import { FACTS } from './facts.js'

/** An event in the life of a link. */
export type Happening =
  | { readonly kind: 'wait' | 'sleep' | 'upload'; readonly amount: number }
  | { readonly kind: 'frame' | 'part' | 'pause' | 'resume' | 'limit' | 'free' | 'drain' }

/** Settings that stay the same for the whole life of a link. */
export interface WorldSettings {
  readonly heartbeat: HeartbeatSettings
  /** Times in milliseconds after which the peer answers heartbeats, used in turn. */
  readonly delays: readonly number[]
  /** Maximum time in milliseconds for which the peer stops reading our upload or, with heartbeat style silence, sends nothing. */
  readonly patience: number
  /** True if the transport reports one turn late that a heartbeat was sent, as TLS does. */
  readonly isLate: boolean
}

interface Outbound {
  bytes: number
  readonly left?: () => void
}

/** Simulates one link, its peer and the network between them, millisecond by millisecond. */
export class HeartbeatWorld {
  readonly clock = new FakeClock()
  readonly deaths: number[] = []
  /** Time of the last frame. */
  lastSeen = 0
  readonly monitor: HeartbeatMonitor
  readonly #settings: WorldSettings
  readonly #link = { isOpen: true, readSince: 0 }
  readonly #socket = { bufferedAmount: 0, bytesRead: 0, bytesWritten: 0 }
  /** Messages that wait in our process, in sending order. */
  readonly #outbound: Outbound[] = []
  readonly #limited: Outbound[] = []
  /** Data in flight to us, with its time of arrival. `isFrame` is false for a part of a frame. */
  #inbound: { readonly at: number; readonly isFrame: boolean }[] = []
  #isLimited = false
  #isAlive = true
  #answers = 0
  #movedAt = 0
  #saidAt = 0

  constructor(settings: WorldSettings) {
    this.#settings = settings
    const { nextTurn } = this.clock
    // Data that has arrived by then is read before the timeout is decided.
    this.clock.nextTurn = (callback) =>
      nextTurn.call(this.clock, () => {
        this.#peer()
        this.#read()
        callback()
      })
    const link = Object.assign(this.#link, {
      transport: Object.assign(this.#socket, {
        ping: (_data: Uint8Array, left?: () => void) => this.#send(left),
      }),
      consumeText: () => undefined,
      sendUrgent: (_data: string | Uint8Array, left: () => void) => this.#send(left),
    })
    const owner = { facts: FACTS, readyAt: 0, onLinkDead: () => void this.deaths.push(this.clock.now()) }
    const hub = { withRequestId: (message: unknown) => message, onHeartbeatError: () => undefined }
    const { heartbeat } = settings
    this.monitor = new HeartbeatMonitor({ heartbeat, clock: this.clock, codec: jsonCodec }, link, owner, hub)
    this.monitor.onReady()
  }

  async live(happenings: readonly Happening[]): Promise<void> {
    for (const happening of happenings) await this.#happen(happening)
  }

  /** Stops the peer and removes every other obstacle to a heartbeat. Returns the current time. */
  async die(): Promise<number> {
    await this.live([{ kind: 'resume' }, { kind: 'free' }])
    this.#isAlive = false
    this.#inbound = []
    return this.clock.now()
  }

  async pass(milliseconds: number): Promise<void> {
    for (let count = 0; count < milliseconds; count += 1) {
      await this.clock.advance(1)
      this.#peer()
      this.#read()
    }
  }

  async #happen(happening: Happening): Promise<void> {
    const now = this.clock.now()
    if (happening.kind === 'wait') await this.pass(happening.amount)
    else if (happening.kind === 'sleep') await this.clock.jump(happening.amount)
    else if (happening.kind === 'upload') this.#push({ bytes: happening.amount })
    else if (happening.kind === 'drain') this.#drain()
    else if (happening.kind === 'pause') this.#link.readSince = Infinity
    else if (happening.kind === 'resume') this.#resume(now)
    else if (happening.kind === 'limit') this.#isLimited = true
    else if (happening.kind === 'free') this.#free()
    else this.#say(now, happening.kind === 'frame')
  }

  #resume(now: number): void {
    if (this.#link.readSince === Infinity) this.#link.readSince = now
    this.#read()
  }

  #free(): void {
    this.#isLimited = false
    for (const beat of this.#limited.splice(0)) this.#push(beat)
  }

  #send(left: (() => void) | undefined): void {
    const beat = { bytes: 6, ...(left && { left }) }
    if (this.#isLimited) this.#limited.push(beat)
    else this.#push(beat)
  }

  #push(out: Outbound): void {
    if (this.#outbound.length === 0) this.#movedAt = this.clock.now()
    this.#socket.bufferedAmount += out.bytes
    this.#outbound.push(out)
    // Heartbeats are sent immediately if nothing waits before them.
    if (this.#outbound.length === 1 && out.left) this.#write(out.bytes)
  }

  /** Lets the operating system accept some of the waiting bytes. */
  #drain(): void {
    const [first] = this.#outbound
    if (first) this.#write(Math.ceil(first.bytes / 2))
  }

  #write(count: number): void {
    const first = this.#outbound[0] as Outbound
    first.bytes -= count
    this.#movedAt = this.clock.now()
    this.#socket.bufferedAmount -= count
    this.#socket.bytesWritten += count
    if (first.bytes > 0) return
    this.#outbound.shift()
    if (first.left) this.#leave(first.left)
    const [next] = this.#outbound
    if (next?.left) this.#write(next.bytes)
  }

  #leave(left: () => void): void {
    const { delays, isLate } = this.#settings
    if (this.#isAlive) {
      this.#inbound.push({
        at: this.clock.now() + (delays[this.#answers % delays.length] ?? 0),
        isFrame: true,
      })
      this.#answers += 1
    }
    if (isLate) this.clock.nextTurn(left)
    else left()
  }

  /** Lets a peer that is alive read and send on its own. */
  #peer(): void {
    const { heartbeat, patience } = this.#settings
    const now = this.clock.now()
    if (!this.#isAlive) return
    if (this.#outbound.length > 0 && now - this.#movedAt >= patience) this.#drain()
    while (heartbeat.style === 'silence' && now - this.#saidAt >= patience)
      this.#say(this.#saidAt + patience, false)
  }

  #say(now: number, isFrame: boolean): void {
    this.#saidAt = now
    this.#inbound.push({ at: now, isFrame })
  }

  #read(): void {
    const now = this.clock.now()
    if (this.#link.readSince === Infinity) return
    const arrived = this.#inbound.filter(({ at }) => at <= now)
    if (arrived.length === 0) return
    this.#inbound = this.#inbound.filter(({ at }) => at > now)
    this.#socket.bytesRead += arrived.length
    if (!arrived.some(({ isFrame }) => isFrame)) return
    this.lastSeen = now
    this.monitor.onData(now)
  }
}
