import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.js'
import { root } from './project.js'

/** The bundled command, as npm links it. */
export const HOLDFAST = fileURLToPath(new URL('dist/cli/holdfast.cjs', root))

/** The pseudo-terminal that runs a program for a test. */
const TERMINAL = fileURLToPath(new URL('test/support/pseudo-terminal.py', root))

/** The result of a program. */
export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running program whose output is kept. */
export class RunningCommand {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #out: Buffer[] = []
  readonly #err: Buffer[] = []
  readonly #ended: Promise<unknown>

  constructor(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ) {
    this.#child = spawn(program, args, { env: { ...cleanEnvironment(), ...env } })
    this.#child.stdout.on('data', (chunk: Buffer) => this.#out.push(chunk))
    this.#child.stderr.on('data', (chunk: Buffer) => this.#err.push(chunk))
    // The program can end before it has read everything.
    this.#child.stdin.on('error', () => undefined)
    this.#ended = once(this.#child, 'close')
  }

  get output(): Buffer {
    return Buffer.concat(this.#out)
  }

  get stdout(): string {
    return this.output.toString()
  }

  get stderr(): string {
    return Buffer.concat(this.#err).toString()
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  /** Ends the program's input. */
  end(text = ''): void {
    this.#child.stdin.end(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops reading the output, like `head` after its last line. */
  stopReading(): void {
    this.#child.stdout.destroy()
  }

  /** Waits until both outputs together contain a text. */
  async until(text: string): Promise<void> {
    const shown = (): string => this.stdout + this.stderr
    try {
      await eventually(`the output contains ${JSON.stringify(text)}`, () => shown().includes(text))
    } catch (error) {
      throw new Error(`The output is ${JSON.stringify(shown())}`, { cause: error })
    }
  }

  async result(): Promise<CommandResult> {
    await this.#ended
    return { code: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }
}

/** Starts `holdfast`. Its input is a pipe. */
export function startHoldfast(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): RunningCommand {
  return new RunningCommand(process.execPath, [HOLDFAST, ...args], env)
}

/** Runs `holdfast` with an input, to its end. */
export function runHoldfast(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<CommandResult> {
  const command = startHoldfast(args, env)
  command.end(input)
  return command.result()
}

/** Starts a program in a pseudo-terminal. Its two outputs are one. */
export function startInTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  program: readonly string[] = [process.execPath, HOLDFAST],
): RunningCommand {
  return new RunningCommand('python3', [TERMINAL, ...program, ...args], { TERM: 'xterm', ...env })
}

/** The environment without the settings that change the command's output. Coverage does not include the command. */
function cleanEnvironment(): Readonly<Record<string, string | undefined>> {
  return {
    ...process.env,
    NODE_V8_COVERAGE: '',
    NODE_OPTIONS: '',
    FORCE_COLOR: undefined,
    NO_COLOR: undefined,
    XDG_STATE_HOME: undefined,
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
}
