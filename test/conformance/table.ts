import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { ConformanceCase, Outcome } from './case.js'
import type { ReceivingClient } from './clients.js'
import { deliveriesOf, expectedOf } from './deliveries.js'
import type { Delivery } from './deliveries.js'
import { startStage } from './stage.js'
import { SeededRandom } from '../support/seeded-random.js'

/** Number of cases to play at a time, because each of them spends most of its turns waiting. */
const AT_A_TIME = 12

/** Results of a client for each case in each delivery, one line each, to be compared with another client's. */
export class Table {
  readonly client: ReceivingClient
  /** Digests of the outcomes, by case and delivery. */
  readonly lines = new Map<string, string>()
  readonly #random = new SeededRandom(6_455)

  constructor(client: ReceivingClient) {
    this.client = client
  }

  /** Plays cases in all deliveries of each, and checks that each has the expected outcome. */
  async fill(
    cases: Iterable<ConformanceCase>,
    deliveries: (each: ConformanceCase) => readonly Delivery[] = deliveriesOf,
  ): Promise<void> {
    await using stage = await startStage(this.client.scheme)
    const differing: { line: string; actual: Outcome; expected: Outcome }[] = []
    const isStuck = (): boolean => differing.some(({ actual }) => actual.stuck !== undefined)
    for (const each of cases) {
      const left = this.#share(deliveries(each))
      const work = async (): Promise<void> => {
        for (let delivery = left.shift(); delivery && !isStuck(); delivery = left.shift()) {
          const actual = await stage.play(this.client, each, delivery)
          const expected = expectedOf(each, delivery)
          const line = `${each.id}, ${each.title}: ${delivery.name}`
          if (!this.#note(line, actual, expected)) differing.push({ line, actual, expected })
        }
      }
      await Promise.all(Array.from({ length: AT_A_TIME }, work))
      // Every further one would wait for the full time, and the first one is enough.
      if (isStuck()) break
    }
    const [first] = differing
    if (!first) return
    const others = differing.slice(1, 6).map(({ line }) => `\n  also ${line}`)
    const more = differing.length > 6 ? `\n  and ${differing.length - 6} more` : ''
    expect(first.actual, `${this.client.name}: ${first.line}${others.join('')}${more}`).to.deep.equal(
      first.expected,
    )
  }

  /** Returns the deliveries of a case that the client plays. */
  #share(deliveries: readonly Delivery[]): Delivery[] {
    const { share = 1 } = this.client
    return deliveries.filter((_, index) => index === 0 || this.#random.chance(share))
  }

  /** Returns whether the outcome is the expected one. */
  #note(line: string, actual: Outcome, expected: Outcome): boolean {
    const words = inWords(actual)
    this.lines.set(line, createHash('sha1').update(words).digest('base64'))
    return words === inWords(expected)
  }
}

function inWords({ delivered, answered, sent, received, violation, stuck }: Outcome): string {
  return JSON.stringify([delivered, answered, sent, received, violation, stuck])
}
