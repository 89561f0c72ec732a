import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { ROLES, phaseOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import type { Exploration } from './exploration.js'

/** The events that lead from one place to another. */
type Ways = Map<string, Map<string, Set<string>>>

const STATUSES = ['connecting', 'opening', 'open', 'waiting', 'closing', 'closed']
const PHASES = [
  'dialling',
  'opening',
  'ready',
  'lingering',
  'draining',
  'goodbye',
  'farewell',
  'frame',
  'cut',
  'gone',
  'parting',
  'no more',
]

/** Maximum width of the drawing, without the frame of the comment. */
const WIDTH = 126

/** Draws the explored machine: the statuses of the connection and the phases of a session. */
export function draw({ nodes }: Exploration): readonly (readonly string[])[] {
  const statuses: Ways = new Map()
  const phases: Ways = new Map()
  for (const node of nodes) {
    for (const { event, answer } of node.edges) {
      const { state, effects } = answer
      noteStatuses(statuses, node.state, event, effects)
      notePhases(phases, node.state, event, state)
    }
  }
  return [lines(statuses, STATUSES), lines(phases, PHASES)]
}

function note(ways: Ways, from: string, to: string, event: LifecycleEvent): void {
  const targets = ways.get(from) ?? new Map<string, Set<string>>()
  ways.set(from, targets)
  const events = targets.get(to) ?? new Set()
  targets.set(to, events.add(labelOf(event)))
}

/** Adds the status changes of a step. One step can pass through several: it closes immediately if no session is left. */
function noteStatuses(
  ways: Ways,
  { shape }: LifecycleState,
  event: LifecycleEvent,
  effects: readonly LifecycleEffect[],
): void {
  let from: string = shape.status
  for (const effect of effects) {
    if (effect.type !== 'state') continue
    note(ways, from, effect.status, event)
    from = effect.status
  }
}

function notePhases(ways: Ways, state: LifecycleState, event: LifecycleEvent, next: LifecycleState): void {
  for (const role of ROLES) {
    const link = state[role]
    if (link === undefined) continue
    const before = phaseOf(state, link) ?? ''
    const after = phaseOf(next, link) ?? 'no more'
    if (before !== after) note(ways, before, after, event)
  }
}

function labelOf(event: LifecycleEvent): string {
  if (event.type === 'onOpenSettled') return `onOpenSettled(${event.outcome})`
  if (event.type !== 'timerFired') return event.type
  const [kind = ''] = event.timer.split(':')
  return `timer(${kind})`
}

function lines(ways: Ways, order: readonly string[]): readonly string[] {
  const width = Math.max(...order.map((name) => name.length))
  return order.flatMap((from) => {
    const targets = order.filter((to) => ways.get(from)?.has(to))
    return targets.flatMap((to, index) => {
      const start = index === 0 ? from.padEnd(width) : ' '.repeat(width)
      const branch = branchOf(index, targets.length)
      const events = [...(ways.get(from)?.get(to) ?? [])].sort()
      return wrapped(
        `${start} ${branch}▶ ${to.padEnd(width)} `,
        events,
        branchBelow(index, targets.length, width),
      )
    })
  })
}

function branchOf(index: number, count: number): string {
  if (count === 1) return '───'
  if (index === 0) return '─┬─'
  return index === count - 1 ? ' └─' : ' ├─'
}

/** Returns the start of a continuation line, for events that need more than one line. */
function branchBelow(index: number, count: number, width: number): string {
  const rest = index < count - 1 ? ' │ ' : '   '
  return `${' '.repeat(width)} ${rest}  ${' '.repeat(width)} `
}

function wrapped(head: string, events: readonly string[], below: string): readonly string[] {
  const result = [head]
  for (const event of events) {
    const line = result.at(-1) ?? ''
    if (line.length + 1 + event.length > WIDTH) result.push(`${below} ${event}`)
    else result[result.length - 1] = `${line} ${event}`
  }
  return result.map((line) => line.trimEnd())
}
