import { systemClock } from '../core/clock.js'
import { listen } from '../diagnostics/listen.js'
import type { AttemptDiagnostic, ConnectionDiagnostic } from '../diagnostics/payloads.js'
import { serverAttributes } from './attributes.js'
import { attemptAttributes } from './connection-metrics.js'
import type { ErrorTypes } from './error-types.js'
import type { Stop } from './listening.js'
import { SpanKind, SpanStatusCode } from './otel-api.js'
import type { Link, SpanContext, Tracer } from './otel-api.js'

/** Links of one connection whose spans are kept: the current one, and those that a handover has replaced. */
const MOST_LINKS = 4

/** The spans of one connection that later spans refer to. */
interface ConnectSpansOf {
  latest: SpanContext
  /** Spans of the attempts that succeeded, by the number of the link. */
  readonly links: Map<number, SpanContext>
}

/**
 * Creates a span for each attempt to connect, linked to the attempt before. Attempts are not children of each other, because a connection
 * can live for months.
 */
export class ConnectSpans {
  readonly #tracer: Tracer
  readonly #errorTypes: ErrorTypes
  readonly #connections = new Map<string, ConnectSpansOf>()

  constructor(tracer: Tracer, errorTypes: ErrorTypes) {
    this.#tracer = tracer
    this.#errorTypes = errorTypes
  }

  start(): Stop {
    return listen({
      'holdfast:attempt': (attempt) => this.#attempt(attempt),
      'holdfast:state': ({ connection, to }) => {
        if (to === 'closed') this.#connections.delete(connection)
      },
    })
  }

  /** Returns the link from the span of a message to the attempt that opened its connection, if its span is known. */
  linksOf({ connection, connectionNumber }: ConnectionDiagnostic): Link[] {
    const context = this.#connections.get(connection)?.links.get(connectionNumber)
    return context ? [{ context }] : []
  }

  #attempt(attempt: AttemptDiagnostic): void {
    const { connection, duration, error, connectionNumber } = attempt
    const known = this.#connections.get(connection)
    const end = systemClock.date()
    const attributes = { ...attemptAttributes(attempt, this.#errorTypes), ...serverAttributes(attempt) }
    const span = this.#tracer.startSpan(`connect ${attempt.client}`, {
      kind: SpanKind.CLIENT,
      root: true,
      startTime: end - duration,
      links: known ? [{ context: known.latest }] : [],
      attributes: { ...attributes, 'holdfast.attempt': attempt.attempt },
    })
    if ('error.type' in attributes) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(end)
    const links = known?.links ?? new Map<number, SpanContext>()
    if (!error) keep(links, connectionNumber, span.spanContext())
    this.#connections.set(connection, { latest: span.spanContext(), links })
  }
}

function keep(links: Map<number, SpanContext>, connectionNumber: number, context: SpanContext): void {
  links.set(connectionNumber, context)
  const [oldest] = links.keys()
  if (oldest !== undefined && links.size > MOST_LINKS) links.delete(oldest)
}
