import type { Clock } from '../core/clock.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { MessageHubSettings } from '../session/message-hub.js'
import type { AttemptSettings } from '../attempt/attempt.js'
import type { RetrySettings } from './retry-policy.js'

/** Options of one connection with every default filled in. Each base type defines some of them. */
export interface ConnectionSettings extends AttemptSettings, Omit<LinkSettings, 'codec'>, MessageHubSettings {
  readonly clock: Clock
  readonly random: () => number
  readonly onOpenTimeout: number
  readonly drainTimeout: number
  readonly closeTimeout: number
  readonly maxAge: number
  readonly reconnect: RetrySettings | false
}
