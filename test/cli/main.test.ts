import { expect } from 'chai'
import { CommandWorld } from '../support/command-host.js'

describe('main', () => {
  it('prints the version', async () => {
    const world = new CommandWorld()
    expect(await world.run(['--version'])).to.equal(0)
    expect(world.stdout).to.equal('1.2.3\n')
  })

  it('prints the options', async () => {
    const world = new CommandWorld()
    expect(await world.run(['--help'])).to.equal(0)
    expect(world.stdout).to.match(/^Usage: /)
  })

  it('reports mistakes on standard error, escaped', async () => {
    const world = new CommandWorld()
    expect(await world.run(['--wait', '\x1b', 'ws://127.0.0.1:1'])).to.equal(2)
    expect(world.stdout).to.equal('')
    expect(world.stderr).to.include("received '\\u001b'").and.include('Run holdfast --help for all options\n')
  })
})
