import { expect } from 'chai'
import { tokenName } from '#src/core/token.js'

class Store {}

describe('tokenName', () => {
  it('names a class, a text and a symbol as they would be written', () => {
    expect(tokenName(Store)).to.equal('Store')
    expect(tokenName('store')).to.equal("'store'")
    expect(tokenName(Symbol('store'))).to.equal('Symbol(store)')
  })

  it('names what has no name', () => {
    expect(tokenName(class {})).to.equal('an anonymous class')
    expect(tokenName(undefined)).to.equal('undefined')
  })
})
