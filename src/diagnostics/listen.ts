import { subscribe, unsubscribe } from '#platform'
import type { DiagnosticChannels } from './payloads.js'

/** Functions that receive what is published to the channels of the same name. */
export type Listeners = {
  readonly [Name in keyof DiagnosticChannels]?: (diagnostic: DiagnosticChannels[Name]) => void
}

/** Subscribes to channels. Returns a function that ends all subscriptions. */
export function listen(listeners: Listeners): () => void {
  // The types of the channels cannot be expressed for node:diagnostics_channel, which publishes values of any type.
  const entries = Object.entries(listeners) as [string, (diagnostic: unknown) => void][]
  for (const [name, listener] of entries) subscribe(name, listener)
  return () => {
    for (const [name, listener] of entries) unsubscribe(name, listener)
  }
}
