// The only file of this room that imports OpenTelemetry. Its API is the peer dependency of this entry; the SDK is up to the application.
export { context, diag, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
export type {
  Attributes,
  BatchObservableResult,
  Context,
  Link,
  Meter,
  MeterProvider,
  SpanContext,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'
