import type { ConcurrencySettings } from '../../options/concurrency.js'
import type { Arrival } from '../../messages/inbound-message.js'
import { toError } from '../../errors/errors.js'
import { readerOf } from '../../messages/route.js'
import { KeyedQueue } from './keyed-queue.js'
import { TaskQueue } from './task-queue.js'
import type { Runner } from './task-queue.js'

/** Where arrivals wait for their handler. */
export type ArrivalQueue = Pick<TaskQueue<Arrival>, 'start' | 'push' | 'clear' | 'idle'>

/** What becomes of arrivals. None of these throws or rejects. */
export interface ArrivalPort extends Runner<Arrival> {
  /** A newer arrival has taken the place of this one. */
  skipped(arrival: Arrival): void
  /** The key function has failed with this arrival, which is run nevertheless, afterwards. */
  keyFailed(error: Error, arrival: Arrival): void | Promise<void>
}

/** Makes the queue that the `concurrency` option asks for. */
export function arrivalQueue(concurrency: ConcurrencySettings, port: ArrivalPort): ArrivalQueue {
  if (typeof concurrency === 'number') return new TaskQueue(concurrency, port)
  const { key, limit, latest } = concurrency
  const read = readerOf(key)
  const failures = new WeakMap<Arrival, Error>()
  const keyOf = (arrival: Arrival): unknown => {
    if (arrival.kind !== 'message') return undefined
    try {
      return read(arrival.value) ?? undefined
    } catch (thrown) {
      failures.set(arrival, toError(thrown))
      return undefined
    }
  }
  // A failure is told in the arrival's turn, like any other failure of a message: never before @OnOpen has settled.
  const run = (arrival: Arrival): void | Promise<void> => {
    const failure = failures.get(arrival)
    failures.delete(arrival)
    const told = failure && port.keyFailed(failure, arrival)
    return told ? told.then(() => port.run(arrival)) : port.run(arrival)
  }
  return new KeyedQueue({ limit, latest, keyOf, run, skipped: (arrival) => port.skipped(arrival) })
}
