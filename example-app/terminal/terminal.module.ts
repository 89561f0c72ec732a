import { Module } from 'holdfast'
import { Tally } from './tally.js'
import { Terminal } from './terminal.js'

/** Provides the output. It is created first and disposed of last, so the tally writes the last lines. */
@Module({ providers: [Terminal, Tally] })
export class TerminalModule {}
