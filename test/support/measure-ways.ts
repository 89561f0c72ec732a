import inspector from 'node:inspector'
import { Socket } from 'node:net'
import { OnMessage, OnStateChange, WebSocketClient, bootstrap } from 'holdfast'
import type { ConnectionState } from 'holdfast'
import { startTestServer } from 'holdfast/testing'

// Runs as a separate process, because it resets the coverage that others measure. It sends a message in each direction over a real
// socket, then loses the link, and prints which files of src take part.

/** The output of this program. Paths are relative to `src`. */
export interface MeasuredWays {
  /** From the socket to the user's method: the file of each stack frame, and every file that ran. */
  readonly receive: { readonly stack: readonly string[]; readonly files: readonly string[] }
  /** From `sendJson` to the socket: the stacks during the call and at the end of the turn. */
  readonly send: {
    readonly stacks: readonly (readonly string[])[]
    readonly files: readonly string[]
  }
  /** From the end of the socket to `@OnStateChange` with the status `waiting`. */
  readonly loss: { readonly files: readonly string[] }
}

Error.stackTraceLimit = 100

/** Returns the file of each of our stack frames, outermost first. */
function stackHere(): string[] {
  const lines = new Error().stack?.split('\n') ?? []
  return lines.flatMap((line) => /[/]dist[/](.*)[.]js:/.exec(line)?.[1] ?? []).reverse()
}

const session = new inspector.Session()
session.connect()
session.post('Profiler.enable')

/** Returns the files with a function that ran since the last call, except the test server. */
function filesRun(): string[] {
  let files: string[] = []
  session.post('Profiler.takePreciseCoverage', (error, taken) => {
    if (error) throw error
    files = taken.result
      .filter(({ functions }) =>
        functions.some(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0),
      )
      .flatMap(({ url }) => /[/]dist[/](?!testing[/])(.*)[.]js$/.exec(url)?.[1] ?? [])
  })
  return files.sort()
}

/** Called when a message or a loss reaches its end. */
const at = { message: (): void => undefined, waiting: (): void => undefined, write: (): void => undefined }

@WebSocketClient()
class Traveller {
  @OnMessage('hello')
  hello(): void {
    at.message()
  }

  @OnStateChange()
  changed({ status }: ConnectionState): void {
    if (status === 'waiting') at.waiting()
  }
}

const server = await startTestServer()
const client = await bootstrap(Traveller, server.url, { logger: false })
const { socket } = await server.connection(1)

/** Sends a message to the client, and returns the result of `look`, which is called in the user's method. */
function receive<T>(look: () => T): Promise<T> {
  return new Promise((resolve) => {
    at.message = () => resolve(look())
    socket.send('{"type":"hello"}')
  })
}

/** Sends a message to the server, and waits until it arrives. */
async function send(): Promise<void> {
  const arrived = new Promise((resolve) => {
    socket.once('message', resolve)
  })
  void client.connection.sendJson({ type: 'hello' })
  await arrived
}

/** Returns the stacks of each write to the socket during `run`, and of the calls that defer a write to the end of the turn. */
async function stacksAtSocket(run: () => Promise<void>): Promise<string[][]> {
  const stacks: string[][] = []
  const { cork, write } = Socket.prototype
  Socket.prototype.cork = function noted() {
    stacks.push(stackHere())
    cork.call(this)
  }
  Socket.prototype.write = function noted(this: Socket, ...args: Parameters<typeof write>) {
    stacks.push(stackHere())
    return write.apply(this, args)
  } as typeof write
  await run()
  Object.assign(Socket.prototype, { cork, write })
  return stacks.filter((stack) => stack.length > 0)
}

// The first message creates what is created on first use, so the second one is measured.
await receive(() => undefined)
await send()

const stack = await receive(stackHere)
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
filesRun()
const received = await receive(filesRun)
filesRun()
await send()
const sent = filesRun()
session.post('Profiler.stopPreciseCoverage')
const stacks = await stacksAtSocket(send)
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
filesRun()
const lost = await new Promise<string[]>((resolve) => {
  at.waiting = () => resolve(filesRun())
  socket.terminate()
})
const ways: MeasuredWays = {
  receive: { stack, files: received },
  send: { stacks, files: sent },
  loss: { files: lost },
}
console.log(JSON.stringify(ways))
await client.close()
await server.close()
session.disconnect()
