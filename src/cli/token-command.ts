import { spawn } from 'node:child_process'

/**
 * Runs a shell command, and returns its output without surrounding white space. The command writes its errors to our standard error.
 *
 * @param signal terminates the command when the attempt is abandoned
 * @throws Error if the command fails, or doesn't print exactly one line; the error doesn't contain its output
 */
export function outputOf(command: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'], signal })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      const output = Buffer.concat(chunks).toString().trim()
      if (code !== 0)
        reject(new Error(`--token-command failed with ${code === null ? killedBy : `exit code ${code}`}`))
      else if (output === '') reject(new Error('--token-command printed no token'))
      else if (/[\r\n]/.test(output))
        reject(new Error('--token-command printed several lines. It must print only the token'))
      else resolve(output)
    })
  })
}
