import { parseArgs } from 'node:util'

/** Settings from the command line. Times are in milliseconds. */
export interface Settings {
  /** Inspector to attach to. If not set, the app starts a sample process. */
  readonly inspectorUrl?: string
  /** Market feed to follow. If not set, the app starts a small server. */
  readonly marketUrl?: string
  /** Time after which the app ends. If not set, the app runs until Ctrl-C. */
  readonly duration?: number
  /** Time after which the sample process is restarted. */
  readonly restartAfter: number
  /** True if the app serves a page that shows both connections. */
  readonly isPageWanted: boolean
  readonly isHelpWanted: boolean
}

export const HELP = `Watches a Node process through its inspector, and follows a market feed.
Both connections use Holdfast.

  npm start                          sample process and built-in market server
  npm start -- ws://127.0.0.1:9229   process that runs under node --inspect
  npm start -- --market wss://ws-feed.exchange.coinbase.com
  npm start -- --page                shows both connections in your browser, too

  --for 10s        end after this time (ms, s or m) instead of with Ctrl-C
  --market <url>   follow this feed, which must use Coinbase's public protocol
  --page           serve Holdfast's live page, and print its address
  --restart 4s     restart the sample process after this time (default: 4s)
  --help           show this help
`

/** Thrown if the command line is invalid. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws UsageError if the command line is invalid
 */
export function readSettings(args: readonly string[]): Settings {
  const { values, positionals } = parse(args)
  const [inspectorUrl, surplus] = positionals
  if (surplus !== undefined)
    throw new UsageError(`Unexpected argument '${surplus}': only one inspector URL is allowed`)
  return {
    inspectorUrl: webSocketUrl(inspectorUrl),
    marketUrl: webSocketUrl(values.market),
    duration: values.for === undefined ? undefined : milliseconds('for', values.for),
    restartAfter: milliseconds('restart', values.restart),
    isPageWanted: values.page,
    isHelpWanted: values.help,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        for: { type: 'string' },
        market: { type: 'string' },
        page: { type: 'boolean', default: false },
        restart: { type: 'string', default: '4s' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function webSocketUrl(text: string | undefined): string | undefined {
  if (text === undefined || /^wss?:\/\//.test(URL.canParse(text) ? text : '')) return text
  throw new UsageError(`'${text}' is not a WebSocket URL. Use ws:// or wss://`)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

function milliseconds(option: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  if (amount === undefined)
    throw new UsageError(`--${option} expects a time such as 500ms, 10s or 2m, received '${text}'`)
  return Number(amount) * (UNITS[unit ?? ''] ?? 1)
}
