import { expect } from 'chai'
import { checkTransition } from '#src/session/state.js'
import type { Status } from '#src/session/state.js'

const ALL: readonly Status[] = ['connecting', 'open', 'waiting', 'closing', 'closed']

/** The drawing of the machine, once more and by hand: from (rows) to (columns, in the order of ALL). */
const DRAWING: Readonly<Record<Status, string>> = {
  connecting: '. open waiting closing .',
  open: '. . waiting closing .',
  waiting: 'connecting . . closing .',
  closing: '. . . . closed',
  closed: '. . . . .',
}

describe('checkTransition', () => {
  for (const from of ALL) {
    const ways = DRAWING[from].split(' ')
    for (const [index, to] of ALL.entries()) {
      if (ways[index] === to) {
        it(`lets ${from} become ${to}`, () => {
          expect(() => checkTransition(from, to)).not.to.throw()
        })
      } else {
        it(`never lets ${from} become ${to}`, () => {
          expect(() => checkTransition(from, to)).to.throw(`no way leads from ${from} to ${to}`)
        })
      }
    }
  }
})
