import { expect } from 'chai'
import { Journal } from '#src/inspector/journal.js'

describe('Journal', () => {
  it('counts equal entries in succession, so that a flood displaces nothing', () => {
    const journal = new Journal(10)
    journal.add(1, 'info', 'open')
    for (let at = 2; at <= 1_000; at += 1) journal.add(at, 'warn', 'message dropped')
    expect(journal.entries).to.deep.equal([
      { id: 1, at: 1, level: 'info', text: 'open', times: 1 },
      { id: 2, at: 1_000, level: 'warn', text: 'message dropped', times: 999 },
    ])
  })

  it('keeps only the latest entries', () => {
    const journal = new Journal(3)
    for (let at = 1; at <= 100; at += 1) journal.add(at, 'bad', `error ${at}`)
    expect(journal.entries.map(({ text }) => text)).to.deep.equal(['error 98', 'error 99', 'error 100'])
  })

  it('shortens and escapes texts, which can come from the server', () => {
    const journal = new Journal(3)
    journal.add(1, 'bad', `\u001b[2J\u202e${'x'.repeat(10_000)}`)
    const [{ text } = { text: '' }] = journal.entries
    expect(text).to.match(/^\\u001b\[2J\\u202ex+…$/)
    expect(text.length).to.be.below(600)
  })

  it('reports each entry as changed once, and again when its count changes', () => {
    const journal = new Journal(3)
    journal.add(1, 'info', 'a')
    journal.add(1, 'info', 'b')
    expect(journal.takeChanges().map(({ text }) => text)).to.deep.equal(['a', 'b'])
    expect(journal.takeChanges()).to.deep.equal([])
    journal.add(2, 'info', 'b')
    expect(journal.takeChanges()).to.deep.equal([{ id: 2, at: 2, level: 'info', text: 'b', times: 2 }])
  })
})
