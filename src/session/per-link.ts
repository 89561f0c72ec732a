import { describeValue } from '../core/describe-value.js'
import { HandlerConnection } from './handler-connection.js'

/** Separate state for each link; see {@link perLink}. */
export interface PerLink<T> {
  /**
   * Returns the state of the link that a handler was called for. Creates it if there is none.
   *
   * @param context second argument of the handler
   * @throws TypeError for the context of the whole connection. `@OnStateChange` receives that context; so does `@OnError` for errors that no
   * message or handler caused
   */
  of(context: { readonly connection: HandlerConnection }): T
}

/**
 * Creates separate state for each link, such as order books, so that neither a reconnect nor a handover mixes the messages of two links. The
 * state is garbage-collected with its link.
 *
 * @param make creates the state of a link when it is first needed
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
  // A user's test can pass any object to a handler.
  const link = connection instanceof HandlerConnection ? connection.boundLink : connection
  if (typeof link === 'object' && link !== null) return link
  const what =
    connection === link
      ? `a context whose connection is ${describeValue(connection)}`
      : 'the context of the whole connection'
  throw new TypeError(
    `perLink expected the context of a link, received ${what}. Pass the context of @OnOpen, @OnMessage, @OnBinary, @OnClosing or @OnClose`,
  )
}
