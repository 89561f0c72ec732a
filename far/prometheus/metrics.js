import { subscribe } from 'node:diagnostics_channel'
import { Counter, Gauge, Histogram } from 'prom-client'

/**
 * Registers the metrics of all connections in the process, and those of one application.
 *
 * @param {import('holdfast').Application} app
 */
export function watch(app) {
  new Gauge({
    name: 'ws_connections',
    help: 'Connections by client and status.',
    labelNames: ['client', 'status'],
    collect() {
      this.reset()
      for (const { name, connection } of app.clients)
        this.inc({ client: name, status: connection.state.status })
    },
  })
  new Gauge({
    name: 'ws_buffered_bytes',
    help: 'Bytes that wait to be sent.',
    labelNames: ['client'],
    collect() {
      this.reset()
      for (const { name, connection } of app.clients) this.inc({ client: name }, connection.bufferedAmount)
    },
  })

  const frames = new Counter({
    name: 'ws_received_bytes_total',
    help: 'Payload of the received frames.',
    labelNames: ['client'],
  })
  subscribe('holdfast:frame', ({ client, direction, bytes }) => {
    if (direction === 'receive') frames.inc({ client }, bytes)
  })

  const attempts = new Histogram({
    name: 'ws_connect_seconds',
    help: 'Duration of the attempts to connect.',
    labelNames: ['client', 'error'],
  })
  subscribe('holdfast:attempt', ({ client, duration, error }) => {
    attempts.observe({ client, error: error?.code ?? error?.name ?? '' }, duration / 1_000)
  })

  const drops = new Counter({
    name: 'ws_dropped_messages_total',
    help: 'Messages that never reached a handler or a socket.',
    labelNames: ['client', 'reason'],
  })
  subscribe('holdfast:drop', ({ client, reason, count }) => drops.inc({ client, reason }, count))
}
