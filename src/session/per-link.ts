import { describeValue } from '../core/describe-value.js'
import { HandlerConnection } from './handler-connection.js'

/** State of each link, one by one: see {@link perLink}. */
export interface PerLink<T> {
  /**
   * Returns the state of the link that a handler was called for, which is made first if there is none.
   *
   * @param context the second argument of the handler
   * @throws TypeError for the context of the whole connection: of `@OnStateChange`, and of an `@OnError` that a message or a handler did
   * not cause
   */
  of(context: { readonly connection: HandlerConnection }): T
}

/**
 * Makes state of one physical connection, such as order books: each link has its own, so that neither a reconnect nor a handover mixes what
 * two links brought. It is collected with its link.
 *
 * @param make makes the state of a link when it is first asked for
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
  // A test of yours may hand a handler any object.
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
