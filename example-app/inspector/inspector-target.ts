import type { AttemptInfo } from 'holdfast'

/** A process with an inspector. Its url is asked for again at every attempt: each start of the process has another. */
export abstract class InspectorTarget {
  abstract url(attempt: AttemptInfo): Promise<string>
}

/** A process that somebody else has started. */
export class AttachedTarget extends InspectorTarget {
  readonly #given: URL

  /** @param given with the path of a socket, or only with host and port */
  constructor(given: string) {
    super()
    this.#given = new URL(given)
  }

  /** Takes the url as given, once; if that did not hold, the process may have been started anew. */
  async url({ attempt, isReconnect, signal }: AttemptInfo): Promise<string> {
    const isFirst = attempt === 1 && !isReconnect
    return isFirst && this.#given.pathname !== '/' ? this.#given.href : findSocketUrl(this.#given, signal)
  }
}

/**
 * Asks an inspector for the url of its socket.
 *
 * @param inspector a WebSocket url, of which host and port matter
 * @throws Error when there is no inspector, or nothing that it inspects
 */
export async function findSocketUrl(inspector: URL, signal: AbortSignal): Promise<string> {
  const list = new URL('/json/list', inspector)
  list.protocol = inspector.protocol === 'wss:' ? 'https:' : 'http:'
  const response = await fetch(list, { signal }).catch((cause: unknown) => {
    throw new Error(`no inspector answers at ${list.host}`, { cause })
  })
  if (!response.ok) throw new Error(`${list.href} answered ${response.status}: is it an inspector?`)
  const [target] = (await response.json()) as readonly { readonly webSocketDebuggerUrl?: string }[]
  if (!target?.webSocketDebuggerUrl) throw new Error(`${list.href} lists nothing to inspect`)
  return target.webSocketDebuggerUrl
}
