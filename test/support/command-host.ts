import { PassThrough } from 'node:stream'
import { main } from '#src/cli/main.js'
import { eventually } from './eventually.js'

/** The streams of a command that runs in this process, so that coverage includes it. */
export class CommandWorld {
  readonly input: PassThrough & { readonly isTTY: boolean }
  readonly output: PassThrough & { readonly isTTY: boolean }
  readonly errors: PassThrough & { readonly isTTY: boolean }
  readonly #texts = { output: '', errors: '' }
  #signal: (exitCode: number) => void = () => undefined

  constructor(isTTY = false) {
    const stream = (): PassThrough & { readonly isTTY: boolean } =>
      Object.assign(new PassThrough(), { isTTY })
    this.input = stream()
    this.output = stream().on('data', (chunk: Buffer) => (this.#texts.output += String(chunk)))
    this.errors = stream().on('data', (chunk: Buffer) => (this.#texts.errors += String(chunk)))
  }

  get stdout(): string {
    return this.#texts.output
  }

  get stderr(): string {
    return this.#texts.errors
  }

  /** Runs the command to its end. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<number> {
    const { input, output, errors } = this
    const onSignal = (listener: (exitCode: number) => void): void => {
      this.#signal = listener
    }
    const code = await main(args, () => '1.2.3', { input, output, errors, environment, onSignal })
    input.destroy()
    return code
  }

  signal(exitCode: number): void {
    this.#signal(exitCode)
  }

  /** Waits until the output and the errors together contain a text. */
  async until(text: string): Promise<void> {
    await eventually(`the output contains ${text}`, () => (this.stdout + this.stderr).includes(text))
  }
}
