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
  it('name a stream by the type of its key', () => {
    const sequence = new Sequence<number>({
      onGap: ({ stream, from }) => {
        holds<Same<typeof stream, number>>()
        holds<Same<typeof from, SequenceNumber>>()
      },
    })
    sequence.check(1, 1)
    // @ts-expect-error: its keys are numbers
    sequence.check('1', 1)
    // @ts-expect-error: the keys of a plain one are texts
    new Sequence().check(1, 1)
  })

  it('know the state, the change and the key of a sync', () => {
    const sync = new SnapshotSync(options)
    holds<Same<ReturnType<typeof sync.get>, Book | undefined>>()
    // @ts-expect-error: its keys are numbers
    sync.start('1')
    // @ts-expect-error: this is no change
    sync.change(1, { first: 1 })
  })

  it('let apply return the state or nothing, and nothing else', () => {
    const changing: typeof options = { ...options, apply: (book, { first }) => void book.set('a', first) }
    // @ts-expect-error: a promise is no state
    const later: typeof options = { ...options, apply: async (book) => Promise.resolve(book) }
    // @ts-expect-error: a range has two numbers
    const short: typeof options = { ...options, range: ({ first }) => [first] }
    for (const each of [changing, later, short]) new SnapshotSync(each)
  })
})
