import { VERSION } from '../core/version.js'
import { checkConfig } from './config.js'
import type { CheckedConfig, HoldfastInstrumentationConfig } from './config.js'
import { ConnectSpans } from './connect-spans.js'
import { recordConnections } from './connection-metrics.js'
import { ErrorTypes } from './error-types.js'
import { reserve, stopAll } from './listening.js'
import type { Stop } from './listening.js'
import { readLiveConnections } from './live-metrics.js'
import { recordMessages } from './messaging-metrics.js'
import { diag, metrics, trace } from './otel-api.js'
import type { MeterProvider, TracerProvider } from './otel-api.js'
import { ProcessSpans } from './process-spans.js'

/**
 * Records metrics and, if you want, spans of all connections in this process. It fits OpenTelemetry's `Instrumentation` interface, so you
 * can pass it to `NodeSDK` or `registerInstrumentations`. Connections that are already open are recorded, too.
 *
 * Attributes contain the names of clients and handlers, the address and the port of the server, and types of errors. They never contain a
 * URL, a header, a message, or the key of a message.
 *
 *     registerInstrumentations({ instrumentations: [new HoldfastInstrumentation()] })
 */
export class HoldfastInstrumentation {
  /** Name of the instrumentation scope. */
  readonly instrumentationName = 'holdfast/opentelemetry'
  /** Version of Holdfast. */
  readonly instrumentationVersion = VERSION
  #config: CheckedConfig
  #meterProvider: MeterProvider | undefined
  #tracerProvider: TracerProvider | undefined
  #isEnabled = false
  #stopMetrics: Stop | undefined
  #stopSpans: Stop | undefined

  /**
   * Creates an instrumentation, and enables it unless `enabled` is `false`.
   *
   * @throws TypeError if an option has an invalid value
   */
  constructor(config: HoldfastInstrumentationConfig = {}) {
    this.#config = checkConfig(config)
    if (this.#config.enabled) this.enable()
  }

  /**
   * Starts to record to the providers that were set, or else to the global ones. Does nothing if another instrumentation already records to
   * the same provider, because every value would count twice.
   */
  enable(): void {
    this.#isEnabled = true
    this.#stopMetrics ??= this.#startMetrics()
    this.#stopSpans ??= this.#startSpans()
  }

  /** Stops recording, and unsubscribes from everything. */
  disable(): void {
    this.#isEnabled = false
    this.#stopMetrics?.()
    this.#stopSpans?.()
    this.#stopMetrics = this.#stopSpans = undefined
  }

  /** Sets the provider of meters. Metrics are then recorded to it. */
  setMeterProvider(meterProvider: MeterProvider): void {
    this.#meterProvider = meterProvider
    this.#stopMetrics?.()
    this.#stopMetrics = this.#isEnabled ? this.#startMetrics() : undefined
  }

  /** Sets the provider of tracers. New spans are then created by it. */
  setTracerProvider(tracerProvider: TracerProvider): void {
    this.#tracerProvider = tracerProvider
    this.#restartSpans()
  }

  /**
   * Replaces all options. A change of `spans` or `propagate` takes effect at once. A change of `enabled` does not: call `enable()` or
   * `disable()`.
   *
   * @throws TypeError if an option has an invalid value
   */
  setConfig(config: HoldfastInstrumentationConfig): void {
    this.#config = checkConfig(config)
    this.#restartSpans()
  }

  /** Returns the options. `enabled` is the option, and does not change when you call `enable()` or `disable()`. */
  getConfig(): CheckedConfig {
    return this.#config
  }

  #startMetrics(): Stop | undefined {
    const provider = this.#meterProvider ?? metrics.getMeterProvider()
    const release = reserveOrWarn(provider, 'meter')
    if (!release) return undefined
    const meter = provider.getMeter(this.instrumentationName, this.instrumentationVersion)
    const errorTypes = new ErrorTypes()
    return stopAll([
      release,
      recordMessages(meter, errorTypes),
      recordConnections(meter, errorTypes),
      readLiveConnections(meter),
    ])
  }

  #startSpans(): Stop | undefined {
    const { spans, propagate } = this.#config
    if (!spans) return undefined
    const provider = this.#tracerProvider ?? trace.getTracerProvider()
    const release = reserveOrWarn(provider, 'tracer')
    if (!release) return undefined
    const tracer = provider.getTracer(this.instrumentationName, this.instrumentationVersion)
    const errorTypes = new ErrorTypes()
    const connects = new ConnectSpans(tracer, errorTypes)
    const stops = [release, connects.start()]
    if (spans === 'messages') stops.push(new ProcessSpans(tracer, errorTypes, connects, propagate).start())
    return stopAll(stops)
  }

  #restartSpans(): void {
    this.#stopSpans?.()
    this.#stopSpans = this.#isEnabled ? this.#startSpans() : undefined
  }
}

function reserveOrWarn(provider: object, kind: 'meter' | 'tracer'): Stop | undefined {
  const release = reserve(provider)
  if (!release)
    diag.warn(
      `holdfast/opentelemetry: another HoldfastInstrumentation already uses this ${kind} provider. Remove one of them`,
    )
  return release
}
