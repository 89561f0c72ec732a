import { parseArgs } from 'node:util'

/** What the command line asks for. Times are milliseconds. */
export interface Settings {
  /** The inspector to attach to; without one the app starts a workload of its own. */
  readonly inspectorUrl?: string
  /** The market feed to follow; without one the app starts a small server of its own. */
  readonly marketUrl?: string
  /** When to end; without it the app runs until Ctrl-C. */
  readonly duration?: number
  /** When to restart the workload. */
  readonly restartAfter: number
  readonly isHelpWanted: boolean
}

export const HELP = `Watches a Node process through its inspector, and a market feed, both over Holdfast.

  npm start                            a workload and a market server of the app's own
  npm start -- ws://127.0.0.1:9229     attach to the inspector of any process started with node --inspect
  npm start -- --market wss://ws-feed.exchange.coinbase.com

  --for 10s        end after this time (ms, s or m); else Ctrl-C ends it
  --market <url>   follow this feed, which speaks Coinbase's public protocol
  --restart 4s     when to restart the workload, to show a reconnect (default 4s)
  --help           show this
`

/** The command line says something that the app does not understand. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws UsageError saying what to type instead
 */
export function readSettings(args: readonly string[]): Settings {
  const { values, positionals } = parse(args)
  const [inspectorUrl, surplus] = positionals
  if (surplus !== undefined)
    throw new UsageError(`There is one inspector to attach to: what is '${surplus}'?`)
  return {
    inspectorUrl: webSocketUrl(inspectorUrl),
    marketUrl: webSocketUrl(values.market),
    duration: values.for === undefined ? undefined : milliseconds('for', values.for),
    restartAfter: milliseconds('restart', values.restart),
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
  throw new UsageError(`'${text}' is no WebSocket url: it begins with ws:// or wss://`)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

function milliseconds(option: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  if (amount === undefined)
    throw new UsageError(`--${option} takes a time such as 500ms, 10s or 2m, and not '${text}'`)
  return Number(amount) * (UNITS[unit ?? ''] ?? 1)
}
