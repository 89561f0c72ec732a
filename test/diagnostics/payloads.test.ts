import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { DIAGNOSTIC_CHANNELS } from '../support/channel-names.js'
import { listenTo } from '../support/heard.js'
import { readDocument, tableBelow } from '../support/markdown.js'
import { ready } from '../support/rig.js'

const page = readDocument('docs/telemetry.md')
const named = (cell = ''): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)

describe('docs/telemetry.md', () => {
  it('lists every channel, in the order of the type', () => {
    const channels = tableBelow(page, '<!-- channels -->').map(({ channel = '' }) =>
      channel.replaceAll('`', ''),
    )
    expect(channels).to.deep.equal(DIAGNOSTIC_CHANNELS)
  })

  it('lists the properties of what channels publish', async () => {
    using heard = listenTo('holdfast:state', 'holdfast:frame', 'holdfast:attempt', 'holdfast:close')
    const { witness } = await ready()
    await witness.connection.close()
    const rows = tableBelow(page, '<!-- channels -->')
    const facts = tableBelow(page, '<!-- facts -->').flatMap(({ property }) => named(property))
    for (const [index, event] of heard.events.entries()) {
      const channel = heard.channels[index] ?? ''
      const row = rows.find(({ channel: name }) => name === `\`${channel}\``)
      expect(Object.getOwnPropertyNames(event), channel).to.have.members([...facts, ...named(row?.['data'])])
    }
    expect(new Set(heard.channels).size).to.equal(4)
  })

  it('shows the recipe for Prometheus that far/prometheus tests', () => {
    expect(page).to.include(readFileSync('far/prometheus/metrics.js', 'utf8'))
  })
})
