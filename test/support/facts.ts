import type { ConnectionDiagnostic } from '#src/diagnostics/payloads.js'

/** Facts about a connection that does not exist, for the diagnostics of parts that are tested alone. */
export const FACTS: ConnectionDiagnostic = {
  connection: 'Ticker#1',
  client: 'Ticker',
  class: 'Ticker',
  serverAddress: 'example.com',
  serverPort: 443,
  connectionNumber: 2,
}
