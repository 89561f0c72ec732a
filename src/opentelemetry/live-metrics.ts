import { liveConnections } from '../diagnostics/live-connections.js'
import type { ConnectionSnapshot } from '../diagnostics/live-connections.js'
import { clientAttributes } from './attributes.js'
import { createObservableInstruments } from './instruments.js'
import type { Stop } from './listening.js'
import type { BatchObservableResult, Meter } from './otel-api.js'

/** Reads all live connections whenever metrics are collected, so that nothing has to be counted in the meantime. */
export function readLiveConnections(meter: Meter): Stop {
  const reader = new LiveReader(meter)
  const collect = (result: BatchObservableResult): void => reader.collect(result)
  meter.addBatchObservableCallback(collect, reader.observables)
  return () => meter.removeBatchObservableCallback(collect, reader.observables)
}

/** Sums over all connections of a client. */
interface ClientSums {
  queue: number
  outbox: number
  buffered: number
  readonly states: Map<string, number>
}

class LiveReader {
  readonly #instruments: ReturnType<typeof createObservableInstruments>
  /** Sums by name of the client. A sum stays after its last connection has ended, because an SDK repeats what is not observed again. */
  readonly #clients = new Map<string, ClientSums>()

  constructor(meter: Meter) {
    this.#instruments = createObservableInstruments(meter)
  }

  get observables() {
    return Object.values(this.#instruments)
  }

  collect(result: BatchObservableResult): void {
    for (const sums of this.#clients.values()) reset(sums)
    for (const connection of liveConnections()) this.#add(connection.snapshot())
    for (const [client, sums] of this.#clients) this.#observe(result, client, sums)
  }

  #add({ client, status, queuedMessages, outboxMessages, bufferedAmount }: ConnectionSnapshot): void {
    const sums = this.#clients.get(client) ?? emptySums()
    this.#clients.set(client, sums)
    sums.queue += queuedMessages
    sums.outbox += outboxMessages
    sums.buffered += bufferedAmount
    sums.states.set(status, (sums.states.get(status) ?? 0) + 1)
  }

  #observe(result: BatchObservableResult, client: string, sums: ClientSums): void {
    const { connections, queue, outbox, buffered } = this.#instruments
    const attributes = clientAttributes({ client })
    result.observe(queue, sums.queue, attributes)
    result.observe(outbox, sums.outbox, attributes)
    result.observe(buffered, sums.buffered, attributes)
    for (const [state, count] of sums.states)
      result.observe(connections, count, { ...attributes, 'holdfast.connection.state': state })
  }
}

function emptySums(): ClientSums {
  return { queue: 0, outbox: 0, buffered: 0, states: new Map() }
}

function reset(sums: ClientSums): void {
  sums.queue = sums.outbox = sums.buffered = 0
  for (const state of sums.states.keys()) sums.states.set(state, 0)
}
