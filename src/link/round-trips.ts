import type { Deferred } from '../core/deferred.js'
import { PingTimeoutError } from '../errors/ping-timeout-error.js'

/** A ping that has not been answered. */
interface Ping {
  /** When it left our process; until then, when it was handed over. */
  sentAt: number
  /** Settles the promise of `ping()`; a beat has none. */
  readonly answer: Deferred<number> | undefined
}

/** Pings and the last heartbeat message of one link, until they are answered. */
export class RoundTrips {
  /** The oldest first. */
  #pings: readonly Ping[] = NONE
  /** The number of the latest ping, which is what is in it. */
  #pingNumber = 0
  /** When the heartbeat message left that is unanswered, if one is. */
  #messageSentAt: number | undefined
  #latency: number | undefined

  /** The last measured round trip, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  /** True while a heartbeat message has left and is unanswered. */
  get awaitsReply(): boolean {
    return this.#messageSentAt !== undefined
  }

  /** The payload of the latest ping: its number. */
  get payload(): Uint8Array {
    return payloadOf(this.#pingNumber)
  }

  /** Begins a ping; its sender sets `sentAt` when it leaves. */
  begin(now: number, answer: Deferred<number> | undefined): Ping {
    const ping: Ping = { sentAt: now, answer }
    if (this.#pings.length >= MAX_PINGS) this.#abandonOldest(now)
    this.#pings = [...this.#pings, ping]
    this.#pingNumber += 1
    return ping
  }

  #abandonOldest(now: number): void {
    const oldest = this.#pings[0] as Ping
    this.#pings = this.#pings.slice(1)
    oldest.answer?.reject(new PingTimeoutError(now - oldest.sentAt, MAX_PINGS))
  }

  /** Takes a pong: it settles the ping that it answers, if it answers one of ours. */
  onPong(data: Uint8Array, now: number): void {
    // A peer may answer only the latest of several pings (RFC 6455, section 5.5.3): it has seen those before, too.
    const count = this.#countUpTo(data)
    const latest = this.#pings[count - 1]
    if (!latest) return
    const answered = this.#pings
    this.#pings = count === answered.length ? NONE : answered.slice(count)
    this.#latency = now - latest.sentAt
    for (let index = 0; index < count; index += 1) {
      const { answer, sentAt } = answered[index] as Ping
      answer?.resolve(now - sentAt)
    }
  }

  /** Returns how many of the unanswered pings a pong answers, from the oldest on. */
  #countUpTo(pong: Uint8Array): number {
    const count = this.#pings.length - (this.#pingNumber - numberIn(pong))
    return count > 0 && count <= this.#pings.length ? count : 0
  }

  /** A heartbeat message has left. */
  onMessageSent(now: number): void {
    this.#messageSentAt = now
  }

  /** The heartbeat message that `awaitsReply` tells of has been answered. */
  onReply(now: number): void {
    this.#latency = now - (this.#messageSentAt as number)
    this.#messageSentAt = undefined
  }

  /** Messages are no heartbeat any more: none is waited for. */
  forgetMessage(): void {
    this.#messageSentAt = undefined
  }

  /** The link is lost: no answer comes any more. */
  end(error: Error): void {
    for (const { answer } of this.#pings) answer?.reject(error)
    this.#pings = NONE
  }
}

const NONE: readonly Ping[] = []

/** Past this many unanswered pings the oldest is given up: a peer that answers none must not fill the memory. */
const MAX_PINGS = 16

const ZERO = 0x30
const NINE = 0x39

/** Writes a number in decimal, as the payload of a ping. */
function payloadOf(number: number): Uint8Array {
  return Uint8Array.from(String(number), (digit) => digit.charCodeAt(0))
}

/** Reads a number as {@link payloadOf} writes it; NaN for anything else. */
function numberIn(payload: Uint8Array): number {
  let number = 0
  for (const digit of payload) {
    if (digit < ZERO || digit > NINE || (number === 0 && digit === ZERO)) return NaN
    number = number * 10 + (digit - ZERO)
  }
  return payload.length === 0 ? NaN : number
}
