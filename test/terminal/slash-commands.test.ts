import { expect } from 'chai'
import { commandHelp, parseTyped } from '#src/terminal/slash-commands.js'

describe('parseTyped', () => {
  it('returns messages unchanged', () => {
    expect(parseTyped('{"a":1}')).to.deep.equal({ kind: 'message', text: '{"a":1}' })
  })

  it('removes the first of two slashes', () => {
    expect(parseTyped('//nick me')).to.deep.equal({ kind: 'message', text: '/nick me' })
  })

  it('reads commands', () => {
    const names = ['ping', 'reconnect', 'state', 'help', 'quit']
    expect(names.map((name) => parseTyped(`/${name}`))).to.deep.equal(names.map((kind) => ({ kind })))
  })

  it('reads the code and the reason of /close', () => {
    expect(parseTyped('/close')).to.deep.equal({ kind: 'close', code: 1000, reason: '' })
    expect(parseTyped('/close 4001')).to.deep.equal({ kind: 'close', code: 4001, reason: '' })
    expect(parseTyped('/close 4001 good bye')).to.deep.equal({
      kind: 'close',
      code: 4001,
      reason: 'good bye',
    })
    expect(parseTyped('/close good bye')).to.deep.equal({ kind: 'close', code: 1000, reason: 'good bye' })
  })

  it('reports unknown commands, with the way to send them', () => {
    expect(parseTyped('/nick me')).to.deep.equal({
      kind: 'mistake',
      text: 'Unknown command /nick. Type /help for a list, or //nick to send it',
    })
  })
})

describe('commandHelp', () => {
  it('lists every command within 80 columns', () => {
    expect(commandHelp().join('\n')).to.match(
      /[/]ping[^]*[/]close[^]*[/]reconnect[^]*[/]state[^]*[/]quit[^]*[/][/]text/,
    )
    expect(commandHelp().filter((line) => line.length > 80)).to.deep.equal([])
  })
})
