// Case 18. Bittrex/bittrex.github.io #240. Sequence numbers roll over from the highest back to 1. Expected: the stream continues, with at most one
// report.
import { Sequence } from 'holdfast/sequence'
import { check, end } from './support.mjs'

const NUMBERS = [65_533, 65_534, 65_535, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]
const run = (options, before = () => undefined, numbers = NUMBERS) => {
  const gaps = []
  const sequence = new Sequence({ onGap: ({ from, to }) => gaps.push(`${from}-${to}`), ...options })
  const verdicts = []
  for (const number of numbers) {
    before(sequence, number)
    verdicts.push(sequence.check('depth', number))
  }
  return { verdicts, gaps }
}
const rollover = { highest: 65_535, lowest: 1 }
for (const window of [0, 10]) {
  const { verdicts, gaps } = run({ window, rollover })
  const isFine = verdicts.every((verdict) => verdict === 'ok') && gaps.length === 0
  check(
    isFine,
    `rollover, window ${window}: ${[...new Set(verdicts)].join()}; onGap: ${gaps.join() || 'never'}`,
  )
}
const lossy = NUMBERS.filter((number) => number !== 65_535 && number !== 1)
const { gaps } = run({ window: 0, rollover }, undefined, lossy)
check(gaps.join() === '65535-1', `numbers lost across the rollover are one gap: ${gaps.join()}`)

// The other kind of server starts again from 1, whatever its number was.
const again = (sequence, number) => number === 1 && sequence.restart('depth')
for (const window of [0, 10]) {
  const { verdicts, gaps } = run({ window }, again, [500, 501, 502, ...NUMBERS.slice(3)])
  const isFine = verdicts.every((verdict) => verdict === 'ok') && gaps.length === 0
  check(isFine, `restart at the number 1, window ${window}: ${[...new Set(verdicts)].join()}`)
}
end()
