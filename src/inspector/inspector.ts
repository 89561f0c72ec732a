import { isIPv6 } from 'node:net'
import { backgroundClock } from '../core/clock.js'
import { reasonOf } from '../core/error-text.js'
import { liveConnections } from '../diagnostics/live-connections.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { isLoopback } from './access.js'
import { Collector } from './collector.js'
import { PageServer } from './page-server.js'
import { Streams } from './streams.js'

/** Options of {@link startInspector}. */
export interface InspectorOptions {
  /**
   * TCP port to listen on. 0 selects a free port.
   *
   * @default 0
   */
  readonly port?: number | undefined
  /**
   * Address or host name to listen on. Any other than one of the loopback interface needs a `token`.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * Secret that is required to read the page. Open the page with `?token=…`, or send it in the header `Authorization: Bearer …`.
   *
   * @default undefined, which allows everyone who can connect to the loopback interface
   */
  readonly token?: string | undefined
}

/** A running inspector. Create it with {@link startInspector}. */
export class Inspector {
  /** URL of the page, without the token. */
  readonly url: string
  readonly #stop: () => Promise<void>
  #stopped: Promise<void> | undefined

  /** @internal */
  constructor(url: string, stop: () => Promise<void>) {
    this.url = url
    this.#stop = stop
  }

  /** Disconnects all pages, stops listening, and forgets everything that was collected. Calling it again has no effect. */
  close(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Calls {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Starts the inspector: a read-only page that shows all connections of this process. From then on, it collects what the connections
 * publish, in bounded memory. It does not keep the process alive.
 *
 * @throws StartupError if an option is invalid, if another host is given without a token, or if the port is not free
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { port = 0, host = '127.0.0.1', token } = options
  const mistakes = mistakesIn(port, host, token)
  if (mistakes.length > 0) throw new StartupError('the inspector', mistakes)

  const collector = new Collector(backgroundClock, liveConnections())
  const streams = new Streams(backgroundClock, collector)
  const server = new PageServer(token, streams)
  const url = await urlOf(server, host, port)
  collector.start()
  streams.start()
  return new Inspector(url, async () => {
    streams.stop()
    collector.stop()
    await server.close()
  })
}

async function urlOf(server: PageServer, host: string, port: number): Promise<string> {
  try {
    const { address, port: actual } = await server.listen(host, port)
    // A browser cannot open an unspecified address.
    const shown = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
    return `http://${isIPv6(shown) ? `[${shown}]` : shown}:${actual}/`
  } catch (thrown) {
    const cause = `cannot listen on ${host}:${port}: ${reasonOf(thrown)}`
    const fix = 'pass another port or host, or port: 0 for any free port'
    throw new StartupError('the inspector', [{ place: 'options.port', cause, fix }], { cause: thrown })
  }
}

function mistakesIn(port: number, host: string, token: string | undefined): Mistake[] {
  const mistakes: Mistake[] = []
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535
  if (!isPort) {
    const cause = `expected a port from 0 to 65535, received ${String(port)}`
    mistakes.push({ place: 'options.port', cause, fix: 'use 0 for any free port' })
  }
  if (token === '') {
    const fix = 'pass a random string, for example from crypto.randomUUID(), or remove the option'
    mistakes.push({ place: 'options.token', cause: 'is empty', fix })
  }
  if (token === undefined && !isLoopback(host)) {
    const cause = `"${host}" is not a loopback address, so others could read the page`
    const fix = 'pass a token: startInspector({ host, token: process.env.INSPECTOR_TOKEN }), or remove host'
    mistakes.push({ place: 'options.host', cause, fix })
  }
  return mistakes
}
