import { isThenable } from '../core/thenable.js'
import { handlerChannels } from './channels.js'
import { describeError } from './described-error.js'
import { hidden } from './hidden.js'
import type { ConnectionDiagnostic, HandlerDiagnostic } from './payloads.js'

const { start, end, asyncStart, asyncEnd, error } = handlerChannels

/** Facts about the handler that is called. */
export type TracedHandler = Pick<HandlerDiagnostic, 'handler' | 'kind' | 'event'>

/**
 * Calls a handler, and publishes the start and the end of the call. If the handler returns a promise, returns one that settles in the same
 * way.
 *
 * @param run calls the handler
 */
export function traceCall(
  facts: ConnectionDiagnostic,
  { handler, kind, event }: TracedHandler,
  run: () => unknown,
): unknown {
  const call: HandlerDiagnostic = hidden({ ...facts, handler, kind }, 'event', () => event)
  return start.runStores(call, () => {
    try {
      const { around } = call
      const result = around ? around(run) : run()
      return isThenable(result) ? traceEnd(call, result) : result
    } catch (thrown) {
      fail(call, thrown)
      throw thrown
    } finally {
      end.publish(call)
    }
  })
}

async function traceEnd(call: HandlerDiagnostic, result: PromiseLike<unknown>): Promise<unknown> {
  try {
    const value = await result
    asyncStart.publish(call)
    return value
  } catch (thrown) {
    fail(call, thrown)
    asyncStart.publish(call)
    throw thrown
  } finally {
    asyncEnd.publish(call)
  }
}

function fail(call: HandlerDiagnostic, thrown: unknown): void {
  call.error = describeError(thrown)
  error.publish(call)
}
