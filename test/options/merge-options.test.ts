import { expect } from 'chai'
import { mergeOptions } from '#src/options/merge-options.js'

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

  it('treats undefined as not given, for an option and for a layer', () => {
    const merged = mergeOptions<Options>({ name: 'class' }, undefined, { name: undefined, limit: undefined })
    expect(merged).to.deep.equal({ name: 'class' })
    expect(merged).to.have.all.keys('name')
  })

  it('keeps false, null, 0 and an empty text', () => {
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
