import type { Handler } from '../annotations/handler-table.js'
import { isThenable } from '../core/thenable.js'
import { handlerChannels } from '../diagnostics/channels.js'
import { describeError } from '../diagnostics/described-error.js'
import { HandlerFacts } from '../diagnostics/facts.js'
import type { ConnectionDiagnostic, HandlerDiagnostic, HandlerKind } from '../diagnostics/payloads.js'
import type { HandlerConnection } from '../session/handler-connection.js'

const { start, end, asyncStart, asyncEnd, error } = handlerChannels

/**
 * Calls a handler, and publishes the start and the end of the call. If the handler returns a promise, returns one that settles in the same
 * way.
 *
 * @param run calls the handler
 */
export function traceCall(handler: Handler, event: unknown, context: unknown, run: () => unknown): unknown {
  const call: HandlerDiagnostic = new HandlerFacts(
    factsOf(context),
    handler.name,
    handler.event as HandlerKind,
    event,
  )
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

function factsOf(context: unknown): ConnectionDiagnostic {
  return (context as { readonly connection: HandlerConnection }).connection.facts
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
