import type { HandlerDiagnostic } from '../diagnostics/payloads.js'
import { messagingAttributes } from './attributes.js'
import type { MessagePropagation } from './config.js'
import type { ConnectSpans } from './connect-spans.js'
import type { ErrorTypes } from './error-types.js'
import { observeCalls } from './handler-calls.js'
import type { CallObserver } from './handler-calls.js'
import type { Stop } from './listening.js'
import { SpanKind, SpanStatusCode, context, diag, propagation, trace } from './otel-api.js'
import type { Context, Tracer } from './otel-api.js'

/** Creates a span for each call to the handler of a message. The span is active while the handler runs, also after each `await`. */
export class ProcessSpans {
  readonly #tracer: Tracer
  readonly #errorTypes: ErrorTypes
  readonly #connects: ConnectSpans
  readonly #propagate: MessagePropagation | undefined

  constructor(
    tracer: Tracer,
    errorTypes: ErrorTypes,
    connects: ConnectSpans,
    propagate?: MessagePropagation,
  ) {
    this.#tracer = tracer
    this.#errorTypes = errorTypes
    this.#connects = connects
    this.#propagate = propagate
  }

  start(): Stop {
    return observeCalls((call) => this.#begin(call))
  }

  #begin(call: HandlerDiagnostic): CallObserver {
    const parent = this.#parentOf(call)
    const span = this.#tracer.startSpan(
      `process ${call.handler}`,
      {
        kind: SpanKind.CONSUMER,
        links: this.#connects.linksOf(call),
        attributes: { ...messagingAttributes(call, 'process'), 'holdfast.handler': call.handler },
      },
      parent,
    )
    const active = trace.setSpan(parent, span)
    return {
      run: (handler) => context.with(active, handler),
      end: ({ error }) => {
        const failure = this.#errorTypes.attributes(error)
        // Without the message of the error, which can quote the message received.
        if ('error.type' in failure) span.setAttributes(failure).setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }

  /** Returns a context whose span is the sender's, if the message names it. Otherwise, it has none: the span becomes a root. */
  #parentOf({ event }: HandlerDiagnostic): Context {
    // The code that called bootstrap can have an active span, which has nothing to do with the message.
    const root = trace.deleteSpan(context.active())
    if (!this.#propagate) return root
    try {
      const carrier = this.#propagate.extract(event)
      return carrier ? propagation.extract(root, carrier) : root
    } catch (thrown) {
      diag.error('holdfast/opentelemetry: propagate.extract threw; the message gets a new trace', thrown)
      return root
    }
  }
}
