import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { trustingEnvironment } from './certificate.js'

const SERVER = fileURLToPath(new URL('server/load-server.js', import.meta.url))
const CLIENT = fileURLToPath(new URL('client-process.js', import.meta.url))

/** Time limit of one client, in milliseconds. */
const PATIENCE = 120_000

const PIN = await hasProgram('taskset', ['--version'])

/** Turns off the native additions of `ws`, which would influence the result if they are installed. */
const ENVIRONMENT = {
  ...process.env,
  ...trustingEnvironment(),
  WS_NO_BUFFER_UTIL: '1',
  WS_NO_UTF_8_VALIDATE: '1',
  NODE_ENV: 'production',
}

/** Whether the server and the clients run on different cores. */
export const isPinned = PIN && availableParallelism() > 1

/** Resolves with `true` if a program exists and exits with 0. */
export async function hasProgram(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Starts a program on one core. `sh` raises the limit of open files for ten thousand sockets. */
function start(command, core, stdio) {
  const pinned = isPinned ? ['taskset', '-c', String(core), ...command] : command
  const script = 'ulimit -n $(ulimit -Hn) 2>/dev/null; exec "$@"'
  return spawn('sh', ['-c', script, 'sh', ...pinned], { env: ENVIRONMENT, stdio })
}

/** Starts the load server. It ends when `stop` is called or this process ends. */
export async function startServer() {
  const child = start([process.execPath, SERVER], 0, ['ignore', 'inherit', 'inherit', 'ipc'])
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The load server ended with ${code}`)
  })
  ended.catch(() => undefined)
  const [ports] = await Promise.race([once(child, 'message'), ended])
  return { ...ports, stop: () => child.disconnect() }
}

/** Runs one client in a new process and resolves with its last line of output, parsed as JSON. */
export async function runClient(spec, program = [process.execPath, '--expose-gc', CLIENT]) {
  const child = start([...program, JSON.stringify(spec)], 1, ['ignore', 'pipe', 'pipe'])
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (errors += data))
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  const who = `${spec.client} (${spec.workload} ${spec.cell})`
  if (code !== 0) throw new Error(`${who} ended with ${code ?? signal}:\n${errors}${output}`)
  return JSON.parse(output.trimEnd().split('\n').at(-1))
}
