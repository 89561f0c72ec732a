import { expect } from 'chai'
import type { ConformanceCase, Outcome } from './case.js'
import type { ReceivingClient } from './clients.js'
import { deliveriesOf, expectedOf } from './deliveries.js'
import type { Delivery } from './deliveries.js'
import { startStage } from './stage.js'

/** So many are played at a time: each of them spends most of its turns waiting. */
const AT_A_TIME = 12

/** Plays cases in all deliveries of each, and checks that each has the outcome that the case says. */
export async function expectTable(
  client: ReceivingClient,
  cases: Iterable<ConformanceCase>,
  deliveries: (each: ConformanceCase) => readonly Delivery[] = deliveriesOf,
): Promise<void> {
  await using stage = await startStage()
  const differing: { line: string; actual: Outcome; expected: Outcome }[] = []
  const isStuck = (): boolean => differing.some(({ actual }) => actual.stuck !== undefined)
  for (const each of cases) {
    const left = [...deliveries(each)]
    const work = async (): Promise<void> => {
      for (let delivery = left.shift(); delivery && !isStuck(); delivery = left.shift()) {
        const actual = await stage.play(client, each, delivery)
        const expected = expectedOf(each, delivery)
        const line = `${client.name}: ${each.id}, ${each.title}: ${delivery.name}`
        if (!isSame(actual, expected)) differing.push({ line, actual, expected })
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
    // Each would take all patience: the first one tells enough.
    if (isStuck()) break
  }
  const [first] = differing
  if (!first) return
  const others = differing.slice(1, 6).map(({ line }) => `\n  also ${line}`)
  const more = differing.length > 6 ? `\n  and ${differing.length - 6} more` : ''
  expect(first.actual, first.line + others.join('') + more).to.deep.equal(first.expected)
}

function isSame(actual: Outcome, expected: Outcome): boolean {
  return JSON.stringify(inOrder(actual)) === JSON.stringify(inOrder(expected))
}

function inOrder({ delivered, answered, sent, received, violation, stuck }: Outcome): unknown[] {
  return [delivered, answered, sent, received, violation, stuck]
}
