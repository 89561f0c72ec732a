import type { LifecycleEffect, SetEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { ROLES, roleOf } from '#src/lifecycle/state.js'
import type { LifecycleState, LifecycleStatus, LinkName, TimerName } from '#src/lifecycle/state.js'

/** The state of a link after all effects so far. */
export interface WorldLink {
  readonly link: LinkName
  socket: 'dialling' | 'failed' | 'canceled' | 'open' | 'ended'
  onOpen: 'none' | 'running' | 'ok' | 'threw'
  onClosing: 'none' | 'running' | 'settled'
  onClose: 'none' | 'running' | 'settled'
  isReady: boolean
  isRetired: boolean
  isLost: boolean
  isDraining: boolean
  isFramed: boolean
  isTerminated: boolean
  hasLastWords: boolean
}

/** Thrown when the machine breaks one of its invariants. */
export class Violation extends Error {
  readonly invariant: number

  constructor(invariant: number, message: string) {
    super(`Invariant ${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** Throws unless the invariant holds. */
export function hold(invariant: number, isHeld: boolean, message: string): asserts isHeld {
  if (!isHeld) throw new Violation(invariant, message)
}

/** A model of everything outside the machine. It follows effects and events, and rejects whatever no driver could do. */
export class LifecycleWorld {
  readonly links = new Map<LinkName, WorldLink>()
  readonly timers = new Set<TimerName>()
  status: LifecycleStatus = 'connecting'
  ready: 'pending' | 'resolved' | 'rejected' = 'pending'
  isAborted = false
  hasEnded = false

  copy(): LifecycleWorld {
    const copy = new LifecycleWorld()
    for (const [name, link] of this.links) copy.links.set(name, { ...link })
    for (const timer of this.timers) copy.timers.add(timer)
    copy.status = this.status
    copy.ready = this.ready
    copy.isAborted = this.isAborted
    copy.hasEnded = this.hasEnded
    return copy
  }

  /** Returns the part of each link's history that later checks depend on. */
  historyOf(state: LifecycleState): string {
    return ROLES.map((role) => historyOfLink(this.links.get(state[role] ?? -1))).join('|')
  }

  // --- events -----------------------------------------------------------------------------------------------------------

  /** Records an event from outside. Returns false if it cannot happen now because it is late or was never due. */
  happens(event: LifecycleEvent): boolean {
    if (event.type === 'timerFired') return this.timers.delete(event.timer)
    if (!('link' in event)) return true
    const link = this.links.get(event.link)
    return link !== undefined && happensTo(link, event)
  }

  // --- effects ----------------------------------------------------------------------------------------------------------

  /** Applies an effect. */
  run(effect: LifecycleEffect): void {
    hold(2, !this.hasEnded, `${effect.type} after ended`)
    switch (effect.type) {
      case 'count':
      case 'forgive':
        return
      case 'set': {
        this.#set(effect)
        return
      }
      case 'cancel': {
        hold(3, this.timers.delete(effect.timer), `cancel(${effect.timer}), which is not running`)
        return
      }
      case 'attempt': {
        this.#attempt(effect.link)
        return
      }
      case 'state':
        hold(7, effect.status !== this.status, `state(${effect.status}) twice`)
        this.status = effect.status
        return
      case 'resolveReady': {
        this.#settleReady('resolved')
        return
      }
      case 'rejectReady': {
        this.#settleReady('rejected')
        return
      }
      case 'abortConnection':
        hold(6, !this.isAborted && this.status === 'closing', 'abortConnection twice, or too early')
        this.isAborted = true
        return
      case 'ended': {
        this.#end()
        return
      }
      default: {
        this.#runOnLink(this.#link(effect.link), effect)
        return
      }
    }
  }

  #runOnLink(link: WorldLink, { type }: LifecycleEffect): void {
    switch (type) {
      case 'cutAttempt':
        hold(5, link.socket === 'dialling', 'cutAttempt without an attempt')
        link.socket = 'canceled'
        return
      case 'onOpen':
        this.#use(link, type)
        hold(2, link.onOpen === 'none', 'onOpen twice')
        hold(6, !this.isAborted, 'onOpen while closing')
        link.onOpen = 'running'
        return
      case 'ready':
        this.#use(link, type)
        hold(5, link.onOpen === 'ok' && !link.isReady && !link.isLost, 'ready of a link that is not ready')
        link.isReady = true
        return
      case 'retire':
        this.#use(link, type)
        hold(5, link.isReady && !link.isRetired, 'retire of a link that is not in use')
        link.isRetired = true
        return
      case 'stopTaking': {
        this.#use(link, type)
        return
      }
      case 'drain':
        if (link.socket !== 'ended') this.#use(link, type)
        link.isDraining = true
        return
      case 'onClosing':
        this.#use(link, type)
        hold(5, link.onOpen === 'ok' && link.onClosing === 'none', 'onClosing twice, or without @OnOpen')
        link.onClosing = 'running'
        return
      case 'lastWords':
        this.#use(link, type)
        hold(5, link.onClosing !== 'none' && !link.hasLastWords, 'lastWords before onClosing, or twice')
        link.hasLastWords = true
        return
      case 'closeFrame':
        this.#use(link, type)
        link.isFramed = true
        return
      case 'terminate':
        hold(
          5,
          link.socket === 'open' && !link.isTerminated,
          'terminate of a link that has ended or was terminated',
        )
        link.isTerminated = true
        return
      case 'lose':
        hold(2, link.onOpen !== 'none' && !link.isLost && link.onClose === 'none', 'lose twice, or too late')
        link.isLost = true
        return
      case 'discard':
        hold(2, link.isLost, 'discard before lose')
        link.isDraining = false
        return
      case 'onClose':
        hold(2, link.isLost && link.onClose === 'none', 'onClose twice, or before lose')
        hold(2, link.socket === 'ended' || link.isTerminated, 'onClose with an open socket')
        link.onClose = 'running'
        return
      default:
    }
  }

  #end(): void {
    hold(4, this.ready !== 'pending', 'ended with ready pending')
    hold(7, this.status === 'closed', 'ended before state(closed)')
    hold(3, this.timers.size === 0, `ended with timers: ${[...this.timers].join(', ')}`)
    this.hasEnded = true
  }

  #set({ timer, moves }: SetEffect): void {
    hold(
      3,
      this.timers.has(timer) === moves,
      `set(${timer}), which ${moves ? 'is not running' : 'is already running'}`,
    )
    this.timers.add(timer)
  }

  #attempt(link: LinkName): void {
    hold(6, !this.isAborted, 'attempt while closing')
    hold(2, !this.links.has(link), 'attempt with the name of another link')
    this.links.set(link, {
      link,
      socket: 'dialling',
      onOpen: 'none',
      onClosing: 'none',
      onClose: 'none',
      isReady: false,
      isRetired: false,
      isLost: false,
      isDraining: false,
      isFramed: false,
      isTerminated: false,
      hasLastWords: false,
    })
  }

  #settleReady(ready: 'resolved' | 'rejected'): void {
    hold(4, this.ready === 'pending', 'ready settles twice')
    this.ready = ready
  }

  #link(name: LinkName): WorldLink {
    const link = this.links.get(name)
    hold(2, link !== undefined, `an effect on link ${name}, which no longer exists`)
    return link
  }

  /** Checks that a command has an open socket and does not follow the close frame. */
  #use(link: WorldLink, command: string): void {
    hold(
      5,
      link.socket === 'open' && !link.isTerminated,
      `${command} on a link that has ended or was terminated`,
    )
    hold(5, !link.isFramed, `${command} after the close frame`)
  }

  // --- between steps ----------------------------------------------------------------------------------------------------

  /** Forgets the links whose sessions have ended, and checks that each of them has ended properly. */
  forget(state: LifecycleState): void {
    for (const [name, link] of this.links) {
      if (roleOf(state, name) !== undefined) continue
      const neverOpened = link.socket === 'failed' || link.socket === 'canceled'
      hold(
        2,
        neverOpened || link.onClose !== 'none',
        `the session of link ${name} was dropped without @OnClose`,
      )
      this.links.delete(name)
    }
  }
}

function happensTo(link: WorldLink, event: Extract<LifecycleEvent, { readonly link: LinkName }>): boolean {
  switch (event.type) {
    case 'attemptOpened':
    case 'attemptFailed':
      if (link.socket !== 'dialling') return false
      link.socket = event.type === 'attemptOpened' ? 'open' : 'failed'
      return true
    case 'onOpenSettled':
      if (link.onOpen !== 'running') return false
      link.onOpen = event.outcome
      return true
    case 'linkClosedByPeer':
    case 'linkLost':
      if (link.socket !== 'open') return false
      link.socket = 'ended'
      return true
    case 'heartbeatDead':
      return link.socket === 'open' && !link.isTerminated
    case 'drained':
      if (!link.isDraining) return false
      link.isDraining = false
      return true
    case 'onClosingSettled':
      if (link.onClosing !== 'running') return false
      link.onClosing = 'settled'
      return true
    case 'onCloseSettled':
      if (link.onClose !== 'running') return false
      link.onClose = 'settled'
      return true
  }
}

function historyOfLink(link: WorldLink | undefined): string {
  if (!link) return ''
  const { socket, onOpen, onClosing, onClose, isLost, isFramed, isTerminated, hasLastWords } = link
  const always = `${socket} ${onOpen === 'running'} ${onClose} ${isLost}`
  if (socket !== 'open') return always
  if (isTerminated) return `${always} terminated`
  return isFramed ? `${always} framed` : `${always} ${onOpen} ${onClosing} ${hasLastWords}`
}
