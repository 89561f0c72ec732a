import { inspect } from 'node:util'
import { expect } from 'chai'
import { HandshakeError } from 'holdfast'
import { describeError } from '#src/diagnostics/described-error.js'

describe('describeError', () => {
  it('keeps the name, the code and the message of an error', () => {
    const error = Object.assign(new RangeError('too much'), { code: 'E_MUCH' })
    expect(describeError(error)).to.deep.equal({ name: 'RangeError', code: 'E_MUCH', message: 'too much' })
    expect(describeError(new Error('plain'))).to.deep.equal({ name: 'Error', message: 'plain' })
  })

  it('leaves out the cause, the headers and the body', () => {
    const cause = new Error('k3y')
    const facts = { status: 401, headers: { 'set-cookie': 'sid=k3y' }, body: 'k3y' }
    const described = describeError(new HandshakeError('ws://a.test/', 'refused', facts, { cause }))
    for (const text of [JSON.stringify(described), inspect(described, { depth: 9, showHidden: true })])
      expect(text).to.not.include('k3y')
  })

  it('describes anything that was thrown, even if it cannot be converted to text', () => {
    expect(describeError('odd').message).to.equal('A non-Error value was thrown: odd')
    expect(describeError(Object.create(null)).message).to.equal('A non-Error value was thrown: object')
    expect(describeError(Object.assign(new Error('x'), { message: 5 })).message).to.equal('5')
  })

  it('redacts and escapes the message, and redacts the stack, which is computed when it is read', () => {
    const error = new Error('bad token=k3yk3y\nnext')
    const described = describeError(error)
    expect(described.message).to.equal('bad token=[redacted]\\nnext')
    expect(described.stack).to.include('bad token=[redacted]').and.to.include('described-error.test')
    expect(Object.keys(described)).to.deep.equal(['name', 'message'])
  })
})
