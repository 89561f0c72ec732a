import { channel } from '#platform'

/**
 * The channels of `node:diagnostics_channel` that every connection publishes to. Costs next to nothing while nobody has
 * subscribed. Nothing published carries a url, a header or a token.
 */
export const stateChannel = channel('holdfast:state')
export const messageChannel = channel('holdfast:message')

/** What `holdfast:state` carries. */
export interface StateDiagnostic {
  readonly connection: string
  readonly from: string
  readonly to: string
}

/** What `holdfast:message` carries: each message that arrived, decoded, before any handler sees it. */
export interface MessageDiagnostic {
  readonly connection: string
  readonly message: unknown
}

/** Publishes a change of status; to be called only while the channel has subscribers. */
export function publishState(diagnostic: StateDiagnostic): void {
  stateChannel.publish(diagnostic)
}

/** Publishes a message; to be called only while the channel has subscribers. */
export function publishMessage(connection: string, message: unknown): void {
  messageChannel.publish({ connection, message } satisfies MessageDiagnostic)
}
