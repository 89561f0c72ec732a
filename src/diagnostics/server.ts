import { parseUrl } from '../core/url.js'
import type { ConnectionDiagnostic } from './payloads.js'

/** Server of a diagnostic. */
type Server = Pick<ConnectionDiagnostic, 'serverAddress' | 'serverPort'>

/** Servers by connection. perf: outside the connections, so that those without diagnostics cost nothing. */
const servers = new WeakMap<object, { readonly url: string; readonly server: Server }>()

const NOWHERE: Server = { serverAddress: undefined, serverPort: undefined }

/** Returns the server that a connection connects to. Parses each URL only once. */
export function serverOf(connection: object, url: string | undefined): Server {
  if (url === undefined) return NOWHERE
  const known = servers.get(connection)
  if (known?.url === url) return known.server
  const server = serverIn(url)
  servers.set(connection, { url, server })
  return server
}

/** Returns the host and port of a URL or, for a Unix socket, its path. */
function serverIn(url: string): Server {
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
