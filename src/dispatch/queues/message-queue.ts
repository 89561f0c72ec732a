import type { ConcurrencySettings } from '../../options/concurrency.js'
import type { InboundMessage } from '../../messages/inbound.js'
import { toError } from '../../core/error-text.js'
import { readerOf } from '../../messages/route.js'
import { KeyedQueue } from './keyed-queue.js'
import { TaskQueue } from './task-queue.js'
import type { Runner } from './task-queue.js'

/** Where messages wait for their handler. */
export type MessageQueue = Pick<TaskQueue<InboundMessage>, 'start' | 'push' | 'clear' | 'idle'>

/** Runs the messages of a queue, and hears of those that it leaves out. No method throws or rejects. */
export interface MessageQueuePort extends Runner<InboundMessage> {
  /** A newer message has taken the place of this one. */
  onConflated(message: InboundMessage): void
  /** The key function has failed with this message, which is run nevertheless, afterwards. */
  onKeyError(error: Error, message: InboundMessage): void | Promise<void>
}

/** Makes the queue that the `concurrency` option asks for. */
export function createMessageQueue(concurrency: ConcurrencySettings, port: MessageQueuePort): MessageQueue {
  if (typeof concurrency === 'number') return new TaskQueue(concurrency, port)
  const { key, limit, conflate } = concurrency
  const read = readerOf(key)
  const failures = new WeakMap<InboundMessage, Error>()
  const keyOf = (message: InboundMessage): unknown => {
    if (message.kind !== 'message') return undefined
    try {
      return read(message.value) ?? undefined
    } catch (thrown) {
      failures.set(message, toError(thrown))
      return undefined
    }
  }
  // A failure is told in the message's turn, like any other failure of a message: never before @OnOpen has settled.
  const run = (message: InboundMessage): void | Promise<void> => {
    const failure = failures.get(message)
    failures.delete(message)
    const told = failure && port.onKeyError(failure, message)
    return told ? told.then(() => port.run(message)) : port.run(message)
  }
  return new KeyedQueue({ limit, conflate, keyOf, run, onConflated: (message) => port.onConflated(message) })
}
