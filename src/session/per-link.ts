import { describeValue } from '../core/describe-value.js'
import { HandlerConnection } from './handler-connection.js'

/** Separate state for each link; see {@link perLink}. */
export interface PerLink<T> {
  /**
   * Returns the state for the link that a handler was called for. Creates the state if it does not exist yet.
   *
   * @param context second argument of the handler
   * @throws TypeError if the context belongs to the whole connection, as in `@OnStateChange`, and in `@OnError` for errors that were not
   * caused by a message or a handler
   */
  of(context: { readonly connection: HandlerConnection }): T
}

/**
 * Keeps separate state for each link, such as order books, so that neither a reconnect nor a handover mixes messages from two links. The
 * state is garbage-collected together with its link.
 *
 * @param make creates the state for a link on first use
 */
export function perLink<T>(make: () => T): PerLink<T> {
  const states = new WeakMap<object, { readonly state: T }>()
  return {
    of({ connection }) {
      const link = linkBehind(connection)
      let kept = states.get(link)
      if (!kept) {
        kept = { state: make() }
        states.set(link, kept)
      }
      return kept.state
    },
  }
}

function linkBehind(connection: unknown): object {
  // Your tests can pass any object to a handler.
  const link = connection instanceof HandlerConnection ? connection.boundLink : connection
  if (typeof link === 'object' && link !== null) return link
  const what =
    connection === link
      ? `a context whose connection is ${describeValue(connection)}`
      : 'the context of the whole connection'
  throw new TypeError(
    `perLink requires a link's context, received ${what}. Pass the context of @OnOpen, @OnMessage, @OnBinary, @OnClosing, or @OnClose`,
  )
}
