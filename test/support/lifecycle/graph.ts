import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { phaseOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { describeEvent, isCall } from './all-events.js'
import { Violation, hold } from './world.js'
import type { LifecycleWorld } from './world.js'

/** An event that does something. */
export interface Edge {
  readonly event: LifecycleEvent
  readonly answer: LifecycleStep
  readonly to: Node
}

/** A key, and everything that the past of its links adds to it. */
export interface Node {
  readonly key: string
  readonly state: LifecycleState
  readonly world: LifecycleWorld
  readonly edges: Edge[]
  readonly before: { readonly node: Node; readonly event: LifecycleEvent } | undefined
  readonly depth: number
}

/** Returns the shortest way to a node, one event an item. */
export function wayTo({ before }: Node): readonly string[] {
  return before ? [...wayTo(before.node), describeEvent(before.node.state, before.event)] : []
}

/** Holds that closing goes on from a node although no handler ever settles and the peer never answers. */
export function checkEnds(node: Node): void {
  if (node.state.shape.status !== 'closing') return
  hold(
    10,
    node.edges.some((edge) => isCertain(node, edge)),
    `closing hangs in ${node.key}`,
  )
}

/**
 * Holds that the end can be reached from everywhere, and that closing never goes round in a circle.
 *
 * @returns the highest number of events from the beginning of closing to its end, calls of the user not counted
 */
export function checkProgress(nodes: readonly Node[]): number {
  checkReachable(nodes)
  const steps = new Map<Node, number>()
  for (const node of nodes) if (node.state.shape.status === 'closing') countSteps(node, steps)
  return Math.max(0, ...steps.values())
}

function checkReachable(nodes: readonly Node[]): void {
  const sources = new Map<Node, Node[]>()
  for (const node of nodes) {
    for (const { to } of node.edges) {
      const known = sources.get(to)
      if (known) known.push(node)
      else sources.set(to, [node])
    }
  }
  const reached = new Set(nodes.filter(({ state }) => state.shape.status === 'closed'))
  for (const node of reached) for (const source of sources.get(node) ?? []) reached.add(source)
  const stuck = nodes.find((node) => !reached.has(node))
  hold(10, stuck === undefined, `closed cannot be reached from ${stuck?.key ?? ''}`)
}

/** Timers fire, and a terminated socket reports its end. */
function isCertain({ state }: Node, { event }: Edge): boolean {
  return event.type === 'timerFired' || (event.type === 'linkLost' && phaseOf(state, event.link) === 'cut')
}

const ON_THE_WAY = -1

/** Returns the length of the longest way to the end without a call of a user. */
function countSteps(node: Node, steps: Map<Node, number>): number {
  const known = steps.get(node)
  if (known === ON_THE_WAY) throw new Violation(10, `closing goes round in a circle at ${node.key}`)
  if (known !== undefined) return known
  steps.set(node, ON_THE_WAY)
  let longest = 0
  for (const { event, to } of node.edges) {
    if (!isCall(event)) longest = Math.max(longest, 1 + countSteps(to, steps))
  }
  steps.set(node, longest)
  return longest
}
