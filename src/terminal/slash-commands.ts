/** A typed line: a message, or a command with its arguments. */
export type TypedInput =
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'ping' | 'reconnect' | 'state' | 'help' | 'quit' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'mistake'; readonly text: string }

interface CommandRow {
  readonly usage: string
  readonly help: string
}

const COMMANDS: Readonly<Record<string, CommandRow>> = {
  ping: { usage: '/ping', help: 'send a ping, and show the round trip' },
  close: { usage: '/close [code] [reason]', help: 'close the connection (default: 1000), and quit' },
  reconnect: { usage: '/reconnect', help: 'close the connection, and open a new one' },
  state: { usage: '/state', help: 'show the state of the connection' },
  help: { usage: '/help', help: 'show this list' },
  quit: { usage: '/quit', help: 'quit, like Ctrl+D' },
}

const NOTES = [
  '  //text                  send "/text"',
  '  JSON can take several lines. An empty line ends it early.',
]

/** Returns the lines of `/help`. */
export function commandHelp(): readonly string[] {
  return [...Object.values(COMMANDS).map(({ usage, help }) => `  ${usage.padEnd(24)}${help}`), ...NOTES]
}

/** Reads a typed line. A line that starts with a slash is a command. */
export function parseTyped(line: string): TypedInput {
  if (line.startsWith('//')) return { kind: 'message', text: line.slice(1) }
  if (!line.startsWith('/')) return { kind: 'message', text: line }
  const [, name = '', rest = ''] = /^[/](\S*)\s*(.*)$/.exec(line) ?? []
  switch (name) {
    case 'close':
      return parseClose(rest)
    case 'ping':
    case 'reconnect':
    case 'state':
    case 'help':
    case 'quit':
      return { kind: name }
    default:
      return {
        kind: 'mistake',
        text: `Unknown command /${name}. Type /help for a list, or //${name} to send it`,
      }
  }
}

function parseClose(text: string): TypedInput {
  const [, digits = '1000', reason = ''] = /^(?:(\d+)(?:\s+|$))?(.*)$/.exec(text) ?? []
  return { kind: 'close', code: Number(digits), reason }
}
