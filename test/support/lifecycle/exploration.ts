import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { ROLES, keyOf, roleOf, timerOf } from '#src/lifecycle/state.js'
import type { LifecycleState, LinkName, LinkTimer } from '#src/lifecycle/state.js'
import { asks, resetsCounts, start, step } from '#src/lifecycle/step.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { byRole, describeEvent, eventsOf } from './all-events.js'
import { checkAnswer, checkState } from './invariants.js'
import { checkEnds, checkProgress, wayTo } from './graph.js'
import type { Node } from './graph.js'
import { LifecycleWorld, hold } from './world.js'

/** The functions to explore. Tests add mistakes to them. */
export interface Machine {
  readonly start: typeof start
  readonly step: typeof step
  readonly asks: typeof asks
  readonly keyOf: typeof keyOf
}

export const MACHINE: Machine = { start, step, asks, keyOf }

export interface Exploration {
  readonly nodes: readonly Node[]
  readonly keys: number
  /** Number of pairs of key and event. */
  readonly pairs: number
  /** Number of pairs that change the state or have effects. */
  readonly transitions: number
  /** Number of events on the shortest path to the farthest key. */
  readonly depth: number
  /** Maximum number of events from the start of closing to its end, without calls of the user. */
  readonly closingSteps: number
}

/** Explores all events from all reachable keys until nothing new is found, and checks every invariant. */
export function explore(machine: Machine, options: { readonly maxAge: boolean }): Exploration {
  return new Explorer(machine).run(options)
}

class Explorer {
  readonly #machine: Machine
  readonly #nodes = new Map<string, Node>()
  /** The first node of each key. */
  readonly #keys = new Map<string, Node>()
  /** Keys with two states that have been compared. */
  readonly #compared = new Set<string>()
  #pairs = 0
  #transitions = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  run(options: { readonly maxAge: boolean }): Exploration {
    const { state, effects } = this.#machine.start(options)
    const world = new LifecycleWorld()
    for (const effect of effects) world.run(effect)
    checkState(state, world)
    this.#note(state, world, undefined)
    for (const node of this.#nodes.values()) {
      this.#each(node, (event) => this.#visit(node, event))
      checkEnds(node)
    }
    const nodes = [...this.#nodes.values()]
    return {
      nodes,
      keys: this.#keys.size,
      pairs: this.#pairs,
      transitions: this.#transitions,
      depth: Math.max(...[...this.#keys.values()].map((node) => node.depth)),
      closingSteps: checkProgress(nodes),
    }
  }

  #note(state: LifecycleState, world: LifecycleWorld, before: Node['before']): Node {
    const key = this.#machine.keyOf(state)
    const first = this.#keys.get(key)
    if (first && !this.#compared.has(key) && !hasSameNames(first.state, state)) {
      this.#compared.add(key)
      this.#each(first, (event) => this.#compare(first.state, state, event))
    }
    const name = `${key} # ${world.historyOf(state)}`
    const known = this.#nodes.get(name)
    if (known) return known
    const node: Node = { key, state, world, edges: [], before, depth: before ? before.node.depth + 1 : 0 }
    this.#nodes.set(name, node)
    if (!first) this.#keys.set(key, node)
    return node
  }

  /** Calls a function with every event of a node. An error contains the path to that node. */
  #each(node: Node, visit: (event: LifecycleEvent) => void): void {
    for (const event of eventsOf(node.state)) {
      try {
        visit(event)
      } catch (thrown) {
        const way = [...wayTo(node), describeEvent(node.state, event)]
        if (thrown instanceof Error) thrown.message += `\n  in ${node.key}\n  after ${way.join('\n        ')}`
        throw thrown
      }
    }
  }

  #visit(node: Node, event: LifecycleEvent): void {
    const answer = this.#machine.step(node.state, event)
    const { state, effects } = answer
    checkAnswer(node.state, event, answer)
    this.#checkFacts(node.state, event, answer)
    const isEffective = state !== node.state || effects.length > 0
    if (this.#keys.get(node.key) === node) {
      this.#pairs += 1
      if (isEffective) this.#transitions += 1
    }
    if (!isEffective) return
    const world = node.world.copy()
    hold(11, world.happens(event), 'an event that cannot happen has an effect')
    for (const effect of effects) world.run(effect)
    world.forget(state)
    checkState(state, world)
    node.edges.push({ event, answer, to: this.#note(state, world, { node, event }) })
  }

  /** Checks that the fact `retry` changes the answer if and only if `asks` returns true. */
  #checkFacts(state: LifecycleState, event: LifecycleEvent, answer: LifecycleStep): void {
    if (!('retry' in event) || !event.retry) return
    const other = this.#machine.step(state, { ...event, retry: false })
    const isSame = answersAlike(state, answer, state, other)
    hold(13, isSame !== this.#machine.asks(state, event), `retry ${isSame ? 'changes nothing' : 'matters'}`)
    if (isSame) return
    const isReset = answer.effects.some(({ type }) => type === 'forgive')
    hold(13, isReset === resetsCounts(state, event), 'resetsCounts disagrees with the step')
  }

  #compare(state: LifecycleState, twin: LifecycleState, event: LifecycleEvent): void {
    const answer = this.#machine.step(state, event)
    const other = this.#machine.step(twin, translated(state, twin, event))
    hold(12, answersAlike(state, answer, twin, other), 'two states of one key answer differently')
  }
}

function hasSameNames(one: LifecycleState, other: LifecycleState): boolean {
  return one.lastLink === other.lastLink && ROLES.every((role) => one[role] === other[role])
}

/** Returns an event with the links of one state replaced by those of another one, role by role. */
function translated(from: LifecycleState, to: LifecycleState, event: LifecycleEvent): LifecycleEvent {
  const rename = (link: LinkName): LinkName => {
    const role = roleOf(from, link)
    return (role && to[role]) ?? link
  }
  if (event.type === 'timerFired') {
    const [kind, link] = event.timer.split(':')
    const timer = link === undefined ? event.timer : timerOf(kind as LinkTimer, rename(Number(link)))
    return { ...event, timer }
  }
  return 'link' in event ? { ...event, link: rename(event.link) } : event
}

function answersAlike(
  before: LifecycleState,
  answer: LifecycleStep,
  otherBefore: LifecycleState,
  other: LifecycleStep,
): boolean {
  const { effects } = answer
  return (
    answer.refused === other.refused &&
    keyOf(answer.state) === keyOf(other.state) &&
    ROLES.every((role) => isSameLink(before, answer.state[role], otherBefore, other.state[role])) &&
    answer.state.lastLink - before.lastLink === other.state.lastLink - otherBefore.lastLink &&
    effects.length === other.effects.length &&
    effects.every((effect, index) => isSameEffect(before, effect, otherBefore, other.effects[index]))
  )
}

function isSameEffect(
  before: LifecycleState,
  effect: LifecycleEffect,
  otherBefore: LifecycleState,
  other: LifecycleEffect | undefined,
): boolean {
  if (effect.type !== other?.type) return false
  const facts = Object.entries(effect)
  const others: Readonly<Record<string, unknown>> = { ...other }
  return facts.every(([name, value]) =>
    name === 'link'
      ? isSameLink(before, value as LinkName, otherBefore, others[name] as LinkName)
      : name === 'timer'
        ? byRole(before, String(value)) === byRole(otherBefore, String(others[name]))
        : value === others[name],
  )
}

function isSameLink(
  before: LifecycleState,
  link: LinkName | undefined,
  otherBefore: LifecycleState,
  other: LinkName | undefined,
): boolean {
  if (link === undefined || other === undefined) return link === other
  const role = roleOf(before, link)
  return (
    role === roleOf(otherBefore, other) &&
    (role !== undefined || link - before.lastLink === other - otherBefore.lastLink)
  )
}
