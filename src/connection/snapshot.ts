import { redactUrl } from '../core/url.js'
import { describeError } from '../diagnostics/described-error.js'
import type { ConnectionSnapshot } from '../diagnostics/live-connections.js'
import { withoutSecrets } from '../diagnostics/secrets.js'
import type { ConnectionParts } from './connection-parts.js'

/** Returns the state of a connection and its numbers at this moment. Changes nothing. */
export function snapshotOf(parts: ConnectionParts): ConnectionSnapshot {
  const { facts, holder, hub, links, listener, settings } = parts
  const { clock } = settings
  const dateOf = (time: number): number => clock.date() - (clock.now() - time)
  const since = dateOf(holder.since)
  const { state } = holder
  const sessions = links.openSessions
  const { lastSeen, current } = links
  return {
    ...facts,
    status: state.status,
    since,
    nextAttempt:
      state.status === 'waiting'
        ? { at: since + state.delay, attempt: state.attempt, error: describeError(state.cause) }
        : undefined,
    url: links.url === undefined ? undefined : withoutSecrets(redactUrl(links.url)),
    queuedMessages: sum(sessions.map(({ link }) => link.readFlowIfAny?.messages ?? 0)),
    isPaused: sessions.some(({ link }) => link.readSince === Infinity),
    outboxMessages: hub.outbox.size,
    bufferedAmount: sum(sessions.map(({ link }) => link.transport.bufferedAmount)) + hub.outbox.bytes,
    pendingRequests:
      sum(sessions.map(({ pendingRequests }) => pendingRequests)) + (hub.takersIfAny?.waitingRequests ?? 0),
    latency: current?.link.heartbeat.latency,
    lastSeen: lastSeen === undefined ? undefined : dateOf(lastSeen),
    stats: hub.stats,
    handlers: listener?.handlers ?? [],
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
