import { jsonCodec } from 'holdfast/codecs'
import { FakeClock } from 'holdfast/testing'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { HeartbeatMonitor } from '#src/link/heartbeat-monitor.js'

/** What may happen to a link. */
export type Happening =
  | { readonly kind: 'wait' | 'sleep' | 'upload'; readonly amount: number }
  | { readonly kind: 'frame' | 'part' | 'pause' | 'resume' | 'limit' | 'free' | 'drain' }

/** What is the same during a whole life of a link. */
export interface WorldSettings {
  readonly heartbeat: HeartbeatSettings
  /** After how many milliseconds the peer answers a beat, in turn. */
  readonly delays: readonly number[]
  /** How long at most the peer leaves our upload standing, and says nothing where it is only listened to. */
  readonly patience: number
  /** Whether the transport tells a turn later that a beat has left, as TLS does. */
  readonly isLate: boolean
}

interface Outbound {
  bytes: number
  readonly left?: () => void
}

/** One link with its peer and all that is between them, millisecond by millisecond. */
export class HeartbeatWorld {
  readonly clock = new FakeClock()
  readonly deaths: number[] = []
  /** When the last frame arrived. */
  lastSeen = 0
  readonly monitor: HeartbeatMonitor
  readonly #settings: WorldSettings
  readonly #link = { isOpen: true, readSince: 0 }
  readonly #socket = { bufferedAmount: 0, bytesRead: 0, bytesWritten: 0 }
  /** What waits in our process, the first that leaves first. */
  readonly #outbound: Outbound[] = []
  readonly #limited: Outbound[] = []
  /** What is on the way to us: when it arrives, and whether it is a whole frame. */
  #inbound: { readonly at: number; readonly isFrame: boolean }[] = []
  #isLimited = false
  #isAlive = true
  #answers = 0
  #movedAt = 0
  #saidAt = 0

  constructor(settings: WorldSettings) {
    this.#settings = settings
    const { nextTurn } = this.clock
    // What has arrived by then is read in the turn before the verdict.
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
    const owner = { readyAt: 0, onLinkDead: () => void this.deaths.push(this.clock.now()) }
    const hub = { withRequestId: (message: unknown) => message, onHeartbeatError: () => undefined }
    const { heartbeat } = settings
    this.monitor = new HeartbeatMonitor({ heartbeat, clock: this.clock, codec: jsonCodec }, link, owner, hub)
    this.monitor.onReady()
  }

  async live(happenings: readonly Happening[]): Promise<void> {
    for (const happening of happenings) await this.#happen(happening)
  }

  /** From now on the peer does nothing, and nothing but it is in the way of a beat; returns when that was. */
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
    // Beats leave at once where nothing is before them.
    if (this.#outbound.length === 1 && out.left) this.#write(out.bytes)
  }

  /** The operating system takes some of what waits. */
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

  /** What a peer that is alive does by itself. */
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
