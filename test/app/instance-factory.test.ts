import { expect } from 'chai'
import type { StartupError } from 'holdfast'
import { checkInstance } from '#src/app/instance-factory.js'

class Feed {}

function causeOf(made: object): string | undefined {
  try {
    checkInstance(Feed, made)
  } catch (thrown) {
    return (thrown as StartupError).mistakes[0]?.cause
  }
  return undefined
}

describe('checkInstance', () => {
  it('accepts an instance, including one of a subclass or behind a proxy', () => {
    class Derived extends Feed {}
    for (const made of [new Feed(), new Derived(), new Proxy(new Feed(), {})])
      expect(checkInstance(Feed, made)).to.equal(made)
  })

  it("rejects a promise, and ignores the promise's own rejection", () => {
    const cause = 'the constructor returned a promise, not an instance'
    expect(causeOf(Promise.reject(new Error('unheard')))).to.equal(cause)
    expect(causeOf({ then: (): void => {} })).to.equal(cause)
  })

  it('rejects any other object', () => {
    expect(causeOf({})).to.equal('the constructor returned a plain object, not an instance')
  })
})
