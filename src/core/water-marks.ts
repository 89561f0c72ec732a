/** Messages that an iteration or a request may buffer, unless its own `highWaterMark` says otherwise. */
export const DEFAULT_HIGH_WATER_MARK = 1_024

/** Share of a high-water mark at or below which a full buffer counts as low again. */
export const LOW_WATER_SHARE = 1 / 4

/** Past this many times a high-water mark, reading stops even if a request or a waiter needs the next message. */
export const HARD_LIMIT_FACTOR = 16

/** How full a buffer is: up to its mark, past it until it has come down to a quarter, or past 16 times the mark. */
export type Backlog = 'low' | 'full' | 'overfull'
