import { listen } from '../diagnostics/listen.js'
import type { AttemptDiagnostic, CloseDiagnostic } from '../diagnostics/payloads.js'
import { clientAttributes } from './attributes.js'
import type { ErrorTypes } from './error-types.js'
import { createConnectionInstruments } from './instruments.js'
import type { Stop } from './listening.js'
import type { Attributes, Meter } from './otel-api.js'

/** Records the events of connections. */
export function recordConnections(meter: Meter, errorTypes: ErrorTypes): Stop {
  const { connectDuration, connectionDuration, reconnectDelay, roundTrip, io, dropped } =
    createConnectionInstruments(meter)
  return listen({
    'holdfast:attempt': (attempt) =>
      connectDuration.record(attempt.duration / 1_000, attemptAttributes(attempt, errorTypes)),
    'holdfast:close': (close) => connectionDuration.record(close.duration / 1_000, closeAttributes(close)),
    'holdfast:delay': (delay) => reconnectDelay.record(delay.delay / 1_000, clientAttributes(delay)),
    'holdfast:round-trip': (beat) => roundTrip.record(beat.duration / 1_000, clientAttributes(beat)),
    'holdfast:frame': (frame) =>
      io.add(frame.bytes, { ...clientAttributes(frame), 'network.io.direction': frame.direction }),
    'holdfast:drop': (drop) =>
      dropped.add(drop.count, { ...clientAttributes(drop), 'holdfast.drop.reason': drop.reason }),
  })
}

/** Returns the attributes of an attempt, for its metrics and its span. */
export function attemptAttributes(attempt: AttemptDiagnostic, errorTypes: ErrorTypes): Attributes {
  return {
    ...clientAttributes(attempt),
    ...(attempt.statusCode !== undefined && { 'http.response.status_code': attempt.statusCode }),
    ...errorTypes.attributes(attempt.error),
  }
}

function closeAttributes(close: CloseDiagnostic): Attributes {
  return {
    ...clientAttributes(close),
    'holdfast.close.code': close.code,
    'holdfast.close.initiator': close.initiator,
    'holdfast.will_reconnect': close.willReconnect,
  }
}
