import { expect } from 'chai'
import { DrivenRun } from '../support/lifecycle/driven-run.js'
import { placesOf, runsOf } from '../support/lifecycle/driven-runs.js'
import { MISTAKES } from '../support/lifecycle/mistakes.js'
import { withMutation } from '../support/lifecycle/mutant-driver.js'
import type { Mutation } from '../support/lifecycle/mutant-driver.js'
import { SeededRandom } from '../support/seeded-random.js'
import { isFullVolume } from '../support/test-volume.js'

/** Share of all runs that `npm test` plays, and the seed that selects them: DRIVEN_SEED=7 selects others. */
const SHARE = isFullVolume ? 1 : 1 / 250
const SEED = Number(process.env['DRIVEN_SEED'] ?? 1)

/** Selects a share of the runs, given a seed. */
function chooser(share: number, seed: number): () => boolean {
  const random = new SeededRandom(seed)
  return () => random.chance(share)
}

const withMaxAge = placesOf(true)
const without = placesOf(false)

/** Plays runs of a connection with `maxAge`, shortest first, until one fails. The runs are always the same and must find a mutation. */
async function playSome(): Promise<void> {
  for (const run of runsOf(withMaxAge, true, chooser(1 / 40, 1))) await new DrivenRun(run).play()
}

/** Returns the mistake of the pure machine with this title. */
function mistake(title: string): Mutation {
  const found = MISTAKES.find((each) => each.title === title)
  if (!found) throw new Error(`there is no mistake with the title ${title}`)
  return { step: found.machine.step }
}

const MUTATIONS: readonly (readonly [title: string, mutation: Mutation, message: RegExp])[] = [
  [
    'a step that does not cancel the timeout of @OnOpen',
    mistake('does not cancel the timeout of @OnOpen'),
    /timer/,
  ],
  [
    'a step that does not cancel the delay when it closes',
    mistake('does not cancel the delay when it closes'),
    /timer/,
  ],
  ['a step that forgets the old link in a handover', mistake('forgets the old link in a handover'), /state:/],
  ['a driver that runs an effect before the state is stored', { storesLate: true }, /state in /],
  [
    'a driver that steps a report of a transport in the middle of effects',
    { stepsAtOnce: true },
    /state in /,
  ],
]

describe('A real connection, driven', () => {
  // Most runs create errors whose stacks are never read.
  const { stackTraceLimit } = Error

  before(() => {
    Error.stackTraceLimit = 0
  })

  after(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it('on the way to each key, and with each event there, does what the pure step says, and leaves nothing pending', async function () {
    this.timeout(isFullVolume ? 3_600_000 : 120_000)
    const keys = new Set([...withMaxAge, ...without].map(({ state }) => state.shape.key))
    let runs = 0
    for (const [places, ages] of [[withMaxAge, true] as const, [without, false] as const]) {
      for (const run of runsOf(places, ages, chooser(SHARE, SEED))) {
        await new DrivenRun(run).play()
        runs += 1
      }
    }
    console.log(`      ${keys.size} keys, ${runs} runs`)
    expect(keys.size).to.equal(2_186)
  })

  it('with an unmodified copy of the driver, does the same', async function () {
    this.timeout(60_000)
    await withMutation({}, async () => {
      for (const run of runsOf(withMaxAge, true, chooser(1 / 1_000, SEED))) await new DrivenRun(run).play()
    })
  })

  for (const [title, mutation, message] of MUTATIONS) {
    it(`does not with ${title}`, async function () {
      this.timeout(60_000)
      const failure = await withMutation(mutation, playSome).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(failure).to.be.instanceOf(Error)
      expect((failure as Error).message).to.match(message)
    })
  }
})
