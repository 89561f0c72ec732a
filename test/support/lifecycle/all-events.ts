import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { CONNECTION_TIMERS, ROLES, timersOf } from '#src/lifecycle/state.js'
import type { LifecycleState, LinkName, LinkTimer, TimerName } from '#src/lifecycle/state.js'

const BOTH = [false, true] as const
const FACTS = BOTH.flatMap((retry) => BOTH.map((stable) => ({ retry, stable })))
const LINK_TIMERS: readonly LinkTimer[] = ['open', 'drain', 'frame', 'part']

/** A link that never existed. Facts make no difference to its events. */
const STRANGER = 0

function factsFor(link: LinkName): typeof FACTS {
  return link === STRANGER ? FACTS.slice(-1) : FACTS
}

type Links = readonly LinkName[]
type Events = readonly LifecycleEvent[]

/** Creates all events of each kind. The compiler reports a missing kind. */
const MAKERS: {
  readonly [Type in LifecycleEvent['type']]: (links: Links, state: LifecycleState) => Events
} = {
  attemptOpened: (links) => links.map((link) => ({ type: 'attemptOpened', link })),
  attemptFailed: (links) =>
    links.flatMap((link) => BOTH.map((retry) => ({ type: 'attemptFailed', link, retry }) as const)),
  onOpenSettled: (links) =>
    links.flatMap((link) =>
      (['ok', 'threw'] as const).flatMap((outcome) =>
        factsFor(link).map((facts) => ({ type: 'onOpenSettled', link, outcome, ...facts }) as const),
      ),
    ),
  linkClosedByPeer: (links) => endsOf('linkClosedByPeer', links),
  linkLost: (links) => endsOf('linkLost', links),
  heartbeatDead: (links) => endsOf('heartbeatDead', links),
  drained: (links) => links.map((link) => ({ type: 'drained', link })),
  onClosingSettled: (links) => links.map((link) => ({ type: 'onClosingSettled', link })),
  onCloseSettled: (links) => links.map((link) => ({ type: 'onCloseSettled', link })),
  timerFired: (links, state) => timerEvents(links, state),
  close: () => [{ type: 'close' }],
  terminate: () => [{ type: 'terminate' }],
  end: () => [{ type: 'end' }],
  reconnect: () =>
    BOTH.flatMap((overlap) => BOTH.map((stable) => ({ type: 'reconnect', overlap, stable }) as const)),
  signalAborted: () => [{ type: 'signalAborted' }],
}

/** All calls of the user. */
export const CALLS: Events = [
  ...MAKERS.close([], {} as LifecycleState),
  ...MAKERS.terminate([], {} as LifecycleState),
  ...MAKERS.end([], {} as LifecycleState),
  ...MAKERS.reconnect([], {} as LifecycleState),
  ...MAKERS.signalAborted([], {} as LifecycleState),
]

function endsOf(type: 'linkClosedByPeer' | 'linkLost' | 'heartbeatDead', links: Links): Events {
  return links.flatMap((link) => factsFor(link).map((facts) => ({ type, link, ...facts })))
}

function timerEvents(links: Links, state: LifecycleState): Events {
  const running = timersOf(state)
  const all: TimerName[] = [...CONNECTION_TIMERS]
  for (const link of links) for (const kind of LINK_TIMERS) all.push(`${kind}:${link}`)
  return all.flatMap((timer) =>
    (running.includes(timer) ? FACTS : FACTS.slice(-1)).map(
      (facts) => ({ type: 'timerFired', timer, ...facts }) as const,
    ),
  )
}

/** Returns all events that a state can receive, including late ones and those of an unknown link. */
export function eventsOf(state: LifecycleState): Events {
  const links = [...ROLES.map((role) => state[role]).filter((link) => link !== undefined), STRANGER]
  return Object.values(MAKERS).flatMap((make) => make(links, state))
}

export function isCall({ type }: LifecycleEvent): boolean {
  return CALLS.some((call) => call.type === type)
}

/** Formats an event as one line, with the roles of links instead of their names. */
export function describeEvent(state: LifecycleState, event: LifecycleEvent): string {
  const { type, ...facts } = event
  const words = Object.entries(facts).flatMap(([name, value]) =>
    value === false ? [] : [value === true ? name : String(value)],
  )
  return byRole(state, `${type}(${words.join(', ')})`)
}

/** Replaces the names of links in a text by their roles in a state. */
export function byRole(state: LifecycleState, text: string): string {
  return text.replace(/\b\d+\b/g, (digits) => {
    const link = Number(digits)
    const role = ROLES.find((each) => state[each] === link)
    return role ?? (link === state.lastLink + 1 ? 'new' : 'stranger')
  })
}
