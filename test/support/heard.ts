import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { DiagnosticChannels } from '#src/diagnostics/payloads.js'

/** Data that was published to some channels, in order. Disposing of it unsubscribes. */
export interface Heard<N extends keyof DiagnosticChannels> extends Disposable {
  readonly events: readonly DiagnosticChannels[N][]
  /** Names of the channels, one per event. */
  readonly channels: readonly N[]
}

/** Subscribes to channels, and collects what is published for the connections of one client. */
export function listenTo<N extends keyof DiagnosticChannels>(...names: readonly N[]): Heard<N> {
  const events: DiagnosticChannels[N][] = []
  const channels: N[] = []
  const listeners = names.map((name) => {
    const listener = (event: unknown): void => {
      events.push(event as DiagnosticChannels[N])
      channels.push(name)
    }
    subscribe(name, listener)
    return { name, listener }
  })
  return {
    events,
    channels,
    [Symbol.dispose]() {
      for (const { name, listener } of listeners) unsubscribe(name, listener)
    },
  }
}
