import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import type { Attributes } from './otel-api.js'

/** Returns the name of the client, for the instruments of connections. */
export function clientAttributes({ client }: Pick<ConnectionDiagnostic, 'client'>): Attributes {
  return { 'holdfast.client.name': client }
}

/** Returns the address of the server, once it is known. The URL can contain secrets, so its other parts are not recorded. */
export function serverAttributes({ serverAddress, serverPort }: ConnectionDiagnostic): Attributes {
  return {
    ...(serverAddress !== undefined && { 'server.address': serverAddress }),
    ...(serverPort !== undefined && { 'server.port': serverPort }),
  }
}

/**
 * Returns the attributes that the semantic conventions require for messaging.
 *
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 */
export function messagingAttributes(
  diagnostic: ConnectionDiagnostic,
  operation: 'process' | 'receive' | 'request' | 'send',
): Attributes {
  return {
    'messaging.system': 'websocket',
    'messaging.operation.name': operation,
    // The conventions have no type for a request, which waits for its reply.
    ...(operation !== 'request' && { 'messaging.operation.type': operation }),
    'messaging.destination.name': diagnostic.client,
    ...serverAttributes(diagnostic),
  }
}
