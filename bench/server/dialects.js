// The envelopes of clients that have a protocol of another kind. `greet` answers their opening, `wrap` puts a message into an envelope,
// `commandOf` takes it out, and `envelope` is the number of bytes around it.

const plain = {
  name: 'plain',
  envelope: { before: 0, after: 0 },
  greet: () => undefined,
  wrap: (text) => text,
  commandOf: (text) => text,
}

/** https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md; the client numbers its one subscription '1'. */
const graphql = {
  name: 'graphql-transport-ws',
  envelope: { before: 0, after: 0 },
  greet: () => undefined,
  wrap: (text) => `{"id":"1","type":"next","payload":{"data":${text}}}`,
  commandOf(text, reply) {
    const message = JSON.parse(text)
    if (message.type === 'connection_init') reply('{"type":"connection_ack"}')
    return message.type === 'subscribe' ? JSON.stringify(message.payload.variables) : undefined
  },
}

/** https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/ */
const socketIo = {
  name: 'socket.io',
  envelope: { before: '42["message",'.length, after: ']'.length },
  greet: () => '0{"sid":"bench","upgrades":[],"pingInterval":60000,"pingTimeout":60000,"maxPayload":1000000}',
  wrap: (text) => `42["message",${text}]`,
  commandOf(text, reply) {
    if (text.startsWith('40')) reply('40{"sid":"bench"}')
    return text.startsWith('42["message",') ? text.slice('42["message",'.length, -1) : undefined
  },
}

/** Returns the dialect of a handshake, by its subprotocol or its path. */
export function dialectOf(pathname, protocol) {
  if (protocol === graphql.name) return graphql
  return pathname.startsWith('/socket.io/') ? socketIo : plain
}
