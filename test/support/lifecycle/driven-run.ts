import { MessageDroppedError, UnprocessedMessagesError } from 'holdfast'
import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { timersOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import { asks, step } from '#src/lifecycle/step.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { describeEvent, isCall } from './all-events.js'
import { cause, causeAndSettle, settle } from './driven-events.js'
import { DrivenWorld } from './driven-world.js'
import { driveToEnd } from './driven-end.js'
import { PendingThings } from './pending-things.js'
import { LAST_WORDS } from './scripted-transport.js'

/** An event inside an effect: a call of the user, or the end of a socket. */
export interface Inside {
  /** The effect as formatted by `lineOf`. `asked` stands for the call of `shouldReconnect`. */
  readonly line: string
  /** Number of equal lines before it. */
  readonly before: number
  readonly event: LifecycleEvent
}

/** A path to a state, and the event that happens there. */
export interface Run {
  readonly ages: boolean
  readonly way: readonly LifecycleEvent[]
  /** The state at the end of the path. */
  readonly from: LifecycleState
  readonly event: LifecycleEvent
  readonly inside?: Inside
  /** True if close frames of the peer have just arrived on all links, whose sockets have not ended yet. */
  readonly isPeerClosing: boolean
  /** True if the user finally closes the connection; otherwise, its sockets and attempts fail. */
  readonly closes: boolean
}

/** A call that the connection made, and the key of its state at that time. */
interface Seen {
  readonly line: string
  readonly key: string
}

/** Formats an effect as the user sees it; returns `undefined` if it is invisible. */
export function lineOf(effect: LifecycleEffect): string | undefined {
  switch (effect.type) {
    case 'attempt':
    case 'cutAttempt':
    case 'lose':
    case 'onClosing':
    case 'lastWords':
    case 'closeFrame':
    case 'terminate':
    case 'onOpen':
    case 'onClose':
      return `${effect.type} ${effect.link}`
    case 'state':
      return `state ${effect.status}`
    case 'onError':
      return `onError ${effect.stage} ${effect.consequence}`
    case 'ready':
    case 'abortConnection':
    case 'ended':
      return effect.type
    default:
      return undefined
  }
}

/** Drives a real connection along a path, and compares it with the pure step. */
export class DrivenRun {
  readonly #run: Run
  readonly #world: DrivenWorld
  readonly #seen: Seen[] = []
  readonly #wrong: string[] = []
  #awaited: Inside | undefined
  #matches = 0
  /** Number of messages that were reported as dropped. */
  #dropped = 0

  constructor(run: Run) {
    this.#run = run
    this.#world = new DrivenWorld(run.ages, this)
  }

  inside(line: string): void {
    this.#seen.push({ line, key: this.#world.state.shape.key })
    const awaited = this.#awaited
    if (!awaited || awaited.line !== line) return
    this.#matches += 1
    if (this.#matches <= awaited.before) return
    this.#awaited = undefined
    cause(this.#world, awaited.event)
  }

  onReport(error: Error): void {
    if (error instanceof MessageDroppedError) this.#dropped += error.count
    // Ignores handlers that the run did not settle in time.
    else if (!(error instanceof UnprocessedMessagesError)) this.#wrong.push(String(error))
  }

  /** Drives the connection to its end. An error contains the path. */
  async play(): Promise<void> {
    try {
      await this.#play()
      if (this.#wrong.length > 0) throw new Error(this.#wrong.join('\n'))
    } catch (thrown) {
      throw new Error(`${describe(this.#run)}\n${(thrown as Error).message}`, { cause: thrown })
    }
  }

  async #play(): Promise<void> {
    const { way, from, event, inside, isPeerClosing, closes } = this.#run
    const world = this.#world
    world.start()
    const pending = new PendingThings(world.connection, world.lifecycle)
    await settle()
    for (const each of way) await causeAndSettle(world, each)
    pending.renew()
    this.#expectState(from)
    this.#seen.length = 0
    world.refusals.length = 0
    this.#awaited = inside
    if (isPeerClosing) for (const transport of world.transports.values()) transport.isOpen = false
    await causeAndSettle(world, event)
    if (this.#awaited) throw new Error(`${inside?.line} did not happen`)
    this.#compare()
    pending.renew()
    await driveToEnd(world, closes)
    const left = pending.leftovers(world.lastWords, countSent(world), this.#dropped)
    if (left.length > 0) throw new Error(`after the end: ${left.join(', ')}`)
  }

  #expectState(expected: LifecycleState): void {
    const { state, clock } = this.#world
    expectSame('state', show(state), show(expected))
    expectSame('timers', [...clock.names].sort().join(), [...timersOf(expected)].sort().join())
  }

  #compare(): void {
    const { from, event, inside } = this.#run
    const isBefore = inside?.line === 'asked' && isCall(inside.event)
    const [first, ...later] = isBefore ? [inside.event, event] : [event, ...(inside ? [inside.event] : [])]
    const one = step(from, first)
    const steps = [one]
    for (const each of [...later, ...this.#unsaidGoodbyes(one.effects)]) {
      steps.push(step(steps.at(-1)?.state ?? from, each))
    }
    const last = steps.at(-1)?.state ?? from
    this.#expectState(last)
    const lines = this.#seen.map(({ line }) => line)
    const expected = steps.flatMap(({ effects }) => effects.map(lineOf))
    const isCounted = (line: string | undefined): boolean => this.#isCertain(line)
    expectSame('effects', lines.filter(isCounted).join('\n'), expected.filter(isCounted).join('\n'))
    this.#compareKeys(steps)
    const refusals = steps.flatMap(({ refused }) => refused ?? [])
    expectSame('refusals', this.#world.refusals.join(), refusals.join())
    const asked = lines.filter((line) => line === 'asked').length
    if (!inside) expectSame('questions', String(asked), String(Number(asks(from, event))))
  }

  /** Returns the ends of `@OnClosing`, which is skipped if the peer is closing. */
  #unsaidGoodbyes(effects: readonly LifecycleEffect[]): readonly LifecycleEvent[] {
    if (!this.#run.isPeerClosing) return []
    return effects.flatMap((effect) =>
      effect.type === 'onClosing' ? [{ type: 'onClosingSettled', link: effect.link }] : [],
    )
  }

  /** Returns true if the user always sees the effect. Messages are not always sent after an event inside an effect. */
  #isCertain(line: string | undefined): boolean {
    if (line === undefined || line === 'asked') return false
    const { inside, isPeerClosing } = this.#run
    if (!inside && !isPeerClosing) return true
    const [what, link] = line.split(' ')
    if (what === 'onClosing' || what === 'lastWords')
      return !isPeerClosing && this.#world.transports.get(Number(link))?.isEnded === false
    if (what === 'cutAttempt') return inside?.line !== 'asked'
    return what !== 'ready'
  }

  /** Checks that each call of the connection saw the state after its step, or after a call that was made inside the step. */
  #compareKeys(steps: readonly LifecycleStep[]): void {
    const { from, inside } = this.#run
    const isAtOnce = inside !== undefined && isCall(inside.event)
    const last = steps.at(-1)?.state ?? from
    const owners = steps.flatMap(({ state, effects }) =>
      effects.filter((effect) => this.#isCertain(lineOf(effect))).map(() => state),
    )
    let hasHappened = false
    for (const { line, key } of this.#seen) {
      const owner = this.#isCertain(line) ? owners.shift() : undefined
      const expected = isAtOnce && hasHappened ? last : owner
      if (expected && line !== 'asked') expectSame(`state in ${line}`, key, expected.shape.key)
      if (line === 'asked' && !inside) expectSame('state when asked', key, from.shape.key)
      if (line === inside?.line) hasHappened = true
    }
  }
}

function countSent({ transports }: DrivenWorld): number {
  const texts = [...transports.values()].flatMap(({ sent }) => sent)
  return texts.filter((text) => text.startsWith('sent ') || text.includes(LAST_WORDS)).length
}

function show({ shape, candidate, current, previous, lastLink }: LifecycleState): string {
  return `${shape.key} (${[candidate, current, previous, lastLink].join(' ')})`
}

function expectSame(what: string, actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`${what}:\n${actual}\ninstead of\n${expected}`)
}

function describe({ way, from, event, inside, isPeerClosing, closes, ages }: Run): string {
  const lines = way.map((each) => JSON.stringify(each))
  const call = inside ? `, and inside ${inside.line}: ${JSON.stringify(inside.event)}` : ''
  const what = `${isPeerClosing ? 'the peer closes, and ' : ''}${describeEvent(from, event)}${call}`
  return `${ages ? 'with' : 'without'} maxAge, after\n${lines.join('\n')}\nin ${from.shape.key}:\n${what}\nthen ${closes ? 'close()' : 'losses'}`
}
