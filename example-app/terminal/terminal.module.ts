import { Module } from 'holdfast'
import { Tally } from './tally.js'
import { Terminal } from './terminal.js'

/** Where all that is shown goes. The first to be made, so the last to be disposed of: the tally has the last word. */
@Module({ providers: [Terminal, Tally] })
export class TerminalModule {}
