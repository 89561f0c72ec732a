import { HoldfastError } from './holdfast-error.js'

/** Thrown by `Heartbeat.ping()` if the server answers neither the ping nor many later ones. */
export class PingTimeoutError extends HoldfastError {
  readonly code = 'HOLDFAST_PING_TIMEOUT'
  /** Milliseconds since the ping was sent. */
  readonly age: number

  constructor(age: number, pings: number) {
    super(`Ping timed out: no pong after ${Math.round(age)} ms and ${pings - 1} later pings`)
    this.age = age
  }
}
