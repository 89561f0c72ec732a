import { describeValue } from '../core/describe-value.js'

/** Reads a trace context from the messages of your API. */
export interface MessagePropagation {
  /**
   * Returns the trace context in a message, such as `{ traceparent: '00-…' }`, or `undefined` if there is none. The span of the message
   * becomes a child of the span in it. Called with each message, as the handler receives it. It must be synchronous and must not change
   * the message.
   *
   * The propagator of your SDK reads the fields, by default those of W3C Trace Context and Baggage. Let only servers that you trust
   * choose your trace IDs.
   */
  extract(message: unknown): Readonly<Record<string, string>> | undefined
}

/** Options of {@link HoldfastInstrumentation}. */
export interface HoldfastInstrumentationConfig {
  /**
   * Starts to record when the instrumentation is created. Otherwise, it starts when `enable()` is called, for example by
   * `registerInstrumentations`.
   *
   * @default true
   */
  enabled?: boolean | undefined
  /**
   * Creates spans: for each attempt to connect (`'connections'`), or also for each call to the handler of a message (`'messages'`). A feed
   * with thousands of messages per second creates as many spans, so sample them.
   *
   * @default false
   */
  spans?: 'connections' | 'messages' | false | undefined
  /**
   * Continues the traces of the senders of messages. Needs `spans: 'messages'`.
   *
   * @default undefined
   */
  propagate?: MessagePropagation | undefined
}

/** The options with `enabled` filled in. Without `undefined`, it fits OpenTelemetry's types with `exactOptionalPropertyTypes`, too. */
export type CheckedConfig = HoldfastInstrumentationConfig & { enabled: boolean }

/**
 * Returns the options with `enabled` filled in.
 *
 * @throws TypeError if an option has an invalid value
 */
export function checkConfig(config: HoldfastInstrumentationConfig): CheckedConfig {
  const { spans, propagate, enabled = true } = config
  if (![undefined, false, 'connections', 'messages'].includes(spans))
    throw invalid('spans', "'connections', 'messages', or false", spans)
  if (propagate !== undefined) checkPropagation(propagate, spans)
  return { ...config, enabled }
}

function checkPropagation(propagate: Partial<MessagePropagation> | null, spans: unknown): void {
  if (typeof propagate?.extract !== 'function')
    throw invalid('propagate', 'an object with an extract method', propagate)
  if (spans === 'messages') return
  throw new TypeError(
    "HoldfastInstrumentation cannot propagate without spans for messages. Add spans: 'messages', or remove propagate",
  )
}

function invalid(option: string, expected: string, value: unknown): TypeError {
  return new TypeError(
    `HoldfastInstrumentation has an invalid ${option} option: expected ${expected}, received ${describeValue(value)}`,
  )
}
