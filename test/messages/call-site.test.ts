import { expect } from 'chai'
import { callerOf, describeCallSite } from '#src/messages/call-site.js'

describe('call sites', () => {
  it("describe the location of the call, regardless of the function's name", () => {
    const inner = () => callerOf(outer)
    const outer = () => inner()
    expect(describeCallSite(outer())).to.match(/^ at \S*call-site\.test\.[jt]s:\d+:\d+$/)
  })

  it('describe it for anonymous callers, and for paths with a space', () => {
    const named = { stack: 'Error\n    at Feed.opened (file:///my feed/feed.js:1:2)\n    at other.js:3:4' }
    const nameless = { stack: 'Error\n    at file:///feed/feed.js:1:2' }
    const awaiting = { stack: 'Error\n    at async file:///feed/feed.js:5:6' }
    expect([named, nameless, awaiting].map(describeCallSite)).to.deep.equal([
      ' at file:///my feed/feed.js:1:2',
      ' at file:///feed/feed.js:1:2',
      ' at file:///feed/feed.js:5:6',
    ])
  })

  it('are empty if the platform does not support them', () => {
    expect(describeCallSite({})).to.equal('')
    const never = (): void => undefined
    expect(describeCallSite(callerOf(never))).to.equal('')
  })
})
