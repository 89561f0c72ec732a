import { systemClock } from '../core/clock.js'
import { listen } from '../diagnostics/listen.js'
import type {
  DropDiagnostic,
  FrameDiagnostic,
  HandlerDiagnostic,
  RequestDiagnostic,
} from '../diagnostics/payloads.js'
import { messagingAttributes } from './attributes.js'
import type { ErrorTypes } from './error-types.js'
import { observeCalls } from './handler-calls.js'
import type { CallObserver } from './handler-calls.js'
import { createMessagingInstruments } from './instruments.js'
import { stopAll } from './listening.js'
import type { Stop } from './listening.js'
import type { Meter } from './otel-api.js'

/** Records messages, the calls to their handlers, and requests. */
export function recordMessages(meter: Meter, errorTypes: ErrorTypes): Stop {
  const recorder = new MessagingRecorder(meter, errorTypes)
  return stopAll([
    observeCalls((call) => recorder.begin(call)),
    listen({
      'holdfast:frame': (frame) => recorder.frame(frame),
      'holdfast:drop': (drop) => recorder.drop(drop),
      'holdfast:request': (request) => recorder.request(request),
    }),
  ])
}

class MessagingRecorder {
  readonly #instruments: ReturnType<typeof createMessagingInstruments>
  readonly #errorTypes: ErrorTypes

  constructor(meter: Meter, errorTypes: ErrorTypes) {
    this.#instruments = createMessagingInstruments(meter)
    this.#errorTypes = errorTypes
  }

  begin(call: HandlerDiagnostic): CallObserver {
    const start = systemClock.now()
    return {
      run: (handler) => handler(),
      end: () =>
        this.#instruments.processDuration.record((systemClock.now() - start) / 1_000, {
          ...messagingAttributes(call, 'process'),
          'holdfast.handler': call.handler,
          ...this.#errorTypes.attributes(call.error),
        }),
    }
  }

  frame(frame: FrameDiagnostic): void {
    if (frame.type !== 'text' && frame.type !== 'binary') return
    const { consumed, sent } = this.#instruments
    if (frame.direction === 'receive') consumed.add(1, messagingAttributes(frame, 'receive'))
    else sent.add(1, messagingAttributes(frame, 'send'))
  }

  /** Counts messages that failed to be sent, as the conventions require. */
  drop(drop: DropDiagnostic): void {
    if (drop.reason !== 'outbox' && drop.reason !== 'unsent') return
    const failure = { 'error.type': 'HOLDFAST_MESSAGE_DROPPED' }
    this.#instruments.sent.add(drop.count, { ...messagingAttributes(drop, 'send'), ...failure })
  }

  request(request: RequestDiagnostic): void {
    this.#instruments.operationDuration.record(request.duration / 1_000, {
      ...messagingAttributes(request, 'request'),
      ...this.#errorTypes.attributes(request.error),
    })
  }
}
