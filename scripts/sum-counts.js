// Sums up the closing lines of test runs, "N passed, N failed, N skipped", out of the logs that are its arguments, and exits with 1 if
// anything failed. A log without such a line is that of a run which was killed, and counts as one failure.
import { readFileSync } from 'node:fs'

const total = [0, 0, 0]
for (const log of process.argv.slice(2)) {
  const lines = [...readFileSync(log, 'utf8').matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)]
  const [, ...counts] = lines.at(-1) ?? ['', 0, 1, 0]
  for (const [index, count] of counts.entries()) total[index] += Number(count)
}
const [passed, failed, skipped] = total
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0
