import { expect } from 'chai'
import { tokenName } from '#src/core/token.js'

class Store {}

describe('tokenName', () => {
  it('names a class, a string, and a symbol as in source code', () => {
    expect(tokenName(Store)).to.equal('Store')
    expect(tokenName('store')).to.equal("'store'")
    expect(tokenName(Symbol('store'))).to.equal('Symbol(store)')
  })

  it('names values that have no name', () => {
    expect(tokenName(class {})).to.equal('an anonymous class')
    expect(tokenName(undefined)).to.equal('undefined')
  })
})
