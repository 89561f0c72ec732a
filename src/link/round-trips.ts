import type { Deferred } from '../core/deferred.js'
import { PingTimeoutError } from '../errors/ping-timeout-error.js'

/** Ping that has not been answered yet. */
interface Ping {
  /** Time at which the ping was sent; until then, the time at which it was passed to the socket. */
  sentAt: number
  /** Settles the promise returned by `ping()`; `undefined` for a heartbeat. */
  readonly answer: Deferred<number> | undefined
}

/** Unanswered pings and the last heartbeat message of one link. */
export class RoundTrips {
  /** Unanswered pings, oldest first. */
  #pings: readonly Ping[] = NONE
  /** Number of the latest ping, which is also its payload. */
  #pingNumber = 0
  /** Time at which the unanswered heartbeat message was sent, if there is one. */
  #messageSentAt: number | undefined
  #latency: number | undefined

  /** Last measured round-trip time, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  /** True while a heartbeat message has been sent and is unanswered. */
  get awaitsReply(): boolean {
    return this.#messageSentAt !== undefined
  }

  /** Payload of the latest ping: its number. */
  get payload(): Uint8Array {
    return payloadOf(this.#pingNumber)
  }

  /** Starts a ping. The caller updates `sentAt` once the ping has been sent. */
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

  /** Handles a pong. If it answers one of our pings, settles that ping and all earlier ones. Returns whether it did. */
  onPong(data: Uint8Array, now: number): boolean {
    // A peer may answer only the latest of several pings (RFC 6455, section 5.5.3), so a pong also answers the earlier ones.
    const count = this.#countUpTo(data)
    const latest = this.#pings[count - 1]
    if (!latest) return false
    const answered = this.#pings
    this.#pings = count === answered.length ? NONE : answered.slice(count)
    this.#latency = now - latest.sentAt
    for (let index = 0; index < count; index += 1) {
      const { answer, sentAt } = answered[index] as Ping
      answer?.resolve(now - sentAt)
    }
    return true
  }

  /** Returns the number of unanswered pings that a pong answers, starting with the oldest. */
  #countUpTo(pong: Uint8Array): number {
    const count = this.#pings.length - (this.#pingNumber - numberIn(pong))
    return count > 0 && count <= this.#pings.length ? count : 0
  }

  /** Called when a heartbeat message has been sent. */
  onMessageSent(now: number): void {
    this.#messageSentAt = now
  }

  /** Called when the pending heartbeat message has been answered. */
  onReply(now: number): void {
    this.#latency = now - (this.#messageSentAt as number)
    this.#messageSentAt = undefined
  }

  /** Stops waiting for a reply, because heartbeats are no longer messages. */
  forgetMessage(): void {
    this.#messageSentAt = undefined
  }

  /** Rejects all pings, because the link is lost. */
  end(error: Error): void {
    for (const { answer } of this.#pings) answer?.reject(error)
    this.#pings = NONE
  }
}

const NONE: readonly Ping[] = []

/**
 * Maximum number of unanswered pings. Above this limit, the oldest is abandoned, so that a peer that never answers cannot exhaust memory.
 */
const MAX_PINGS = 16

const ZERO = 0x30
const NINE = 0x39

/** Encodes a number in decimal, as the payload of a ping. */
function payloadOf(number: number): Uint8Array {
  return Uint8Array.from(String(number), (digit) => digit.charCodeAt(0))
}

/** Decodes a number that {@link payloadOf} encoded. Returns NaN for anything else. */
function numberIn(payload: Uint8Array): number {
  let number = 0
  for (const digit of payload) {
    if (digit < ZERO || digit > NINE || (number === 0 && digit === ZERO)) return NaN
    number = number * 10 + (digit - ZERO)
  }
  return payload.length === 0 ? NaN : number
}
