export { Sequence } from './sequence.js'
export type { SequenceDuplicate, SequenceGap, SequenceOptions, SequenceVerdict } from './sequence.js'
export type { SequenceNumber } from './numbers.js'
export type { RolloverOptions } from './rollover.js'
