import { frameChannel } from './channels.js'
import { hidden } from './hidden.js'
import type { DiagnosticSource, FrameDiagnostic } from './payloads.js'
import { previewOf } from './secrets.js'

type Direction = FrameDiagnostic['direction']

/** Publishes a message. Call it only while the channel has subscribers. */
export function publishMessageFrame(
  source: DiagnosticSource,
  direction: Direction,
  data: string | Uint8Array,
  bytes = sizeOf(data),
): void {
  const type = typeof data === 'string' ? 'text' : 'binary'
  publish(source, { direction, type, bytes }, data)
}

/** Publishes a ping or a pong. Call it only while the channel has subscribers. */
export function publishPing(
  source: DiagnosticSource,
  direction: Direction,
  type: 'ping' | 'pong',
  data: Uint8Array,
): void {
  publish(source, { direction, type, bytes: data.length }, data)
}

/** Size of the code in a close frame, in bytes. */
const CODE_SIZE = 2

/** Code that stands for a close frame without a code (RFC 6455, section 7.1.5). */
const NO_STATUS = 1005

/** Publishes a close frame. Call it only while the channel has subscribers. */
export function publishCloseFrame(
  source: DiagnosticSource,
  direction: Direction,
  code: number,
  reason: string,
): void {
  const hasCode = code !== NO_STATUS
  const text = hasCode ? `${code} ${reason}`.trim() : ''
  const bytes = hasCode ? CODE_SIZE + sizeOf(reason) : 0
  publish(source, { direction, type: 'close', bytes }, text)
}

/** Returns the number of bytes of a payload. */
export function sizeOf(data: string | Uint8Array): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.length
}

function publish(
  { facts }: DiagnosticSource,
  frame: Pick<FrameDiagnostic, 'direction' | 'type' | 'bytes'>,
  payload: string | Uint8Array,
): void {
  const preview = (): string => (typeof payload === 'string' ? previewOf(payload) : '')
  frameChannel.publish(hidden({ ...facts, ...frame }, 'preview', preview))
}
