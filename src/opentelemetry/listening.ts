import { channel, subscribe, unsubscribe } from '#platform'

/** Ends something. Calling it more than once has no effect. */
export type Stop = () => void

/** Combines several functions into one. */
export function stopAll(stops: readonly Stop[]): Stop {
  return () => {
    for (const stop of stops) stop()
  }
}

/** Question to all instrumentations of this process. */
interface RollCall {
  readonly provider: object
  isTaken: boolean
}

const ROLL_CALL = 'holdfast:opentelemetry'

/**
 * Reserves a provider, so that two instrumentations do not record everything twice. Each enabled instrumentation answers on a channel, so
 * there is no global state, and several copies of the package know about each other.
 *
 * @returns `undefined` if another instrumentation has reserved the provider; otherwise, a function that releases it
 */
export function reserve(provider: object): Stop | undefined {
  const question: RollCall = { provider, isTaken: false }
  channel(ROLL_CALL).publish(question)
  if (question.isTaken) return undefined
  const answer = (message: unknown): void => {
    const other = message as RollCall
    if (other.provider === provider) other.isTaken = true
  }
  subscribe(ROLL_CALL, answer)
  return () => void unsubscribe(ROLL_CALL, answer)
}
