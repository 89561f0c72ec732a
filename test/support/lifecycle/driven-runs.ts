import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { ROLES, hasSocket, keyOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import { asks, start, step } from '#src/lifecycle/step.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { CALLS, eventsOf } from './all-events.js'
import { lineOf } from './driven-run.js'
import type { Inside, Run } from './driven-run.js'
import { runsUserCode } from './driver.js'
import { lineOf as effectLine } from './scene.js'

/** A key, the shortest path to it, and the events that have an effect there. */
interface Place {
  readonly state: LifecycleState
  readonly way: readonly LifecycleEvent[]
  readonly turns: readonly Turn[]
}

/** An event that has an effect. */
interface Turn {
  readonly event: LifecycleEvent
  readonly answer: LifecycleStep
}

/** Returns all reachable keys, nearest first. */
export function placesOf(ages: boolean): readonly Place[] {
  const { state } = start({ maxAge: ages })
  const places = new Map<string, Place>([[keyOf(state), { state, way: [], turns: turnsOf(state) }]])
  for (const place of places.values()) {
    for (const { event, answer } of place.turns) {
      const key = keyOf(answer.state)
      if (places.has(key)) continue
      places.set(key, { state: answer.state, way: [...place.way, event], turns: turnsOf(answer.state) })
    }
  }
  return [...places.values()]
}

/** Returns the events that have an effect, without those that differ only in irrelevant facts. */
function turnsOf(state: LifecycleState): readonly Turn[] {
  const seen = new Set<string>()
  return eventsOf(state).flatMap((event) => {
    const answer = step(state, event)
    if (answer.state === state && answer.effects.length === 0) return []
    const name = [event.type, keyOf(answer.state), ...answer.effects.map(effectLine)].join(' ')
    if (seen.has(name)) return []
    seen.add(name)
    return [{ event, answer }]
  })
}

/**
 * Lists all runs. From each key, each event that has an effect happens alone, after a close frame of the peer, and with another event
 * inside each effect that runs user code.
 *
 * @param isChosen called for each run; returns false to skip it
 */
export function* runsOf(
  places: readonly Place[],
  ages: boolean,
  isChosen: () => boolean = () => true,
): Generator<Run> {
  let count = 0
  for (const { state, way, turns } of places) {
    for (const turn of turns) {
      const base = { ages, way, from: state, event: turn.event }
      const variants: readonly Pick<Run, 'inside' | 'isPeerClosing'>[] = [
        { isPeerClosing: true },
        { isPeerClosing: false },
        ...insidesOf(state, turn).map((inside) => ({ inside, isPeerClosing: false })),
      ]
      for (const variant of variants) {
        count += 1
        if (isChosen()) yield { ...base, ...variant, closes: count % 2 === 0 }
      }
    }
  }
}

/** Returns the events that can happen inside each effect: each call of the user, and the end of each socket. */
function insidesOf(from: LifecycleState, { event, answer }: Turn): readonly Inside[] {
  const lines = answer.effects.map((effect) => (runsUserCode(effect) ? lineOf(effect) : undefined))
  const effects = lines.flatMap((line, index) =>
    line === undefined
      ? []
      : [{ line, before: lines.slice(0, index).filter((each) => each === line).length }],
  )
  if (asks(from, event)) effects.push({ line: 'asked', before: 0 })
  return effects.flatMap((effect) => actsIn(answer.state).map((act) => ({ ...effect, event: act })))
}

/** Returns the calls of the user that differ in more than facts, and the ends of the sockets in a state. */
function actsIn(state: LifecycleState): readonly LifecycleEvent[] {
  const calls = CALLS.filter((call) => call.type !== 'reconnect' || call.stable)
  const ends = ROLES.flatMap((role): readonly LifecycleEvent[] => {
    const link = state[role]
    const phase = state.shape[role]?.phase
    if (link === undefined || phase === undefined || !hasSocket(phase)) return []
    return [{ type: 'linkLost', link, retry: true, stable: false }]
  })
  return [...calls, ...ends]
}
