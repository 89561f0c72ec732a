#!/usr/bin/env node
// The `holdfast` command. scripts/bundle.js bundles it into one file, which starts in half the time.
import { readFileSync } from 'node:fs'
import { ExitCode } from './ending.js'
import { main } from './main.js'

const SIGNALS = { SIGINT: ExitCode.INTERRUPTED, SIGTERM: ExitCode.TERMINATED } as const

/** Calls the listener on the first signal. The second signal ends the process. */
function onSignal(listener: (exitCode: number) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    let isFirst = true
    process.on(signal, () => {
      if (!isFirst) process.exit(SIGNALS[signal])
      isFirst = false
      listener(SIGNALS[signal])
    })
  }
}

/** Returns the version in package.json. */
function version(): string {
  const path = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

const { stdin: input, stdout: output, stderr: errors, env: environment } = process
void main(process.argv.slice(2), version, { input, output, errors, environment, onSignal }).then((code) => {
  // The input can still be open.
  process.exit(code)
})
