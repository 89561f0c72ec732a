import { channel } from 'node:diagnostics_channel'
import type { Attributes } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { HoldfastInstrumentation } from 'holdfast/opentelemetry'
import type { HoldfastInstrumentationConfig } from 'holdfast/opentelemetry'
import { isThenable } from '#src/core/thenable.js'
import type {
  ConnectionDiagnostic,
  DiagnosticChannels,
  HandlerDiagnostic,
} from '#src/diagnostics/payloads.js'

/** Facts of a connection, as every diagnostic contains them. */
export const FACTS: ConnectionDiagnostic = {
  connection: 'TickerClient#1',
  client: 'Ticker',
  class: 'TickerClient',
  serverAddress: 'feed.example.com',
  serverPort: 443,
  connectionNumber: 1,
}

/** Publishes a diagnostic, as a connection does. */
export function publish<N extends keyof DiagnosticChannels>(
  name: N,
  data: Omit<DiagnosticChannels[N], keyof ConnectionDiagnostic>,
  facts: ConnectionDiagnostic = FACTS,
): void {
  channel(name).publish({ ...facts, ...data })
}

/** The member of a call that only Holdfast itself uses. */
interface Wrapped {
  readonly around?: (run: () => unknown) => unknown
}

/** Calls a handler, and publishes the diagnostics of the call, as a connection does. */
export function callHandler(handler: () => unknown, facts: Partial<HandlerDiagnostic> = {}): unknown {
  const call: HandlerDiagnostic = {
    ...FACTS,
    handler: 'TickerClient#tick',
    kind: 'message',
    event: undefined,
    ...facts,
  }
  const fail = (error: unknown): void => {
    call.error = error as Error
    publishCall('error', call)
  }
  publishCall('start', call)
  try {
    const { around = (run) => run() } = call as Wrapped
    const result = around(handler)
    return isThenable(result) ? settled(result, call, fail) : result
  } catch (error) {
    fail(error)
    return undefined
  } finally {
    publishCall('end', call)
  }
}

function publishCall(event: 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error', call: unknown): void {
  channel(`tracing:holdfast:handler:${event}`).publish(call)
}

async function settled(
  result: PromiseLike<unknown>,
  call: HandlerDiagnostic,
  fail: (error: unknown) => void,
): Promise<void> {
  try {
    await result
  } catch (error) {
    fail(error)
  }
  publishCall('asyncStart', call)
  publishCall('asyncEnd', call)
}

class ManualReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** One value of an instrument, with its attributes. */
export interface Point {
  readonly name: string
  readonly attributes: Attributes
  /** The sum; for a histogram, the sum of its values. */
  readonly value: number
  /** Number of values, only for a histogram. */
  readonly count?: number
}

/** Collects the metrics and the spans of an instrumentation with the real SDK. */
export class Telemetry implements AsyncDisposable {
  readonly exporter = new InMemorySpanExporter()
  readonly instrumentation: HoldfastInstrumentation
  readonly contextManager = new AsyncLocalStorageContextManager().enable()
  readonly #reader = new ManualReader()
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] })
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.exporter)],
  })

  constructor(config: HoldfastInstrumentationConfig = {}) {
    this.instrumentation = this.instrument(config)
  }

  /** Creates an instrumentation, and sets it up as `registerInstrumentations` does. */
  instrument(config: HoldfastInstrumentationConfig = {}): HoldfastInstrumentation {
    const instrumentation = new HoldfastInstrumentation(config)
    instrumentation.setTracerProvider(this.tracerProvider)
    instrumentation.setMeterProvider(this.meterProvider)
    if (!instrumentation.getConfig().enabled) instrumentation.enable()
    return instrumentation
  }

  async metrics(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.#reader.collect()
    if (errors.length > 0) throw new AggregateError(errors)
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
  }

  /** Returns all values of an instrument. */
  async points(name: string): Promise<Point[]> {
    return (await this.metrics()).filter((metric) => metric.descriptor.name === name).flatMap(pointsOf)
  }

  get spans(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.instrumentation.disable()
    await Promise.all([this.meterProvider.shutdown(), this.tracerProvider.shutdown()])
  }
}

/** Returns the values of a metric. */
export function pointsOf(metric: MetricData): Point[] {
  const { name } = metric.descriptor
  if (metric.dataPointType === DataPointType.HISTOGRAM)
    return metric.dataPoints.map(({ attributes, value: { sum = 0, count } }) => ({
      name,
      attributes,
      value: sum,
      count,
    }))
  return metric.dataPoints.map(({ attributes, value }) => ({ name, attributes, value: value as number }))
}

/** Returns the kind of a metric, in the words of the documentation. */
export function kindOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram'
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? 'counter' : 'up-down counter'
}
