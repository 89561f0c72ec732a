import { HoldfastError } from './holdfast-error.js'

/** A ping of `Heartbeat.ping()` was given up: the peer has left so many later ones unanswered too. */
export class PingTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_PING_TIMEOUT'
  /** How long ago it was sent, in milliseconds. */
  readonly age: number

  constructor(age: number, pings: number) {
    super(`Ping timed out: no pong after ${Math.round(age)} ms and ${pings - 1} later pings`)
    this.age = age
  }
}
