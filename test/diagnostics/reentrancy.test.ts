import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import { liveConnections } from '#src/diagnostics/live-connections.js'
import type { AttemptDiagnostic, ConnectionDiagnostic } from '#src/diagnostics/payloads.js'
import { DIAGNOSTIC_CHANNELS } from '../support/channel-names.js'
import { listenTo } from '../support/heard.js'
import { start } from '../support/rig.js'
import type { Rig } from '../support/rig.js'

/** Calls something that a closed connection refuses. */
function attempt(run: () => unknown): void {
  void new Promise((resolve) => resolve(run())).catch(() => undefined)
}

/** Something of everything: messages, requests, pauses, a handover, losses, failed attempts, and the end. */
async function live({ clock, server, witness }: Rig): Promise<void> {
  const { connection } = witness
  await clock.settle()
  for (let n = 0; n < 4; n += 1) server.peer.send({ n })
  server.peer.send('{')
  attempt(() => connection.request({ op: 'x' }, { timeout: 50 }))
  attempt(() => connection.send('text'))
  attempt(() => witness.heartbeat.ping())
  await clock.advance(100)
  attempt(() => connection.reconnect({ overlap: true }))
  await clock.settle()
  server.peer.send({ n: 9 })
  server.peer.drop()
  attempt(() => connection.send('waiting'))
  await clock.settle()
  server.onAttempt = (peer) => peer.refuse()
  await clock.advance(30_000)
  server.onAttempt = (peer) => peer.accept()
  await clock.advance(60_000)
  for (const peer of server.peers) if (peer.isOpen) peer.close(4_001, 'bye')
  await clock.advance(60_000)
  await connection.close()
  await clock.advance(60_000)
}

type Action = (rig: Rig) => unknown

const actions: Readonly<Record<string, Action>> = {
  'close()': ({ witness }) => void witness.connection.close(),
  'terminate()': ({ witness }) => void witness.connection.terminate(),
  'reconnect()': ({ witness }) => attempt(() => witness.connection.reconnect({ overlap: true })),
}

/** Lives through everything, and acts inside the nth event of a channel. */
async function lifeWith(channel: string, nth: number, act: Action) {
  using heard = listenTo('holdfast:attempt', 'holdfast:close', 'holdfast:state', 'holdfast:delay')
  let events = 0
  const gate = deferred<undefined>()
  const hooks = { message: () => (events === 0 ? undefined : gate.promise) }
  const rig = start({ highWaterMark: 1, concurrency: 1 }, hooks)
  rig.starting.catch(() => undefined)
  const listener = (data: unknown): void => {
    if ((data as ConnectionDiagnostic).connection !== rig.witness.connection.id) return
    events += 1
    if (events === nth) act(rig)
  }
  subscribe(channel, listener)
  try {
    const { id } = rig.witness.connection
    const living = live(rig)
    await rig.clock.advance(5_000)
    gate.resolve(undefined)
    await living
    const all = heard.events.map((event, index) => ({ channel: heard.channels[index], event }))
    return { heard: all.filter(({ event }) => event.connection === id), id, events, rig }
  } finally {
    unsubscribe(channel, listener)
  }
}

describe('A subscriber', () => {
  for (const [name, act] of Object.entries(actions)) {
    for (const channel of DIAGNOSTIC_CHANNELS) {
      it(`can call ${name} inside ${channel}`, async () => {
        for (const nth of [1, 2, 3, 4, 5, 7]) {
          const { heard, id, events, rig } = await lifeWith(channel, nth, act)
          if (events < nth) break
          const place = `event ${nth} of ${channel}`
          expect(rig.witness.connection.state.status, place).to.equal('closed')
          expect(
            [...liveConnections()].map((live) => live.id),
            place,
          ).to.not.include(id)
          expect(rig.server.live, place).to.equal(0)
          const of = (wanted: string) =>
            heard.filter((each) => each.channel === wanted).map(({ event }) => event)
          const attempts = of('holdfast:attempt') as AttemptDiagnostic[]
          const opened = attempts
            .filter(({ error }) => !error)
            .map(({ connectionNumber }) => connectionNumber)
          const closed = of('holdfast:close').map(({ connectionNumber }) => connectionNumber)
          expect(closed.toSorted(), place).to.deep.equal(opened)
          // An attempt can be canceled before it connects.
          expect(attempts.length, place).to.be.at.least(rig.server.peers.length)
        }
      })
    }
  }
})
