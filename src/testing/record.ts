import type { Writable } from 'node:stream'
import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { redactUrl } from '../core/url.js'
import { HandshakeError } from '../errors/connection-errors.js'
import { TAP } from '../diagnostics/taps.js'
import type { AttachTap, Tap, TapEvent } from '../diagnostics/taps.js'
import type { RecordedEvent } from './recording.js'

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * Changes an event before it is written. If it returns `undefined`, the event is left out. If it throws, the recording ends.
   *
   * @default events are written unchanged
   */
  readonly redact?: ((event: RecordedEvent) => RecordedEvent | undefined) | undefined
  /** Whether to write the query of the URL, which often contains a token. Credentials are never written. @default false */
  readonly query?: boolean | undefined
}

/** Receives each line. A function receives it without a line break, and a stream with one. The recording does not end the stream. */
export type RecordingSink = ((line: string) => void) | Writable

/** Ends the recording. `using stop = record(…)` ends it at the end of the block. */
export interface StopRecording {
  (): void
  /** Ends the recording. */
  [Symbol.dispose](): void
}

/** Maximum number of bytes that may wait in a stream, so that a slow disk does not fill the memory. */
const MAX_WAITING = 64 * 2 ** 20

/**
 * Records all messages of a connection as JSON lines, in wire order and across reconnects, until the returned function is called. The
 * messages include heartbeats, replies, and messages without a handler.
 *
 * If the sink throws, its stream fails, or more than 64 MiB wait in its stream, the recording ends with a warning in the log. The connection
 * is not affected.
 *
 * @param connection the injected `Connection`, before or after it connects, or `client.connection`
 * @param sink a function that receives each line, or a stream
 * @throws TypeError if the arguments are not a connection and a sink
 */
export function record(
  connection: { readonly id: string },
  sink: RecordingSink,
  options: RecordOptions = {},
): StopRecording {
  if (!isTappable(connection))
    throw new TypeError(`record() expects a Connection, received ${describeValue(connection)}`)
  const isFunction = typeof sink === 'function'
  if (!isFunction && typeof (sink as Partial<Writable> | undefined)?.write !== 'function')
    throw new TypeError(
      `record() expects a function or a stream as its sink, received ${describeValue(sink)}`,
    )
  const write = isFunction ? sink : lineWriter(sink)
  const handle = connection[TAP]((clock) => recorder(clock, write, options))
  const fail = (error: Error): void => handle.fail(error)
  if (!isFunction) sink.on('error', fail)
  const stop = (): void => {
    handle.stop()
    if (!isFunction) sink.off('error', fail)
  }
  return Object.assign(stop, { [Symbol.dispose]: stop })
}

function isTappable(connection: object | null | undefined): connection is { [TAP]: AttachTap } {
  return typeof connection === 'object' && connection !== null && TAP in connection
}

/** @throws Error if more than `MAX_WAITING` bytes are waiting in the stream */
function lineWriter(stream: Writable): (line: string) => void {
  return (line) => {
    if (stream.writableLength > MAX_WAITING)
      throw new Error(`more than ${MAX_WAITING / 2 ** 20} MiB are waiting in the stream`)
    stream.write(`${line}\n`)
  }
}

/** Returns a tap that writes events as lines. */
function recorder(
  clock: Clock,
  write: (line: string) => void,
  { redact, query = false }: RecordOptions,
): Tap {
  const start = clock.now()
  return (tapped) => {
    // Seconds, to the microsecond.
    const t = Math.round((clock.now() - start) * 1_000) / 1_000_000
    const event = recordedOf(t, tapped, { clock, query })
    const written = redact ? redact(event) : event
    if (written) write(JSON.stringify(written))
  }
}

function recordedOf(
  t: number,
  event: TapEvent,
  { clock, query }: { readonly clock: Clock; readonly query: boolean },
): RecordedEvent {
  switch (event.type) {
    case 'open': {
      const { type: d, link, protocol } = event
      const date = new Date(clock.date()).toISOString()
      return { t, d, link, url: shownUrl(event.url, query), date, protocol: protocol || undefined }
    }
    case 'close': {
      const { code, reason, sentCode, error } = event.end
      const known = { reason: reason || undefined, sentCode, error: error?.message }
      return { t, d: event.type, link: event.link, code, ...known }
    }
    case 'fail': {
      const { type: d, attempt, url, error } = event
      const status = error instanceof HandshakeError ? error.status : undefined
      return { t, d, attempt, url: shownUrl(url, query), status, error: error.message }
    }
    default: {
      const { type: d, link, data } = event
      return typeof data === 'string' ? { t, d, link, text: data } : { t, d, link, b64: base64Of(data) }
    }
  }
}

function shownUrl(url: string | undefined, query: boolean): string | undefined {
  if (url === undefined) return undefined
  return query ? redactUrl(url) + new URL(url).search : redactUrl(url)
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}
