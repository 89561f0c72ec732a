import { expect } from 'chai'
import { checkSubscriptions } from '#src/options/validate-subscriptions.js'

const PLACE = 'options.subscriptions'
const subscribe = (topics: readonly unknown[]): unknown => ({ topics })

function mistakes(subscriptions: unknown): string[] {
  return checkSubscriptions(subscriptions, PLACE).map(
    ({ place, cause, fix }) => `${place}: ${cause} | ${fix}`,
  )
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
      [true, `${PLACE}: expected an object, received true | use { subscribe: (topics) => message }`],
      [{}, `${PLACE}.subscribe: is missing | add subscribe: (topics) => message`],
      [
        { subscribe: 'x' },
        `${PLACE}.subscribe: expected a function, received a string | use subscribe: (…) => …`,
      ],
      [{ subscribe, ack: 1 }, `${PLACE}.ack: expected a function, received 1 | use ack: (…) => …`],
      [{ subscribe, acks: 1 }, `${PLACE}.acks: unknown option | did you mean "ack"?`],
      [
        { subscribe, ackTimeout: 0 },
        `${PLACE}.ackTimeout: expected milliseconds from 1 to 2147483647, received 0 | use a number: 10_000`,
      ],
      [{ subscribe, batch: 5 }, `${PLACE}.batch: expected an object, received 5 | use { size, delay }`],
      [
        { subscribe, batch: { size: 0 } },
        `${PLACE}.batch.size: expected a positive integer, received 0 | use 1 or more`,
      ],
      [
        { subscribe, batch: { delay: -1 } },
        `${PLACE}.batch.delay: expected milliseconds from 0 to 2147483647, received -1 | use a number: 10_000`,
      ],
      [{ subscribe, batch: { sise: 1 } }, `${PLACE}.batch.sise: unknown option | did you mean "size"?`],
    ]
    for (const [wrong, expected] of rows) expect(mistakes(wrong)).to.deep.equal([expected])
  })

  for (const name of ['subscribe', 'unsubscribe', 'key', 'ack']) {
    it(`refuses an async ${name}`, () => {
      const [mistake] = mistakes({ subscribe, [name]: async () => 1 })
      expect(mistake).to.contain(`${PLACE}.${name}: must be synchronous`)
    })
  }
})
