import 'reflect-metadata'

// Standard decorators are given metadata to record on only where this symbol exists, and no Node has it yet.
;(Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata')
