import type { Codec } from '../codecs/codec.js'
import type { Clock } from '../core/clock.js'
import type { HeartbeatSettings } from './heartbeat.js'

export interface LinkSettings {
  readonly clock: Clock
  readonly highWaterMark: number
  readonly highWaterBytes: number
  readonly sendHighWaterMark: number
  readonly codec: Codec
  readonly heartbeat: HeartbeatSettings
  readonly ackOnArrival?: ((message: unknown) => unknown) | undefined
}
