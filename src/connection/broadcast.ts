import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { describeValue } from '../core/describe-value.js'
import type { AnyProtocol, Outgoing } from '../messages/protocol.js'
import { Connection } from './connection.js'

/** A connection, or anything that has one, such as a `Client`. */
export type BroadcastTarget<P extends AnyProtocol> =
  | Connection<P>
  | {
      /** The connection to send on. */
      readonly connection: Connection<P>
    }

/** Result of a broadcast. Both numbers together are the number of connections that were passed. */
export interface BroadcastResult {
  /** Number of connections that accepted the message. */
  readonly sent: number
  /** Number of connections that could not take the message now. Their outboxes do not keep it. */
  readonly skipped: number
}

/**
 * Sends one message to many connections. Strings and bytes are sent unchanged. Any other message is encoded once per codec, not once per
 * connection. If `codec` is a function, each link has its own codec, so the message is encoded for each of them.
 *
 * Never waits. A connection is skipped if its state is not `open`, if its link is closing, or if at least `sendHighWaterMark` bytes are
 * waiting to be sent. A connection that is listed twice receives the message twice.
 *
 * @param connections connections or clients, such as `app.clients`
 * @throws TypeError if `connections` is not iterable, or contains anything other than connections and clients
 * @throws EncodeError if a codec cannot encode the message. Nothing has been sent then
 */
export function broadcast<P extends AnyProtocol>(
  connections: Iterable<BroadcastTarget<P>>,
  message: string | Uint8Array | Outgoing<P>,
): BroadcastResult {
  const targets = Array.from(checkIterable(connections), connectionOf)
  const encoded = new Map<Codec, string | Uint8Array>()
  const frameFor = (codec: Codec): string | Uint8Array => {
    const known = encoded.get(codec)
    if (known !== undefined) return known
    const made = isRaw(message) ? message : encodeWith(codec, message)
    encoded.set(codec, made)
    return made
  }
  // Encodes first, so that nothing has been sent if a codec fails.
  for (const { broadcastLink } of targets) if (broadcastLink) frameFor(broadcastLink.codec)
  let sent = 0
  for (const { broadcastLink } of targets) {
    // A codec may have closed the connection.
    if (!broadcastLink) continue
    void broadcastLink.send(frameFor(broadcastLink.codec))
    sent += 1
  }
  return { sent, skipped: targets.length - sent }
}

function isRaw(message: unknown): message is string | Uint8Array {
  return typeof message === 'string' || message instanceof Uint8Array
}

function checkIterable<T>(connections: Iterable<T>): Iterable<T> {
  const given: unknown = connections
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return connections
  throw new TypeError(
    `broadcast() expected an iterable of connections or clients, received ${describeValue(given)}. Pass an array or a Set`,
  )
}

function connectionOf(target: unknown): Connection {
  if (target instanceof Connection) return target as Connection
  const { connection } = (target ?? {}) as { readonly connection?: unknown }
  if (connection instanceof Connection) return connection as Connection
  throw new TypeError(
    `broadcast() expected connections or clients, received ${describeValue(target)}. Pass client or client.connection`,
  )
}
