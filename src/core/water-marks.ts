/** Number of messages that an iteration or a request can buffer, unless its `highWaterMark` option says otherwise. */
export const DEFAULT_HIGH_WATER_MARK = 1_024

/** Share of a high-water mark at or below which a full buffer is treated as low again. */
export const LOW_WATER_SHARE = 1 / 4

/** Multiple of a high-water mark above which reading stops, even if a request or a waiter needs the next message. */
export const HARD_LIMIT_FACTOR = 16

/**
 * Fill level of a buffer: `low` up to its high-water mark, then `full` until it has drained to a quarter, and `overfull` above 16 times the
 * mark.
 */
export type Backlog = 'low' | 'full' | 'overfull'
