import { channel, tracingChannel } from '#platform'
import type { DiagnosticChannels } from './payloads.js'

/** A channel of `node:diagnostics_channel`, with the type of its data. */
interface TypedChannel<T> {
  /** False while nobody listens. Check it before anything is computed for the channel. */
  readonly hasSubscribers: boolean
  publish(data: T): void
  /** Publishes the data and calls the function, with the stores that are bound to the channel. */
  runStores<R>(data: T, run: () => R): R
}

function channelOf<N extends keyof DiagnosticChannels>(name: N): TypedChannel<DiagnosticChannels[N]> {
  return channel(name) as TypedChannel<DiagnosticChannels[N]>
}

// Channels that every connection publishes to. Nobody listening costs one check per event.
export const stateChannel = channelOf('holdfast:state')
export const attemptChannel = channelOf('holdfast:attempt')
export const delayChannel = channelOf('holdfast:delay')
export const closeChannel = channelOf('holdfast:close')
export const frameChannel = channelOf('holdfast:frame')
export const messageChannel = channelOf('holdfast:message')
export const requestChannel = channelOf('holdfast:request')
export const queueChannel = channelOf('holdfast:queue')
export const dropChannel = channelOf('holdfast:drop')
export const roundTripChannel = channelOf('holdfast:round-trip')
export const errorChannel = channelOf('holdfast:error')

type HandlerChannel = TypedChannel<DiagnosticChannels['tracing:holdfast:handler:start']>

/** Channels of each call to a handler. */
export const handlerChannels = tracingChannel('holdfast:handler') as unknown as Readonly<
  Record<'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error', HandlerChannel>
>
