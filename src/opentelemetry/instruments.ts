import type { Meter } from './otel-api.js'

/** Boundaries that the semantic conventions recommend for the durations of messaging. In seconds, as all durations. */
const MESSAGING = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** An attempt ends after `connectTimeout`, whose default is 10 seconds. */
const CONNECT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** From a server that closes at once to a connection that stays open for a week. */
const CONNECTION = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 604_800]
/** Up to `reconnect.maxRetryAfter`, whose default is an hour. */
const DELAY = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 300, 900, 3_600]
const ROUND_TRIP = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

function seconds(description: string, explicitBucketBoundaries: number[]) {
  return { unit: 's', description, advice: { explicitBucketBoundaries } }
}

/**
 * Creates the instruments for messages. Their names are from the semantic conventions for messaging.
 *
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export function createMessagingInstruments(meter: Meter) {
  return {
    processDuration: meter.createHistogram(
      'messaging.process.duration',
      seconds('Time that the handler of a message took, until its promise settled.', MESSAGING),
    ),
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Messages received.',
    }),
    sent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Messages sent, and messages that failed to be sent.',
    }),
    operationDuration: meter.createHistogram(
      'messaging.client.operation.duration',
      seconds('Time from a call of request() to its reply or its failure.', MESSAGING),
    ),
  }
}

/** Creates the instruments for events of connections. */
export function createConnectionInstruments(meter: Meter) {
  return {
    connectDuration: meter.createHistogram(
      'holdfast.client.connect.duration',
      seconds('Time that an attempt to connect took, whether it succeeded or failed.', CONNECT),
    ),
    connectionDuration: meter.createHistogram(
      'holdfast.client.connection.duration',
      seconds('Time that a link was open. Recorded when it ends.', CONNECTION),
    ),
    reconnectDelay: meter.createHistogram(
      'holdfast.client.reconnect.delay',
      seconds('Time that Holdfast waits before the next attempt to connect.', DELAY),
    ),
    roundTrip: meter.createHistogram(
      'holdfast.client.round_trip.duration',
      seconds('Time between a heartbeat and its reply.', ROUND_TRIP),
    ),
    io: meter.createCounter('holdfast.client.io', {
      unit: 'By',
      description: 'Payload of all frames, before compression.',
    }),
    dropped: meter.createCounter('holdfast.client.messages.dropped', {
      unit: '{message}',
      description: 'Messages that never reached a handler or a socket.',
    }),
  }
}

/** Creates the instruments that are read when metrics are collected. */
export function createObservableInstruments(meter: Meter) {
  const create = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description })
  return {
    connections: create('holdfast.client.connections', '{connection}', 'Connections in each state.'),
    queue: create('holdfast.client.queue.length', '{message}', 'Messages that wait for handlers.'),
    outbox: create('holdfast.client.outbox.length', '{message}', 'Messages that wait for a link.'),
    buffered: create(
      'holdfast.client.buffered',
      'By',
      'Bytes accepted but not yet passed to the operating system.',
    ),
  }
}
