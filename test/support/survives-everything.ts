import { bootstrap, OnBinary, OnClose, OnError, OnMessage, OnOpen, OnPing, OnStateChange } from 'holdfast'
import type { ConnectionContext } from 'holdfast'

// Runs as a separate process with --unhandled-rejections=strict. Whatever throws, rejects or drops, no rejection may be
// unhandled. It prints a count of what happened.

const seen: Record<string, number> = {}

function stumble(where: string): never {
  seen[where] = (seen[where] ?? 0) + 1
  throw new Error(`stumbled in ${where}`)
}

class Stumbling {
  @OnOpen()
  opened({ connectionNumber }: { connectionNumber: number }, { connection }: ConnectionContext): void {
    seen['open'] = connectionNumber
    // Nothing awaits these, and they all fail.
    void connection.send('unawaited')
    connection.waitFor(() => false).catch(() => undefined)
    if (connectionNumber === 2) throw new Error('stumbled in @OnOpen')
  }

  @OnMessage('sync')
  sync(): void {
    stumble('sync')
  }

  @OnMessage('async')
  async async(): Promise<void> {
    await Promise.resolve()
    stumble('async')
  }

  @OnMessage('late')
  async late(_message: unknown, { signal }: ConnectionContext): Promise<unknown> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    return 'a reply after the end'
  }

  @OnMessage('stream')
  async *stream(): AsyncGenerator {
    yield 'an item'
    await Promise.resolve()
    stumble('stream')
  }

  @OnMessage('accident')
  accident(): unknown {
    seen['accident'] = (seen['accident'] ?? 0) + 1
    return 42
  }

  @OnBinary()
  async binary(): Promise<void> {
    await Promise.resolve()
    stumble('binary')
  }

  @OnPing()
  async pinged(): Promise<void> {
    await Promise.resolve()
    stumble('ping')
  }

  @OnStateChange()
  async changed(): Promise<void> {
    await Promise.resolve()
    stumble('state change')
  }

  @OnError()
  async failed(): Promise<void> {
    await Promise.resolve()
    stumble('error')
  }

  @OnClose()
  async closed(): Promise<void> {
    await Promise.resolve()
    stumble('close')
  }
}

const url = process.argv[2] as string
const reconnect = { delays: [0], initialDelay: 0 }
const client = await bootstrap(Stumbling, url, { logger: false, reconnect })
// An attempt that fails for good, and a close() that is not awaited.
void bootstrap(Stumbling, url.replace(/^ws:/, 'wss:'), { logger: false, reconnect: false }).catch(() =>
  stumbleQuietly(),
)
const { code } = await client.closed
void client.close()
console.log(JSON.stringify({ ...seen, code }))

function stumbleQuietly(): void {
  seen['refused'] = 1
}
