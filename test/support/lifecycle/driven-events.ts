import { ConnectFailedError, HeartbeatTimeoutError } from 'holdfast'
import type { LifecycleEvent, LinkEvent } from '#src/lifecycle/events.js'
import type { LinkName } from '#src/lifecycle/state.js'
import type { DrivenWorld, OpenedLink } from './driven-world.js'
import type { ScriptedTransport } from './scripted-transport.js'

/** Lets all promises settle. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function transportOf({ transports }: DrivenWorld, link: LinkName): ScriptedTransport {
  const transport = transports.get(link)
  if (!transport) throw new Error(`link ${link} has no socket`)
  return transport
}

function linkOf({ links }: DrivenWorld, link: LinkName): OpenedLink {
  const opened = links.get(link)
  if (!opened) throw new Error(`link ${link} has not opened`)
  return opened
}

/** Triggers an event on a connection. Throws any error other than the refusal of a call. */
export function cause(world: DrivenWorld, event: LifecycleEvent): void {
  switch (event.type) {
    case 'close':
      void world.connection.close()
      break
    case 'terminate':
      void world.connection.terminate()
      break
    case 'end':
      world.end()
      break
    case 'reconnect':
      world.facts = { ...world.facts, stable: event.stable }
      reconnect(world, event.overlap)
      break
    case 'signalAborted':
      world.lifecycle.abortStart()
      break
    case 'timerFired':
      world.facts = event
      world.clock.fire(event.timer)
      break
    default:
      causeOnLink(world, event)
  }
}

function reconnect(world: DrivenWorld, overlap: boolean): void {
  try {
    world.connection.reconnect({ overlap })
  } catch (thrown) {
    world.onRefusal(thrown)
  }
}

function causeOnLink(world: DrivenWorld, event: LinkEvent): void {
  const { link } = event
  world.facts = { retry: 'retry' in event && event.retry, stable: 'stable' in event && event.stable }
  switch (event.type) {
    case 'attemptOpened':
      transportOf(world, link).open()
      break
    case 'attemptFailed':
      failAttempt(world, link)
      break
    case 'onOpenSettled': {
      const isGood = event.outcome === 'ok'
      linkOf(world, link).handlers.settleOpen(isGood ? 'opened' : { thrown: new Error('no welcome') })
      break
    }
    case 'linkClosedByPeer':
      transportOf(world, link).end({ code: 1001, reason: '' })
      break
    case 'linkLost':
      // Without an error, only @OnClose would report a loss that is retried.
      transportOf(world, link).end({ code: 1006, reason: '', error: new Error('reset') })
      break
    case 'heartbeatDead':
      linkOf(world, link).session.onLinkDead(new HeartbeatTimeoutError(1, 'nothing came'))
      break
    case 'drained':
      linkOf(world, link).handlers.settleHandlers()
      break
    case 'onClosingSettled':
      linkOf(world, link).handlers.closing.resolve()
      break
    case 'onCloseSettled':
      linkOf(world, link).handlers.closed.resolve()
      break
  }
}

function failAttempt(world: DrivenWorld, link: LinkName): void {
  world.failing = link
  const error = new ConnectFailedError('ws://peer.test/', new Error('refused'))
  transportOf(world, link).end({ code: 1006, reason: '', error })
  world.failing = undefined
}

/** Triggers an event, and lets everything run that follows from it. */
export async function causeAndSettle(world: DrivenWorld, event: LifecycleEvent): Promise<void> {
  cause(world, event)
  await settle()
  if (event.type === 'drained') {
    world.reportDrained(linkOf(world, event.link).session)
    await settle()
  }
  endCutAttempts(world)
}

/** Ends the sockets that were terminated before they opened. */
function endCutAttempts({ transports }: DrivenWorld): void {
  for (const transport of transports.values()) {
    const { isTerminated, hasOpened, isEnded } = transport
    if (isTerminated && !hasOpened && !isEnded) transport.end({ code: 1006, reason: '' })
  }
}
