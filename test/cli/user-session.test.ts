import { expect } from 'chai'
import type { ConnectionState } from 'holdfast'
import { describeState } from '#src/cli/user-session.js'

const close = {
  code: 1000,
  reason: '',
  wasClean: true,
  initiator: 'local',
  willReconnect: false,
  unsentBytes: 0,
  connectionNumber: 1,
} as const

describe('describeState', () => {
  const STATES: readonly (readonly [ConnectionState, string])[] = [
    [{ status: 'connecting', attempt: 2 }, 'connecting, attempt 2'],
    [
      { status: 'waiting', attempt: 3, delay: 1_500, cause: new Error('x') },
      'waiting 1.5 s before attempt 3',
    ],
    [{ status: 'opening', connectionNumber: 1, protocol: '' }, 'opening, connection 1'],
    [{ status: 'open', connectionNumber: 1, protocol: 'v1' }, 'open, connection 1, subprotocol v1'],
    [{ status: 'closing', initiator: 'local', code: 1000, reason: '' }, 'closing'],
    [{ status: 'closed', close }, 'closed'],
  ]
  for (const [state, text] of STATES) {
    it(`describes ${state.status} as "${text}"`, () => {
      expect(describeState(state)).to.equal(text)
    })
  }
})
