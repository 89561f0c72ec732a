import type { Clock } from '../core/clock.js'

/** Method of a connection that attaches a tap. A registered symbol, so that two copies of the package understand each other. */
export const TAP: unique symbol = Symbol.for('holdfast.tap') as never

/** End of a link, as a tap receives it. */
interface LinkEndFacts {
  /** Close code received; 1006 if there was no close frame. */
  readonly code: number
  readonly reason: string
  /** Close code that this side sent, if it was the first to close. */
  readonly sentCode?: number | undefined
  /** Error because of which the link was lost or abandoned. */
  readonly error?: Error | undefined
}

/** Event of one link that its tap receives. Messages are exactly as on the wire. */
export type LinkEvent =
  | { readonly type: 'send' | 'recv'; readonly link: number; readonly data: string | Uint8Array }
  | { readonly type: 'close'; readonly link: number; readonly end: LinkEndFacts }

/** Event of a connection that its taps receive. A `url` is complete, including credentials. */
export type TapEvent =
  | LinkEvent
  | {
      readonly type: 'open'
      readonly link: number
      readonly url: string | undefined
      readonly protocol: string
    }
  | {
      readonly type: 'fail'
      readonly attempt: number
      readonly url: string | undefined
      readonly error: Error
    }

/** Receives the events of a connection, across all its links. If it throws, it receives no more. */
export type Tap = (event: TapEvent) => void

/** Controls an attached tap. */
export interface TapHandle {
  /** Detaches the tap. */
  stop(): void
  /** Detaches the tap, and logs the reason as a warning of the connection. */
  fail(reason: unknown): void
}

/** Attaches a tap to a connection. It first receives the links that are already open. `create` receives the connection's clock. */
export type AttachTap = (create: (clock: Clock) => Tap) => TapHandle
