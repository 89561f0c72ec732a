import { isThenable } from '../core/thenable.js'
import { listen } from '../diagnostics/listen.js'
import type { HandlerDiagnostic } from '../diagnostics/payloads.js'
import type { Stop } from './listening.js'

/** Observes one call to the handler of a message. */
export interface CallObserver {
  /** Calls the handler, usually within a context, and returns its result. */
  run(handler: () => unknown): unknown
  /** The handler has returned or thrown, and its promise has settled. */
  end(call: HandlerDiagnostic): void
}

interface ObservedCall {
  readonly observer: CallObserver
  isPending: boolean
}

/**
 * Observes the calls to all handlers of messages.
 *
 * @param begin called before each call
 */
export function observeCalls(begin: (call: HandlerDiagnostic) => CallObserver): Stop {
  const calls = new WeakMap<HandlerDiagnostic, ObservedCall>()
  const end = (call: HandlerDiagnostic): void => {
    calls.get(call)?.observer.end(call)
    calls.delete(call)
  }
  return listen({
    'tracing:holdfast:handler:start': (call) => {
      if (call.kind === 'message' || call.kind === 'binary') calls.set(call, observe(call, begin(call)))
    },
    'tracing:holdfast:handler:end': (call) => {
      if (calls.get(call)?.isPending === false) end(call)
    },
    'tracing:holdfast:handler:asyncEnd': end,
  })
}

/** Makes the observer run the call. A channel cannot do that, because only OpenTelemetry can set its own context. */
function observe(call: HandlerDiagnostic, observer: CallObserver): ObservedCall {
  const observed: ObservedCall = { observer, isPending: false }
  const { around = (run) => run() } = call
  call.around = (run) => {
    const result = observer.run(() => around(run))
    observed.isPending = isThenable(result)
    return result
  }
  return observed
}
