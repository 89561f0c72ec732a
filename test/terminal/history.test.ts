import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { History, historyPath } from '#src/terminal/history.js'

describe('historyPath', () => {
  it('is in XDG_STATE_HOME or, by default, in ~/.local/state', () => {
    expect(historyPath({ XDG_STATE_HOME: '/state', HOME: '/h' })).to.equal('/state/holdfast/history')
    expect(historyPath({ XDG_STATE_HOME: 'relative', HOME: '/h' })).to.equal(
      '/h/.local/state/holdfast/history',
    )
    expect(historyPath({})).to.equal(join(homedir(), '.local/state/holdfast/history'))
  })
})

describe('History', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  let number = 0
  let path: string

  beforeEach(() => {
    number += 1
    path = join(folder, String(number), 'holdfast', 'history')
  })
  after(() => rmSync(folder, { recursive: true }))

  it('returns entries of earlier sessions, newest first', () => {
    const first = new History(path)
    first.add('one')
    first.add('two')
    expect(first.entries).to.deep.equal(['two', 'one'])
    expect(new History(path).entries).to.deep.equal(['two', 'one'])
  })

  it('writes a file that only the user can read', () => {
    new History(path).add('one')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).to.equal(0o700)
  })

  it('keeps a message of several lines on one line', () => {
    new History(path).add('{\n  "a": 1\n}')
    expect(readFileSync(path, 'utf8')).to.equal('{ "a": 1 }\n')
  })

  it('leaves out lines that start with a space, empty lines, and repetitions', () => {
    const history = new History(path)
    for (const line of ['one', ' secret', '', 'one']) history.add(line)
    expect(history.entries).to.deep.equal(['one'])
  })

  it('keeps 1,000 entries, and shortens a file twice as long', () => {
    new History(path).add('first')
    writeFileSync(path, Array.from({ length: 2_001 }, (_, index) => `${index}\n`).join(''))
    const { entries } = new History(path)
    expect([entries.length, entries[0], entries.at(-1)]).to.deep.equal([1_000, '2000', '1001'])
    expect(readFileSync(path, 'utf8').split('\n')).to.have.length(1_001)
  })

  it('works in memory without a path, and if the file cannot be written', () => {
    const blocked = join(folder, 'file')
    writeFileSync(blocked, '')
    for (const history of [new History(undefined), new History(join(blocked, 'history'))]) {
      history.add('one')
      expect(history.entries).to.deep.equal(['one'])
    }
  })
})
