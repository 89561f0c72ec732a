import { expect } from 'chai'
import { LifecycleDriver } from '#src/connection/driver.js'
import type { EffectRunner } from '#src/connection/driver.js'
import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import { lineOf, on } from '../support/lifecycle/scene.js'

/** Records the effects that it runs, and calls the test inside them. */
class Runner implements EffectRunner<string> {
  readonly ran: string[] = []
  idles = 0
  inside: (effect: LifecycleEffect) => void = () => undefined
  onStep: (effects: readonly LifecycleEffect[]) => void = () => undefined

  run(effect: LifecycleEffect, facts: string): void {
    this.ran.push(`${lineOf(effect)} [${facts}]`)
    this.inside(effect)
  }

  onIdle(): void {
    this.idles += 1
  }
}

function make(): { runner: Runner; driver: LifecycleDriver<string> } {
  const runner = new Runner()
  const driver = new LifecycleDriver(false, runner)
  return { runner, driver }
}

describe('LifecycleDriver', () => {
  it('performs the first effects when it is started', () => {
    const { runner, driver } = make()
    expect(runner.ran).to.deep.equal([])
    driver.start(false, 'start')
    expect(runner.ran).to.deep.equal(['attempt 1 [start]'])
  })

  it('performs no effects when it is started after a call that ended the connection', () => {
    const { runner, driver } = make()
    driver.call(on.close(), 'close')
    driver.start(false, 'start')
    expect(runner.ran).to.deep.equal([
      'cutAttempt 1 [close]',
      'state closing [close]',
      'abortConnection [close]',
      'state closed [close]',
      'rejectReady [close]',
      'ended [close]',
    ])
  })

  it('stores the state before any effect runs, and notifies the runner first', () => {
    const { runner, driver } = make()
    driver.start(false, '')
    const seen: string[] = []
    runner.onStep = () => seen.push(`step ${driver.state.shape.status}`)
    runner.inside = () => seen.push(`effect ${driver.state.shape.status}`)
    driver.report(() => ({ event: on.attemptFailed(1, 'retry'), facts: '' }))
    expect(new Set(seen.slice(1))).to.deep.equal(new Set(['effect waiting']))
    expect(seen[0]).to.equal('step waiting')
  })

  it("processes a call during effects immediately, but performs that call's effects after the others", () => {
    const { runner, driver } = make()
    driver.start(false, 'start')
    runner.inside = ({ type }) => {
      if (type !== 'count') return
      driver.call(on.close(), 'close')
      runner.ran.push(`returned ${driver.state.shape.status}`)
    }
    driver.report(() => ({ event: on.attemptFailed(1, 'retry'), facts: 'failed' }))
    expect(runner.ran.slice(1)).to.deep.equal([
      'set delay by retryDecision [failed]',
      'count [failed]',
      'returned closed',
      'state waiting [failed]',
      'onError 1 (connect: retried) [failed]',
      'cancel delay [close]',
      'state closing [close]',
      'abortConnection [close]',
      'state closed [close]',
      'rejectReady [close]',
      'ended [close]',
    ])
  })

  it('processes reports that arrive during effects after the effects, in order', () => {
    const { runner, driver } = make()
    runner.inside = ({ type }) => {
      if (type === 'attempt') driver.report(() => ({ event: on.attemptOpened(1), facts: 'opened' }))
      if (type === 'onOpen') driver.report(() => ({ event: on.onOpenResolved(1), facts: 'ok' }))
    }
    driver.start(false, 'start')
    expect(driver.state.shape.status).to.equal('open')
    expect(runner.ran.filter((line) => line.startsWith('state'))).to.deep.equal([
      'state opening [opened]',
      'state open [ok]',
    ])
  })

  it('creates an event when its turn comes, and does nothing if there is none', () => {
    const { runner, driver } = make()
    const asked: string[] = []
    runner.inside = () => {
      driver.report(() => void asked.push('asked'))
      expect(asked).to.deep.equal([])
    }
    driver.start(false, '')
    expect(asked).to.deep.equal(['asked'])
    expect(driver.state.shape.status).to.equal('connecting')
  })

  it('processes a call during the preparation of an event before that event', () => {
    const { runner, driver } = make()
    driver.start(false, '')
    driver.report(() => {
      driver.call(on.close(), 'close')
      return { event: on.attemptFailed(1, 'retry'), facts: 'failed' }
    })
    expect(driver.state.shape.status).to.equal('closed')
    expect(runner.ran.some((line) => line.endsWith('[failed]'))).to.be.false
  })

  it('returns the reason why a call is refused', () => {
    const { driver } = make()
    expect(driver.call(on.end(), '')).to.equal('NotConnectedError')
    driver.call(on.terminate(), '')
    expect(driver.call(on.reconnect(), '')).to.equal('ConnectionClosedError')
  })

  it('performs the other effects if one throws, and throws its error afterward', () => {
    const { runner, driver } = make()
    driver.start(false, '')
    runner.inside = ({ type }) => {
      if (type === 'count') throw new Error('a transport threw')
    }
    expect(() => driver.report(() => ({ event: on.attemptFailed(1, 'retry'), facts: '' }))).to.throw(
      'a transport threw',
    )
    expect(runner.ran.at(-1)).to.contain('onError')
    driver.report(() => ({ event: on.timerFired('delay'), facts: '' }))
    expect(driver.state.shape.status).to.equal('connecting')
  })

  it('notifies the runner once when all work is done', () => {
    const { runner, driver } = make()
    runner.inside = ({ type }) => {
      if (type === 'attempt') driver.report(() => ({ event: on.attemptFailed(1, 'retry'), facts: '' }))
    }
    driver.start(false, '')
    expect(runner.idles).to.equal(1)
  })
})
