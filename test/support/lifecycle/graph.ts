import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { phaseOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { describeEvent, isCall } from './all-events.js'
import { Violation, hold } from './world.js'
import type { LifecycleWorld } from './world.js'

/** An event that has an effect. */
export interface Edge {
  readonly event: LifecycleEvent
  readonly answer: LifecycleStep
  readonly to: Node
}

/** A key, together with the relevant history of its links. */
export interface Node {
  readonly key: string
  readonly state: LifecycleState
  readonly world: LifecycleWorld
  readonly edges: Edge[]
  readonly before: { readonly node: Node; readonly event: LifecycleEvent } | undefined
  readonly depth: number
}

/** Returns the shortest path to a node as a list of events. */
export function wayTo({ before }: Node): readonly string[] {
  return before ? [...wayTo(before.node), describeEvent(before.node.state, before.event)] : []
}

/** Checks that closing continues from a node even if no handler ever settles and the peer never answers. */
export function checkEnds(node: Node): void {
  if (node.state.shape.status !== 'closing') return
  hold(
    10,
    node.edges.some((edge) => isCertain(node, edge)),
    `closing is stuck in ${node.key}`,
  )
}

/**
 * Checks that the end can be reached from every node, and that closing never loops.
 *
 * @returns the maximum number of events from the start of closing to its end, without calls of the user
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

/** Returns true for an event that is certain to happen: timers fire, and a terminated socket reports its end. */
function isCertain({ state }: Node, { event }: Edge): boolean {
  return event.type === 'timerFired' || (event.type === 'linkLost' && phaseOf(state, event.link) === 'cut')
}

const ON_THE_WAY = -1

/** Returns the length of the longest path to the end without calls of the user. */
function countSteps(node: Node, steps: Map<Node, number>): number {
  const known = steps.get(node)
  if (known === ON_THE_WAY) throw new Violation(10, `closing loops at ${node.key}`)
  if (known !== undefined) return known
  steps.set(node, ON_THE_WAY)
  let longest = 0
  for (const { event, to } of node.edges) {
    if (!isCall(event)) longest = Math.max(longest, 1 + countSteps(to, steps))
  }
  steps.set(node, longest)
  return longest
}
