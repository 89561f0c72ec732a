import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { keyOf } from '#src/lifecycle/state.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import { start, step } from '#src/lifecycle/step.js'
import { CALLS, isCall } from '../support/lifecycle/all-events.js'
import { draw } from '../support/lifecycle/drawing.js'
import { LifecycleDriver, runsUserCode } from '../support/lifecycle/driver.js'
import type { Inside } from '../support/lifecycle/driver.js'
import { MACHINE, explore } from '../support/lifecycle/exploration.js'
import type { Exploration } from '../support/lifecycle/exploration.js'
import type { Edge, Node } from '../support/lifecycle/graph.js'
import { checkState } from '../support/lifecycle/invariants.js'
import { MISTAKES } from '../support/lifecycle/mistakes.js'
import { lineOf, on } from '../support/lifecycle/scene.js'
import { LifecycleWorld, Violation } from '../support/lifecycle/world.js'
import { root } from '../support/project.js'

/** Every event that does something, without those that differ only in irrelevant facts. */
function distinctEdges({ edges }: Node): readonly Edge[] {
  const seen = new Set<string>()
  return edges.filter(({ event, answer, to }) => {
    const name = `${event.type} ${to.key} ${linesOf(answer.effects).join()}`
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
  })
}

function linesOf(effects: readonly LifecycleEffect[]): readonly string[] {
  return effects.map(lineOf)
}

/** Compares without texts first, because there are many pairs. */
function expectSame(
  driver: LifecycleDriver,
  state: LifecycleState,
  effects: readonly LifecycleEffect[],
): void {
  const { ran } = driver
  const isSame =
    keyOf(driver.state) === keyOf(state) &&
    ran.length === effects.length &&
    ran.every((effect, index) => effect === effects[index] || lineOf(effect) === lineOf(effects[index]!))
  if (isSame) return
  expect(linesOf(ran)).to.deep.equal(linesOf(effects))
  expect(driver.state).to.deep.equal(state)
}

/** The calls of a user, without those that differ only in the age of the link. */
const CALLS_INSIDE = CALLS.filter((call) => call.type !== 'reconnect' || call.stable)

/** Calls the connection inside each effect of an event that runs user code. Returns the number of calls. */
function callInsideEach(node: Node, { event, answer }: Edge): number {
  const { state, effects } = answer
  const places = [...effects.keys()].filter((place) => runsUserCode(effects[place]!))
  for (const call of CALLS_INSIDE) {
    const after = step(state, call)
    for (const place of places) {
      const driver = callInside(node, event, place, call)
      expectSame(driver, after.state, [...effects, ...after.effects])
      checkState(driver.state, driver.world)
    }
  }
  return places.length * CALLS_INSIDE.length
}

/** Passes an event to a driver that calls the connection inside the effect with the given number. */
function callInside(node: Node, event: LifecycleEvent, place: number, call: LifecycleEvent): LifecycleDriver {
  let count = 0
  const driver = new LifecycleDriver(node.state, node.world.copy(), (_effect, self) => {
    if (count === place) self.call(call)
    count += 1
  })
  if (isCall(event)) driver.call(event)
  else driver.tell(event)
  return driver
}

describe('All states of a connection', () => {
  let aging: Exploration
  let ageless: Exploration

  before(function () {
    this.timeout(60_000)
    aging = explore(MACHINE, { maxAge: true })
    ageless = explore(MACHINE, { maxAge: false })
  })

  it('satisfy every invariant, with maxAge and without', () => {
    const keys = new Set([...aging.nodes, ...ageless.nodes].map(({ key }) => key))
    const { pairs, transitions, depth } = aging
    console.log(
      `      ${keys.size} keys; with maxAge ${aging.keys}, ${pairs} pairs, ${transitions} transitions`,
    )
    expect(keys.size).to.equal(2_186)
    expect(aging.keys).to.equal(1_731)
    expect(depth).to.equal(16)
  })

  it('are distinguished by their key alone: the past of a link adds nothing to it', () => {
    expect(aging.nodes.length).to.equal(aging.keys)
    expect(ageless.nodes.length).to.equal(ageless.keys)
  })

  it('close within 14 events that are not calls of the user', () => {
    expect(aging.closingSteps).to.equal(14)
    expect(ageless.closingSteps).to.equal(14)
  })

  it('match the diagram in the source', () => {
    const source = readFileSync(new URL('src/lifecycle/step.ts', root), 'utf8')
    for (const part of draw(aging)) {
      const drawing = part.map((line) => ` *   ${line}\n`).join('')
      expect(source.includes(drawing), `the source should contain\n${drawing}`).to.be.true
    }
  })

  it('are reached in the same way whether the user calls inside an effect or between two events', function () {
    this.timeout(60_000)
    let calls = 0
    for (const node of aging.nodes) {
      for (const edge of distinctEdges(node)) calls += callInsideEach(node, edge)
    }
    console.log(`      ${calls} calls`)
  })
})

/** Reports immediately, from inside an effect, whatever the effect leads to in the best case. */
function answerAtOnce(effect: LifecycleEffect, driver: LifecycleDriver): void {
  if (!('link' in effect)) return
  const { type, link } = effect
  if (type === 'attempt') driver.tell(on.attemptOpened(link))
  else if (type === 'onOpen') driver.tell(on.onOpenResolved(link, 'stable'))
  else if (type === 'drain') driver.tell(on.drained(link))
  else if (type === 'onClosing') driver.tell(on.onClosingSettled(link))
  else if (type === 'closeFrame') driver.tell(on.linkClosedByPeer(link))
  else if (type === 'terminate') driver.tell(on.linkLost(link))
  else if (type === 'onClose') driver.tell(on.onCloseSettled(link))
}

function started(inside: Inside): LifecycleDriver {
  const { state, effects } = start({ maxAge: false })
  const world = new LifecycleWorld()
  for (const effect of effects) world.run(effect)
  return new LifecycleDriver(state, world, inside)
}

describe('A driver', () => {
  it('can receive the end of a link inside the effect that causes it', () => {
    for (const call of [on.close(), on.terminate()]) {
      const driver = started(answerAtOnce)
      driver.tell(on.attemptOpened(1))
      expect(driver.state.shape.status).to.equal('open')
      driver.call(on.reconnect('stable'))
      expect(driver.state.shape.status).to.equal('open')
      driver.call(on.reconnect('overlap', 'stable'))
      expect(driver.state.current).to.equal(3)
      expect(driver.state.previous).to.be.undefined
      driver.call(call)
      expect(driver.state.shape.status).to.equal('closed')
      checkState(driver.state, driver.world)
    }
  })

  it('runs the effects of a call after those of the event in which the call was made', () => {
    const driver = started(({ type }, self) => {
      if (type === 'state') self.call(on.close())
    })
    driver.tell(on.attemptFailed(1, 'retry'))
    expect(driver.state.shape.status).to.equal('closed')
    expect(driver.ran.map(lineOf)).to.deep.equal([
      'set delay by retryDecision',
      'count',
      'state waiting',
      'onError 1 (connect: retried)',
      'cancel delay',
      'state closing',
      'abortConnection',
      'state closed',
      'rejectReady',
      'ended',
    ])
  })

  it('has the correct state and refusal when a call inside an effect returns', () => {
    const seen: string[] = []
    const driver = started((effect, self) => {
      if (effect.type !== 'onOpen') return
      self.call(on.close())
      seen.push(self.state.shape.status, self.call(on.reconnect()) ?? 'accepted')
    })
    driver.tell(on.attemptOpened(1))
    expect(seen).to.deep.equal(['closing', 'ConnectionClosedError'])
  })
})

describe('The exploration', () => {
  for (const { title, invariant, machine } of MISTAKES) {
    it(`finds a machine that ${title}`, () => {
      const attempt = (): unknown => explore(machine, { maxAge: true })
      expect(attempt).to.throw(Violation, `Invariant ${invariant}: `)
    })
  }
})
