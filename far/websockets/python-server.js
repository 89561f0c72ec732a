import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Path of a file of this project. */
export function pathOf(file) {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** Starts server.py with these options. Returns its port, and stops it when disposed. */
export async function startPythonServer(options = {}) {
  const server = spawn(process.env['PYTHON'], [pathOf('server.py'), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await once(server.stdout, 'data')
  const { port } = JSON.parse(line)
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.stdin.end()
      await once(server, 'exit')
    },
  }
}
