import type { ConcurrencySettings } from '../../options/concurrency.js'
import type { InboundMessage } from '../../messages/inbound.js'
import { toError } from '../../core/error-text.js'
import { readerOf } from '../../messages/route.js'
import { KeyedQueue } from './keyed-queue.js'
import { TaskQueue } from './task-queue.js'
import type { Runner } from './task-queue.js'

/** Where arrivals wait for their handler. */
export type MessageQueue = Pick<TaskQueue<InboundMessage>, 'start' | 'push' | 'clear' | 'idle'>

/** What becomes of arrivals. None of these throws or rejects. */
export interface MessageQueuePort extends Runner<InboundMessage> {
  /** A newer arrival has taken the place of this one. */
  onConflated(arrival: InboundMessage): void
  /** The key function has failed with this arrival, which is run nevertheless, afterwards. */
  onKeyError(error: Error, arrival: InboundMessage): void | Promise<void>
}

/** Makes the queue that the `concurrency` option asks for. */
export function createMessageQueue(concurrency: ConcurrencySettings, port: MessageQueuePort): MessageQueue {
  if (typeof concurrency === 'number') return new TaskQueue(concurrency, port)
  const { key, limit, conflate } = concurrency
  const read = readerOf(key)
  const failures = new WeakMap<InboundMessage, Error>()
  const keyOf = (arrival: InboundMessage): unknown => {
    if (arrival.kind !== 'message') return undefined
    try {
      return read(arrival.value) ?? undefined
    } catch (thrown) {
      failures.set(arrival, toError(thrown))
      return undefined
    }
  }
  // A failure is told in the arrival's turn, like any other failure of a message: never before @OnOpen has settled.
  const run = (arrival: InboundMessage): void | Promise<void> => {
    const failure = failures.get(arrival)
    failures.delete(arrival)
    const told = failure && port.onKeyError(failure, arrival)
    return told ? told.then(() => port.run(arrival)) : port.run(arrival)
  }
  return new KeyedQueue({ limit, conflate, keyOf, run, onConflated: (arrival) => port.onConflated(arrival) })
}
