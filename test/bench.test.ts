import { expect } from 'chai'
import { root } from './support/project.js'

interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** The exports of bench/statistics.js, which is JavaScript and not part of the build. */
interface Statistics {
  readonly median: (values: readonly number[]) => number
  readonly quantile: (values: readonly number[], share: number) => number
  readonly summarize: (values: readonly number[]) => Summary
  readonly pairRatios: (
    values: readonly (number | undefined)[],
    base: readonly (number | undefined)[],
  ) => readonly number[]
}

describe("The benchmark's statistics", () => {
  let statistics: Statistics

  before(async () => {
    statistics = (await import(new URL('bench/statistics.js', root).href)) as Statistics
  })

  describe('median', () => {
    it('is the middle value, regardless of the order', () => {
      expect(statistics.median([9, 1, 100])).to.equal(9)
    })

    it('is the mean of the two middle values if the count is even', () => {
      expect(statistics.median([4, 1, 2, 10])).to.equal(3)
    })

    it('sorts its values numerically', () => {
      expect(statistics.median([10, 9, 100])).to.equal(10)
    })

    it('throws for an empty array', () => {
      expect(() => statistics.median([])).to.throw(RangeError)
    })
  })

  describe('quantile', () => {
    it('interpolates between neighbors', () => {
      expect(statistics.quantile([0, 10, 20, 30, 40], 0.99)).to.be.closeTo(39.6, 1e-9)
    })

    it('returns the smallest value for 0 and the largest for 1', () => {
      expect([0, 1].map((share) => statistics.quantile([3, 1, 2], share))).to.deep.equal([1, 3])
    })
  })

  describe('summarize', () => {
    it('returns the median, the smallest and the largest value', () => {
      expect(statistics.summarize([2, 3, 1])).to.deep.equal({ median: 2, min: 1, max: 3, runs: 3 })
    })
  })

  describe('pairRatios', () => {
    it('divides round by round, so that a slow round affects both', () => {
      expect(statistics.pairRatios([20, 2, 30], [10, 1, 10])).to.deep.equal([2, 2, 3])
    })

    it('omits a round that either side is missing', () => {
      expect(statistics.pairRatios([20, undefined, 30], [10, 1])).to.deep.equal([2])
    })
  })
})

interface Result {
  readonly count: number
  readonly checksum: number
}

/** Parameters of a benchmark run. */
type Spec = Readonly<Record<string, unknown>>

/** The exports of a module in bench/workloads. */
interface Workload {
  readonly run: (client: unknown, spec: Spec) => Promise<Result>
  readonly check: (result: Result, spec: Spec) => boolean
}

/** Message types, of which the client handles only the first. */
const TYPES = 'ticker,trade,book,candle,status,rate,index,mark,quote,news'

/** Number of messages, more than there are different ones. */
const COUNT = 2_000

/** A client whose server echoes messages, or sends as many messages as requested. */
const PEER = {
  open: () => Promise.resolve({ request: (message: unknown) => Promise.resolve(message) }),

  async select(url: string, type: string, handle: (message: unknown) => void): Promise<unknown> {
    const { blockOf } = (await import(new URL('bench/payloads.js', root).href)) as {
      blockOf: (size: number, types: readonly string[]) => readonly { readonly type: string }[]
    }
    const { searchParams } = new URL(url)
    const messages = blockOf(Number(searchParams.get('size')), searchParams.get('types')?.split(',') ?? [])
    let unwanted = 0
    const flood = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        const message = messages[index % messages.length]
        if (message?.type === type) handle(message)
        else unwanted += 1
      }
    }
    return { send: ({ count }: { count: number }) => flood(count), unwanted: () => unwanted }
  },
}

describe("The benchmark's workloads", () => {
  const specs: Readonly<Record<string, Spec>> = {
    requests: { depth: 8, count: COUNT, warmup: 10 },
    pending: { waiting: 100, count: COUNT, warmup: 100 },
    unwanted: { url: `ws://bench/flood?size=120&types=${TYPES}`, size: 120, count: COUNT, warmup: 10 },
  }
  for (const [name, spec] of Object.entries(specs)) {
    it(`accept a correct run, but not a run with a different count or order: ${name}`, async () => {
      const module = (await import(new URL(`bench/workloads/${name}.js`, root).href)) as Record<
        string,
        Workload
      >
      const workload = module[name]
      const result = await workload?.run(PEER, spec)
      if (!workload || !result) throw new Error('no such workload')
      expect(workload.check(result, spec)).to.equal(true)
      expect(workload.check({ ...result, count: result.count - 1 }, spec)).to.equal(false)
      expect(workload.check({ ...result, checksum: result.checksum ^ 1 }, spec)).to.equal(false)
    })
  }
})
