/* eslint-disable @typescript-eslint/no-unused-vars -- the parameters are looked at by type only */
import { Sequence, SnapshotSync } from 'holdfast/sequence'
import type { SequenceNumber, SnapshotSyncOptions } from 'holdfast/sequence'
import { holds } from './assertions.js'
import type { Same } from './assertions.js'

type Book = Map<string, number>
interface Change {
  readonly first: number
  readonly last: bigint
}

const options: SnapshotSyncOptions<Book, Change, number> = {
  fetch: (key, { signal }) => {
    holds<Same<typeof key, number>>()
    holds<Same<typeof signal, AbortSignal>>()
    return Promise.resolve(new Map())
  },
  number: () => 1n,
  range: ({ first, last }) => [first, last],
  apply: (book) => new Map(book),
}

describe('The types of sequences', () => {
  it("use the key's type for streams", () => {
    const sequence = new Sequence<number>({
      onGap: ({ stream, from }) => {
        holds<Same<typeof stream, number>>()
        holds<Same<typeof from, SequenceNumber>>()
      },
    })
    sequence.check(1, 1)
    // @ts-expect-error: keys are numbers
    sequence.check('1', 1)
    // @ts-expect-error: keys are strings by default
    new Sequence().check(1, 1)
  })

  it('check the state, the change, and the key of a SnapshotSync', () => {
    const sync = new SnapshotSync(options)
    holds<Same<ReturnType<typeof sync.get>, Book | undefined>>()
    // @ts-expect-error: keys are numbers
    sync.start('1')
    // @ts-expect-error: not a change
    sync.change(1, { first: 1 })
  })

  it('accept only the state or nothing as the result of apply', () => {
    const changing: typeof options = { ...options, apply: (book, { first }) => void book.set('a', first) }
    // @ts-expect-error: a promise is not a state
    const later: typeof options = { ...options, apply: async (book) => Promise.resolve(book) }
    // @ts-expect-error: a range has two numbers
    const short: typeof options = { ...options, range: ({ first }) => [first] }
    for (const each of [changing, later, short]) new SnapshotSync(each)
  })
})
