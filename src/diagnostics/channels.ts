import { channel } from '#platform'
import type { StateDiagnostic } from './payloads.js'

/**
 * Channels of `node:diagnostics_channel` that every connection publishes to. They cost almost nothing if they have no subscribers.
 * Published data contains no URL, header or token.
 */
export const stateChannel = channel('holdfast:state')
export const messageChannel = channel('holdfast:message')

/** Publishes a status change. Call it only while the channel has subscribers. */
export function publishState(diagnostic: Pick<StateDiagnostic, 'connection' | 'from' | 'to'>): void {
  stateChannel.publish(diagnostic)
}

/** Publishes a message. Call it only while the channel has subscribers. */
export function publishMessage(connection: string, message: unknown): void {
  messageChannel.publish({ connection, message })
}
