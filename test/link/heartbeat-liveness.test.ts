import { expect } from 'chai'
import fc from 'fast-check'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { HeartbeatWorld } from '../support/heartbeat-world.js'
import type { Happening, WorldSettings } from '../support/heartbeat-world.js'

const kinds = ['frame', 'part', 'pause', 'resume', 'limit', 'free', 'drain'] as const

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: amountOf('wait', 40) },
  { weight: 1, arbitrary: amountOf('sleep', 120) },
  { weight: 1, arbitrary: amountOf('upload', 500) },
  { weight: 5, arbitrary: fc.constantFrom(...kinds).map((kind) => ({ kind })) },
)

function amountOf(kind: 'wait' | 'sleep' | 'upload', max: number): fc.Arbitrary<Happening> {
  return fc.integer({ min: 1, max }).map((amount) => ({ kind, amount }))
}

/** A style that sends heartbeats, and a peer that answers each of them within the timeout. */
const beating: fc.Arbitrary<WorldSettings> = fc
  .record({
    style: fc.constantFrom('ping' as const, 'message' as const),
    interval: fc.integer({ min: 1, max: 30 }),
    timeout: fc.integer({ min: 1, max: 30 }),
    shares: fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 4 }),
    isLate: fc.boolean(),
  })
  .map(({ style, interval, timeout, shares, ...rest }) => {
    const heartbeat: HeartbeatSettings =
      style === 'ping' ? { style, interval, timeout } : { style, interval, timeout, message: () => 'beat' }
    const delays = shares.map((share) => Math.floor(share * timeout))
    return { heartbeat, delays, patience: interval + timeout - 1, ...rest }
  })

const listening: fc.Arbitrary<WorldSettings> = fc.integer({ min: 2, max: 40 }).map((silence) => ({
  heartbeat: { style: 'silence', silence },
  delays: [],
  patience: silence - 1,
  isLate: false,
}))

/**
 * Maximum time until a dead peer is detected: one check more if its last sign of life was only seen by a check. A heartbeat can be early by
 * a twentieth.
 */
function limitOf(heartbeat: HeartbeatSettings): number {
  if (heartbeat.style === 'silence') return 2 * heartbeat.silence
  if (heartbeat.style === 'off') return Infinity
  const look = heartbeat.interval + Math.ceil(heartbeat.interval / 20)
  return look + heartbeat.interval + heartbeat.timeout
}

describe('Liveness', function () {
  this.timeout(60_000)

  it('detects a dead peer within interval + timeout after its last sign of life if nothing delays the check', async () => {
    await fc.assert(
      fc.asyncProperty(beating, fc.integer({ min: 0, max: 100 }), async (world, life) => {
        const link = new HeartbeatWorld(world)
        await link.live([{ kind: 'wait', amount: life }])
        const { interval, timeout } = world.heartbeat as { interval: number; timeout: number }
        const diedAt = await link.die()
        await link.pass(interval + timeout)
        expect(link.deaths).to.have.lengthOf(1)
        expect(link.deaths[0]).to.be.at.least(link.lastSeen + timeout)
        expect(link.deaths[0]).to.be.at.most(diedAt + interval + timeout)
      }),
      { numRuns: 300 },
    )
  })

  for (const [name, settings] of [
    ['that sends', beating],
    ['that only listens', listening],
  ] as const) {
    it(`never terminates a live peer and detects a dead one in time with a heartbeat ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(settings, fc.array(happening, { maxLength: 30 }), async (world, happenings) => {
          const link = new HeartbeatWorld(world)
          await link.live(happenings)
          expect(link.deaths, 'while it was alive').to.deep.equal([])
          const diedAt = await link.die()
          await link.pass(limitOf(world.heartbeat) + 1)
          expect(link.deaths).to.have.lengthOf(1)
          expect(link.deaths[0]).to.be.at.most(diedAt + limitOf(world.heartbeat))
        }),
        { numRuns: 300 },
      )
    })
  }
})
