import { channel } from '#platform'

/**
 * Channels of `node:diagnostics_channel` that every connection publishes to. They cost almost nothing if they have no subscribers.
 * Published data contains no URL, header or token.
 */
export const stateChannel = channel('holdfast:state')
export const messageChannel = channel('holdfast:message')

/** Data published to `holdfast:state`. */
export interface StateDiagnostic {
  readonly connection: string
  readonly from: string
  readonly to: string
}

/** Data published to `holdfast:message`: each received message, decoded, before any handler receives it. */
export interface MessageDiagnostic {
  readonly connection: string
  readonly message: unknown
}

/** Publishes a status change. Call it only while the channel has subscribers. */
export function publishState(diagnostic: StateDiagnostic): void {
  stateChannel.publish(diagnostic)
}

/** Publishes a message. Call it only while the channel has subscribers. */
export function publishMessage(connection: string, message: unknown): void {
  messageChannel.publish({ connection, message } satisfies MessageDiagnostic)
}
