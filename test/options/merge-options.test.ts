import { expect } from 'chai'
import { mergeClientOptions, mergeOptions } from '#src/options/merge-options.js'

interface Options {
  readonly name?: string | undefined
  readonly heartbeat?: object | false | undefined
  readonly limit?: number | null | undefined
}

describe('mergeOptions', () => {
  it('prefers the value of the later layer', () => {
    const merged = mergeOptions<Options>(
      { name: 'class', limit: 1 },
      { name: 'module' },
      { name: 'bootstrap' },
    )
    expect(merged).to.deep.equal({ name: 'bootstrap', limit: 1 })
  })

  it('treats undefined as absent, for an option and for a layer', () => {
    const merged = mergeOptions<Options>({ name: 'class' }, undefined, { name: undefined, limit: undefined })
    expect(merged).to.deep.equal({ name: 'class' })
    expect(merged).to.have.all.keys('name')
  })

  it('keeps false, null, 0 and an empty string', () => {
    const given: Options = { heartbeat: false, limit: null, name: '' }
    expect(mergeOptions<Options>({ heartbeat: {}, limit: 5, name: 'class' }, given)).to.deep.equal(given)
    expect(mergeOptions<Options>({ limit: 5 }, { limit: 0 })).to.deep.equal({ limit: 0 })
  })

  it('replaces an object as a whole', () => {
    const [first, second] = [{ interval: 1 }, { timeout: 2 }]
    expect(mergeOptions<Options>({ heartbeat: first }, { heartbeat: second }).heartbeat).to.equal(second)
  })

  it('ignores inherited properties', () => {
    const layer = Object.create({ name: 'inherited' }) as Options
    expect(mergeOptions<Options>({ name: 'class' }, layer)).to.deep.equal({ name: 'class' })
  })

  it('returns a new object, and changes none of the layers', () => {
    const first = Object.freeze({ name: 'class' })
    const second = Object.freeze({ name: 'bootstrap' })
    const merged = mergeOptions<Options>(first, second)
    expect(merged).not.to.equal(first)
    expect(merged).not.to.equal(second)
    expect(mergeOptions<Options>()).to.deep.equal({})
  })
})

describe('mergeClientOptions', () => {
  const merge = (...layers: readonly object[]): object => mergeClientOptions<object>(...layers)

  it('merges reconnect, outbox, rateLimit and periodic by name', () => {
    for (const group of ['reconnect', 'outbox', 'rateLimit', 'periodic']) {
      const merged = merge({ [group]: { a: 1, b: 1 } }, { [group]: { b: 2, c: undefined } })
      expect(merged, group).to.deep.equal({ [group]: { a: 1, b: 2 } })
    }
  })

  it('turns a group off, and on again from the defaults', () => {
    const off = { reconnect: { maxDelay: 5 } }
    expect(merge(off, { reconnect: false })).to.deep.equal({ reconnect: false })
    expect(merge(off, { reconnect: false }, { reconnect: { minUptime: 1 } })).to.deep.equal({
      reconnect: { minUptime: 1 },
    })
  })

  it('merges a heartbeat with only times into one that sends heartbeats', () => {
    const message = { interval: 1, message: 'ping' }
    expect(merge({ heartbeat: message }, { heartbeat: { timeout: 2 } })).to.deep.equal({
      heartbeat: { interval: 1, message: 'ping', timeout: 2 },
    })
    expect(merge({ heartbeat: 'ping' }, { heartbeat: { timeout: 2 } })).to.deep.equal({
      heartbeat: { timeout: 2 },
    })
    expect(merge({ heartbeat: { silence: 9 } }, { heartbeat: { timeout: 2 } })).to.deep.equal({
      heartbeat: { timeout: 2 },
    })
  })

  it('replaces a heartbeat as a whole by any other', () => {
    for (const heartbeat of ['ping', false, { silence: 1 }, { interval: 1, message: 'other' }])
      expect(merge({ heartbeat: { timeout: 2, message: 'ping' } }, { heartbeat })).to.deep.equal({
        heartbeat,
      })
  })

  it('replaces everything else as a whole', () => {
    for (const name of ['requests', 'codec', 'headers', 'concurrency', 'subscriptions', 'protocols'])
      expect(merge({ [name]: { a: 1 } }, { [name]: { b: 2 } }), name).to.deep.equal({ [name]: { b: 2 } })
  })
})
