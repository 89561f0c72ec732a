// Mocha's spec reporter, closed by one plain line: "N passed, N failed, N skipped".
// MOCHA_LABEL=node26 puts one word with a colon before it.
import Mocha from 'mocha'

const { EVENT_RUN_BEGIN, EVENT_RUN_END } = Mocha.Runner.constants

export default class CiReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const label = process.env['MOCHA_LABEL']
    const close = (failed) => {
      const { passes = 0, pending = 0 } = this.stats ?? {}
      process.stdout.write(
        `${label ? `${label}: ` : ''}${passes} passed, ${failed} failed, ${pending} skipped\n`,
      )
    }
    let hasBegun = false
    let hasEnded = false
    runner.once(EVENT_RUN_BEGIN, () => {
      hasBegun = true
    })
    runner.once(EVENT_RUN_END, () => {
      hasEnded = true
      close(this.stats?.failures ?? 0)
    })
    // A test that calls process.exit() would otherwise end the run early, with exit code 0.
    process.once('exit', () => {
      if (!hasBegun || hasEnded) return
      close((this.stats?.failures ?? 0) + 1)
      process.exitCode ||= 1
    })
  }
}
