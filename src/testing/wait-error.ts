import { describeValue } from '../core/describe-value.js'
import { excerptOf } from '../core/error-text.js'

/** Reason why a wait on a fake clock cannot succeed. */
export const STUCK = 'no timer is pending, so nothing more happens until the test acts'

/** Maximum number of characters of a message in an error. */
const EXCERPT = 100
/** Maximum number of messages or attempts in an error. */
export const LISTED = 10

/** Returns the reason for a wait that took too long. */
export function timeoutText(within: number): string {
  return `${within} ms have passed`
}

/** Returns why there can be no connection with this number; `undefined` if there can be one. */
export function numberMistake(number: number): string | undefined {
  return Number.isInteger(number) && number > 0 ? undefined : 'connections are numbered from 1'
}

/** Returns the error for a wait that failed: the awaited fact, the reason, and the events that happened instead. */
export function waitError(fact: string, reason: string, instead: string): Error {
  return new Error(`Stopped waiting for ${fact}: ${reason}. ${instead}`)
}

/** Describes a value that is not the one awaited. */
export function describeResult(value: unknown): string {
  if (value === '') return '""'
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : describeValue(value)
}

/** Lists messages that have been received. */
export function describeMessages(messages: readonly (string | Uint8Array)[]): string {
  if (messages.length === 0) return 'The client has sent no message'
  const latest = messages.slice(-LISTED).map(describeMessage).join(', ')
  const which = messages.length > LISTED ? `the last ${LISTED} of ${messages.length}` : `${messages.length}`
  return `Received from the client (${which}): ${latest}`
}

function describeMessage(data: string | Uint8Array): string {
  return typeof data === 'string' ? `'${excerptOf(data, EXCERPT)}'` : `${data.length} bytes`
}
