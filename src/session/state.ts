import type { CloseInfo, Initiator } from '../link/close-code.js'

/**
 * What a connection is doing, and the facts of it.
 *
 *                     ┌────────────── attempt failed ─────────────┐
 *                     ▼                                           │
 *   (start) ──▶ connecting ──── handshake done ────▶ open ─ lost ─┤
 *                  │  ▲                               │           ▼
 *                  │  └───────── delay over, ─────────┼──────── waiting
 *                  │       old connection closed      │           │
 *                  └────────────── close() or no retry left ──────┘
 *                                         ▼
 *                                      closing ──▶ closed
 */
export type ConnectionState =
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'open'; readonly connectionNumber: number; readonly protocol: string }
  | {
      readonly status: 'waiting'
      /** The number that the next attempt will have. */
      readonly attempt: number
      /** How long it waits in all, in milliseconds. */
      readonly delay: number
      /** Why there is something to wait for. */
      readonly cause: Error
    }
  | {
      readonly status: 'closing'
      readonly initiator: Initiator
      readonly code: number
      readonly reason: string
    }
  | { readonly status: 'closed'; readonly close: CloseInfo }

export type Status = ConnectionState['status']

const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  connecting: ['open', 'waiting', 'closing'],
  open: ['waiting', 'closing'],
  waiting: ['connecting', 'closing'],
  closing: ['closed'],
  closed: [],
}

/** Throws unless the machine may go from one state to the other; a throw here is a bug of Holdfast's. */
export function checkTransition(from: Status, to: Status): void {
  if (!TRANSITIONS[from].includes(to)) throw new Error(`Holdfast: no way leads from ${from} to ${to}`)
}

/** What `@OnOpen` is told. */
export interface OpenInfo {
  /** True when this class instance has been open before. */
  readonly isReconnect: boolean
  /** Which physical connection this is, counted from 1. */
  readonly connectionNumber: number
  /** The try that succeeded, counted from 1 and anew after a connection that held for `minUptime`. */
  readonly attempt: number
  /** Which physical connection this one replaces while that still lives: `reconnect({ overlap: true })`, or `maxAge`. */
  readonly replaces?: number
  /** How long there was no connection, in milliseconds; 0 the first time, and in an overlap. */
  readonly downtime: number
  /** The subprotocol that the server chose; `''` where there is none. */
  readonly protocol: string
  /** The headers of the server's answer to the handshake, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Where a failure happened. */
export type Stage =
  'connect' | 'open' | 'decode' | 'validate' | 'handle' | 'encode' | 'send' | 'heartbeat' | 'close'
