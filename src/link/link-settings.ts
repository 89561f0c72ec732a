import type { Clock } from '../core/clock.js'
import type { HeartbeatSettings } from './heartbeat.js'

/** What a link needs to know. */
export interface LinkSettings {
  readonly clock: Clock
  readonly connectTimeout: number
  readonly highWaterMark: number
  readonly highWaterBytes: number
  readonly sendHighWaterMark: number
  readonly heartbeat: HeartbeatSettings
}
