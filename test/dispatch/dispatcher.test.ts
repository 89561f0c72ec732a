import { expect } from 'chai'
import { ready } from '../support/rig.js'

describe('Dispatcher', () => {
  it('tells of each transition in turn, the next one when @OnStateChange has settled', async () => {
    const begun: string[] = []
    const releases: (() => void)[] = []
    const { client, clock } = await ready(
      {},
      {
        state: ({ status }) => {
          begun.push(status)
          return new Promise<void>((resolve) => releases.push(resolve))
        },
      },
    )
    void client.connection.close()
    await clock.settle()
    expect(begun).to.deep.equal(['open'])
    releases[0]?.()
    await clock.settle()
    expect(begun).to.deep.equal(['open', 'closing'])
    releases[1]?.()
    await clock.settle()
    expect(begun).to.deep.equal(['open', 'closing', 'closed'])
  })

  it('reports what @OnStateChange throws, now or later, and goes on', async () => {
    const { client, witness } = await ready(
      {},
      {
        state: ({ status }) => {
          if (status === 'open') throw new Error('now')
          return Promise.reject(new Error('later'))
        },
      },
    )
    await client.close()
    expect(witness.errors.map(({ error, context }) => [context.stage, error.message])).to.deep.equal([
      ['handle', 'now'],
      ['handle', 'later'],
      ['handle', 'later'],
    ])
  })
})
