import { expect } from 'chai'
import { checkSubscriptions } from '#src/options/validate-subscriptions.js'

const PLACE = 'options.subscriptions'
const subscribe = (topics: readonly unknown[]): unknown => ({ topics })

function mistakes(subscriptions: unknown): string[] {
  return checkSubscriptions(subscriptions, PLACE).map(({ place, cause, fix }) => `${place} ${cause}: ${fix}`)
}

describe('checkSubscriptions', () => {
  it('takes what fits', () => {
    const all = { subscribe, unsubscribe: subscribe, key: String, ack: () => undefined, ackTimeout: 1 }
    for (const right of [{ subscribe }, all]) {
      for (const batch of [undefined, {}, { size: 1, delay: 0 }, { size: Infinity, delay: 1_000 }])
        expect(mistakes({ ...right, batch })).to.deep.equal([])
    }
  })

  it('tells what does not, with place, cause and fix', () => {
    const rows: [unknown, string][] = [
      [true, `${PLACE} is true: give { subscribe: (topics) => message }`],
      [{}, `${PLACE}.subscribe is missing: write subscribe: (topics) => message`],
      [{ subscribe: 'x' }, `${PLACE}.subscribe is a string, not a function: write subscribe: (…) => …`],
      [{ subscribe, ack: 1 }, `${PLACE}.ack is 1, not a function: write ack: (…) => …`],
      [{ subscribe, acks: 1 }, `${PLACE}.acks is no option: did you mean ack?`],
      [{ subscribe, ackTimeout: 0 }, `${PLACE}.ackTimeout is 0: give milliseconds, from 1 to 2147483647`],
      [{ subscribe, batch: 5 }, `${PLACE}.batch is 5: give { size, delay }`],
      [{ subscribe, batch: { size: 0 } }, `${PLACE}.batch.size is 0: give a whole number from 1`],
      [
        { subscribe, batch: { delay: -1 } },
        `${PLACE}.batch.delay is -1: give milliseconds, from 0 to 2147483647`,
      ],
      [{ subscribe, batch: { sise: 1 } }, `${PLACE}.batch.sise is no option: did you mean size?`],
    ]
    for (const [wrong, told] of rows) expect(mistakes(wrong)).to.deep.equal([told])
  })

  for (const name of ['subscribe', 'unsubscribe', 'key', 'ack']) {
    it(`refuses an async ${name}`, () => {
      const [told] = mistakes({ subscribe, [name]: async () => 1 })
      expect(told).to.match(new RegExp(`^${PLACE}.${name} is an async function`.replaceAll('.', '\\.')))
    })
  }
})
