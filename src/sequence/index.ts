/**
 * Gap detection for numbered messages, and states that are built from a snapshot and changes.
 *
 * @packageDocumentation
 */
export { Sequence } from './sequence.js'
export type { SequenceDuplicate, SequenceGap, SequenceOptions, SequenceResult } from './sequence.js'
export type { SequenceNumber } from './numbers.js'
export type { RolloverOptions } from './rollover.js'
export { SnapshotSync } from './snapshot-sync.js'
export type { SnapshotRetryOptions, SnapshotStartOptions, SnapshotSyncOptions } from './snapshot-sync.js'
export type { SnapshotGap } from './key-sync.js'
