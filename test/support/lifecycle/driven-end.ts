import { cause, causeAndSettle, settle } from './driven-events.js'
import type { DrivenWorld } from './driven-world.js'

/** More steps than any connection needs to close. */
const MOST_STEPS = 40

/**
 * Drives a connection to its end only with events that are certain to happen: timers fire and terminated sockets end. No handler settles.
 *
 * @param closes true if the user closes the connection; otherwise all sockets and attempts fail and are not retried
 */
export async function driveToEnd(world: DrivenWorld, closes: boolean): Promise<void> {
  const { connection } = world
  if (closes) cause(world, { type: 'close' })
  await settle()
  for (let steps = 0; connection.state.status !== 'closed'; steps += 1) {
    if (steps === MOST_STEPS) throw new Error(`the connection does not end: ${world.state.shape.key}`)
    if (!(await happens(world))) throw new Error(`the connection is stuck: ${world.state.shape.key}`)
  }
  await endLate(world)
  expectNothingLeft(world)
}

/** Triggers the next event; returns false if there is none. */
async function happens(world: DrivenWorld): Promise<boolean> {
  world.facts = { retry: false, stable: false }
  const isClosing = world.connection.state.status === 'closing'
  for (const [link, transport] of world.transports) {
    const { isEnded, isTerminated, hasOpened } = transport
    if (isEnded || (isClosing && !isTerminated)) continue
    await causeAndSettle(
      world,
      hasOpened
        ? { type: 'linkLost', link, retry: false, stable: false }
        : { type: 'attemptFailed', link, retry: false },
    )
    return true
  }
  const [timer] = world.clock.names
  if (timer === undefined) return false
  world.clock.fire(timer)
  await settle()
  return true
}

/** Checks that late events do not change a closed connection. */
async function endLate(world: DrivenWorld): Promise<void> {
  const before = world.state
  for (const transport of world.transports.values()) {
    if (transport.isEnded) continue
    if (!transport.isTerminated) throw new Error('a socket is still open after the end')
    transport.end({ code: 1006, reason: '' })
  }
  for (const { handlers } of world.links.values()) {
    handlers.settleOpen('opened')
    handlers.settleHandlers()
    handlers.closing.resolve()
    handlers.closed.resolve()
  }
  await settle()
  if (world.state !== before) throw new Error('the state changed after the end')
}

function expectNothingLeft({ clock, lifecycle, links }: DrivenWorld): void {
  if (clock.size > 0) throw new Error(`${clock.size} timers remain: ${clock.names.join(', ')}`)
  const isLeft = [...links.keys()].some((link) => lifecycle.links.find(link) !== undefined)
  if (isLeft) throw new Error('a session remains')
}
