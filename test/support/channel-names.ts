import type { DiagnosticChannels } from '#src/diagnostics/payloads.js'

const SEEN: Readonly<Record<keyof DiagnosticChannels, true>> = {
  'holdfast:state': true,
  'holdfast:attempt': true,
  'holdfast:delay': true,
  'holdfast:close': true,
  'holdfast:frame': true,
  'holdfast:message': true,
  'holdfast:request': true,
  'holdfast:queue': true,
  'holdfast:drop': true,
  'holdfast:round-trip': true,
  'holdfast:error': true,
  'tracing:holdfast:handler:start': true,
  'tracing:holdfast:handler:end': true,
  'tracing:holdfast:handler:asyncStart': true,
  'tracing:holdfast:handler:asyncEnd': true,
  'tracing:holdfast:handler:error': true,
}

/** Names of all channels. The compiler checks that the list is complete. */
export const DIAGNOSTIC_CHANNELS = Object.keys(SEEN) as (keyof DiagnosticChannels)[]
