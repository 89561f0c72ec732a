import { isThenable } from '../core/thenable.js'
import type { Handshake } from '../transports/transport.js'
import { decodeJson } from './peer.js'
import type { Peer } from './peer.js'
import type { Refusal } from './refusal.js'

/** Decides about one connection attempt. Receives the server's side of it. */
export type Behavior<P extends Peer = Peer> = (peer: P) => void

/** Accepts the attempt. */
export function accept(handshake?: Partial<Handshake>): Behavior {
  return (peer) => peer.accept(handshake)
}

/**
 * Refuses the attempt.
 *
 * @param status HTTP status of the response; without one, the connection fails before the server responds
 * @param response rest of the HTTP response, for example `{ headers: { 'retry-after': '10' } }`
 */
export function refuse(status?: number, response?: Refusal): Behavior {
  return (peer) => peer.refuse(status, response)
}

/** Never responds to the handshake, so that the attempt runs into `connectTimeout`. */
export function ignore(): Behavior {
  return () => undefined
}

/**
 * Accepts the attempt, and answers messages.
 *
 * @param answer receives each decoded message, and returns the reply or a promise of it; `undefined` sends none
 * @param decode decodes a message; by default, JSON is decoded, and everything else stays as it is
 */
export function reply<Message>(
  answer: (message: Message, peer: Peer) => unknown,
  decode = decodeJson as (data: string | Uint8Array) => Message,
): Behavior {
  return (peer) => {
    const send = (value: unknown): void => {
      if (value !== undefined) peer.send(value)
    }
    peer.onMessage = (data) => {
      // Outside the call with which the client sends, so that an error of the test does not become one of the client.
      queueMicrotask(() => {
        const answered = answer(decode(data), peer)
        if (isThenable(answered)) void answered.then(send)
        else send(answered)
      })
    }
    peer.accept()
  }
}

/**
 * Accepts the attempt, and drops the connection without a close frame.
 *
 * @param messages number of messages that the client sends before
 */
export function dropAfter(messages: number): Behavior {
  return (peer) => {
    peer.after(messages, () => peer.drop())
    peer.accept()
  }
}

/**
 * Accepts the attempt, and then goes half-open: nothing arrives any more on either side, and the connection does not close.
 *
 * @param messages number of messages that the client sends before
 */
export function halfOpenAfter(messages: number): Behavior {
  return (peer) => {
    peer.after(messages, () => peer.goHalfOpen())
    peer.accept()
  }
}

/**
 * Accepts the attempt, and sends many messages at once.
 *
 * @param count number of messages
 * @param create returns the message with this index, starting at 0
 */
export function flood(count: number, create: (index: number) => unknown): Behavior {
  return (peer) => {
    peer.accept()
    for (let index = 0; index < count; index += 1) peer.send(create(index))
  }
}

/** Runs one behavior per attempt. The last one repeats. */
export function inTurn<P extends Peer>(script: readonly Behavior<P>[]): Behavior<P> {
  const left: Behavior<P>[] = script.length > 0 ? [...script] : [accept()]
  return (peer) => {
    const [behavior] = left.length > 1 ? left.splice(0, 1) : left
    behavior?.(peer)
  }
}
