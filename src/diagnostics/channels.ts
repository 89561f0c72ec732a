import { channel, tracingChannel } from '#platform'
import type { DiagnosticChannels } from './payloads.js'

/** A channel of `node:diagnostics_channel`, with the type of its data. Check `hasSubscribers` before anything is computed for it. */
type TypedChannel<T> = {
  readonly [K in keyof Channel]: K extends 'hasSubscribers'
    ? boolean
    : K extends 'publish'
      ? (data: T) => void
      : <R>(data: T, run: () => R) => R
}

/** The part of a channel that Holdfast uses. `runStores` publishes the data and calls the function, with the stores that are bound to it. */
type Channel = Pick<ReturnType<typeof channel>, 'hasSubscribers' | 'publish' | 'runStores'>

function channelOf<N extends keyof DiagnosticChannels>(name: N): TypedChannel<DiagnosticChannels[N]> {
  return channel(name)
}

// Channels that every connection publishes to. Without subscribers, an event costs one check.
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
