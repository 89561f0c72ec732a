import { parseUrl } from '../core/url.js'
import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import type { ConnectionParts } from './connection-parts.js'

/** Facts that change only with the URL. */
interface Known extends Omit<ConnectionDiagnostic, 'class' | 'connectionNumber'> {
  readonly url: string | undefined
}

/** Facts by connection. perf: outside the connections, so that those that nobody observes cost nothing. */
const known = new WeakMap<ConnectionParts, Known>()

/** Returns the facts of every diagnostic. Parses each URL only once. */
export function factsOf(connection: ConnectionParts, connectionNumber: number): ConnectionDiagnostic {
  const { url } = connection.links
  let facts = known.get(connection)
  if (facts?.url !== url || !facts) {
    facts = createFacts(connection, url)
    known.set(connection, facts)
  }
  const { connection: id, client, serverAddress, serverPort } = facts
  const target = connection.listener?.target ?? ''
  return { connection: id, client, class: target, serverAddress, serverPort, connectionNumber }
}

function createFacts({ id }: ConnectionParts, url: string | undefined): Known {
  const server = url === undefined ? NOWHERE : serverOf(url)
  return { url, connection: id, client: id.replace(/#\d+$/, ''), ...server }
}

type Server = Pick<ConnectionDiagnostic, 'serverAddress' | 'serverPort'>

const NOWHERE: Server = { serverAddress: undefined, serverPort: undefined }

/** Returns the host and port of a URL or, for a Unix socket, its path. */
function serverOf(url: string): Server {
  const parsed = parseUrl(url)
  if (!parsed) return NOWHERE
  const { protocol, hostname, pathname, port } = parsed
  if (protocol === 'ws+unix:') return { serverAddress: pathname.split(':', 1)[0], serverPort: undefined }
  const standard = protocol === 'wss:' ? 443 : 80
  return {
    serverAddress: hostname.replace(/^\[|\]$/g, ''),
    serverPort: port === '' ? standard : Number(port),
  }
}
