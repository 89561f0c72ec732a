import type { AttemptInfo } from 'holdfast'

/** A process with an inspector. Its URL is looked up for every attempt, because it changes whenever the process restarts. */
export abstract class InspectorTarget {
  abstract url(attempt: AttemptInfo): Promise<string>
}

/** A process that this app did not start. */
export class AttachedTarget extends InspectorTarget {
  readonly #given: URL

  /** @param given a URL with or without the path of a socket */
  constructor(given: string) {
    super()
    this.#given = new URL(given)
  }

  /** Uses the given URL once. If that fails, the process may have been restarted, so the URL is looked up. */
  async url({ attempt, isReconnect, signal }: AttemptInfo): Promise<string> {
    const isFirst = attempt === 1 && !isReconnect
    return isFirst && this.#given.pathname !== '/' ? this.#given.href : findSocketUrl(this.#given, signal)
  }
}

/**
 * Requests the URL of an inspector's socket.
 *
 * @param inspector WebSocket URL. Only its host and port are used
 * @throws Error if there is no inspector, or nothing to inspect
 */
export async function findSocketUrl(inspector: URL, signal: AbortSignal): Promise<string> {
  const list = new URL('/json/list', inspector)
  list.protocol = inspector.protocol === 'wss:' ? 'https:' : 'http:'
  const response = await fetch(list, { signal }).catch((cause: unknown) => {
    throw new Error(`no inspector is listening at ${list.host}`, { cause })
  })
  if (!response.ok) throw new Error(`${list.href} returned HTTP ${response.status}: is this an inspector?`)
  const [target] = (await response.json()) as readonly { readonly webSocketDebuggerUrl?: string }[]
  if (!target?.webSocketDebuggerUrl) throw new Error(`${list.href} lists no process to inspect`)
  return target.webSocketDebuggerUrl
}
