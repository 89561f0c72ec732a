import { textCodec } from '../codecs/index.js'
import { Connection, Heartbeat, StartupError, WebSocketClient, bootstrap } from '../index.js'
import type { Client, ClientOptions } from '../index.js'
import type { Arguments } from './arguments.js'
import { connectionOptions } from './connection-options.js'
import { openingMessages } from './input-files.js'
import { CommandClient } from './client.js'
import type { ClientTask } from './client.js'
import { describeDuration } from '../terminal/duration.js'
import { ExitCode, exitCodeOf } from './ending.js'
import type { InputStream } from '../terminal/lines.js'
import type { Prompt } from '../terminal/prompt.js'
import { usesColors } from '../terminal/colors.js'
import { printedMessage } from '../terminal/message-text.js'
import type { MessageStyle } from '../terminal/message-text.js'
import { Notices } from '../terminal/notices.js'
import { Screen } from '../terminal/screen.js'
import type { OutputStream } from '../terminal/screen.js'
import { openRecordings } from './recordings.js'
import type { RecordingFile, Replay } from './recordings.js'
import { UserSession } from './user-session.js'
import { toError } from '../core/error-text.js'
import { redactUrl } from '../core/url.js'

/** The process around a command: its streams, environment, and signals. */
export interface CommandHost {
  readonly input: InputStream
  readonly output: OutputStream
  readonly errors: OutputStream
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Calls the listener for each signal that asks the process to end, with the exit code for that signal. */
  onSignal(listener: (exitCode: number) => void): void
}

/** One run of `holdfast`: from its arguments to its exit code. */
export class Command {
  readonly #given: Arguments
  readonly #host: CommandHost
  readonly #screen: Screen
  readonly #notices: Notices
  readonly #style: MessageStyle
  readonly #start = new AbortController()
  #session: UserSession | undefined
  #prompt: Prompt | undefined
  #received = 0
  #replay: Replay | undefined
  /** True once the recording has been played. */
  #isPlayed = false
  /** Exit code because of a signal, or because the reader of the output has gone. */
  #forcedCode: number | undefined

  constructor(given: Arguments, host: CommandHost) {
    this.#given = given
    this.#host = host
    this.#screen = new Screen(host.output, host.errors, (error) => this.#onBroken(error))
    const colorsOn = ({ isTTY = false }: OutputStream): boolean =>
      usesColors(given.color, host.environment, isTTY)
    this.#notices = new Notices(this.#screen, { ...given, hasColors: colorsOn(host.errors) })
    this.#style = messageStyle(given, host.output.isTTY === true, colorsOn(host.output))
  }

  /** Runs until the connection ends. Returns the exit code. */
  async run(): Promise<number> {
    const setup = connectionOptions(this.#given, this.#host.environment)
    const mistakes = 'mistakes' in setup ? [...setup.mistakes] : []
    const opening = openingMessages(this.#given, mistakes)
    const { file, replay } = openRecordings(this.#given, mistakes)
    if ('mistakes' in setup || mistakes.length > 0) {
      for (const mistake of mistakes) this.#notices.error(mistake)
      return ExitCode.USAGE
    }
    this.#host.onSignal((code) => this.#stop(code))
    if (this.#given.isInsecure)
      this.#notices.info("Warning: the server's certificate is not verified (--insecure)")
    if (this.#given.url !== undefined) this.#notices.detail(`Connecting to ${redactUrl(this.#given.url)}`)
    this.#replay = replay
    const code = await this.#connect(opening, { ...setup.options, ...replay?.options }, file)
    await file?.close()
    await this.#screen.flush()
    return this.#forcedCode ?? (file?.hasFailed && code === ExitCode.OK ? ExitCode.USAGE : code)
  }

  async #connect(
    opening: readonly (string | Uint8Array)[],
    options: ClientOptions,
    file: RecordingFile | undefined,
  ): Promise<number> {
    const task: ClientTask = { opening, notices: this.#notices, print: (...args) => this.#print(...args) }
    @WebSocketClient({ codec: textCodec, logger: false, inject: [Connection, Heartbeat] })
    class TaskClient extends CommandClient {
      constructor(connection: Connection, heartbeat: Heartbeat) {
        super(connection, heartbeat, task)
        file?.attach(connection, ({ message }) => {
          task.notices.error(`--record: ${message}. The recording is incomplete`)
        })
      }
    }
    try {
      const client = await bootstrap(TaskClient, { ...options, signal: this.#start.signal })
      return await this.#untilClosed(client)
    } catch (thrown) {
      if (this.#start.signal.aborted) return ExitCode.OK
      const error = toError(thrown)
      this.#notices.failure(error)
      return error instanceof StartupError ? ExitCode.USAGE : ExitCode.NOT_CONNECTED
    }
  }

  async #untilClosed(client: Client<CommandClient>): Promise<number> {
    const { input, errors } = this.#host
    const isInteractive = input.isTTY === true && errors.isTTY === true
    const session = new UserSession(client.instance, this.#given, this.#notices)
    this.#session = session
    this.#checkCount()
    if (this.#replay) this.#endAfterReplay(this.#replay)
    else if (isInteractive) await this.#startPrompt(session)
    else void session.sendLines(input)
    const close = await client.closed
    this.#prompt?.close()
    this.#screen.setTypedLine(undefined)
    if (session.hasMistake) return ExitCode.USAGE
    const code = exitCodeOf(close, this.#received, this.#given.count)
    if (code === ExitCode.INCOMPLETE) this.#reportMissing()
    return code
  }

  async #startPrompt(session: UserSession): Promise<void> {
    // Loaded only now, because only terminals need them.
    const { Prompt } = await import('../terminal/prompt.js')
    const { History, historyPath } = await import('../terminal/history.js')
    const { input, errors, environment } = this.#host
    const history = new History(this.#given.keepsHistory ? historyPath(environment) : undefined)
    this.#notices.info('Type a message, or /help. Ctrl+D quits')
    this.#prompt = new Prompt(input, errors, history, {
      onInput: (text) => session.onTyped(text),
      onInterrupt: () => this.#stop(ExitCode.INTERRUPTED),
      onEnd: () => session.end(),
    })
    this.#screen.setTypedLine(this.#prompt)
  }

  /** Ends once everything has been played and printed. */
  #endAfterReplay({ finished }: Replay): void {
    void finished.then(() => {
      this.#isPlayed = true
      this.#checkCount()
    })
  }

  async #print(message: string | Uint8Array, receivedAt: number): Promise<void> {
    if (this.#isComplete) return
    this.#received += 1
    await this.#screen.message(printedMessage(message, receivedAt, this.#style))
    this.#checkCount()
  }

  /** True once `--count` messages have arrived. Later ones are not printed. */
  get #isComplete(): boolean {
    return this.#given.count !== undefined && this.#received >= this.#given.count
  }

  #checkCount(): void {
    const isReplayed = this.#isPlayed && this.#received >= (this.#replay?.messages ?? 0)
    if (this.#isComplete || isReplayed) this.#session?.end()
  }

  #reportMissing(): void {
    const { count, wait } = this.#given
    const limit = wait === undefined ? '' : ` within ${describeDuration(wait)}`
    this.#notices.error(`Received ${this.#received} of ${count} messages${limit} (--count)`)
  }

  #onBroken(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') {
      this.#stop(ExitCode.OK)
      return
    }
    this.#notices.error(`Failed to write the output: ${error.message}`)
    this.#stop(ExitCode.USAGE)
  }

  /** Ends the command: closes the connection, or abandons the start. */
  #stop(code: number): void {
    this.#forcedCode ??= code
    if (this.#session) this.#session.interrupt()
    else this.#start.abort(new Error('The command was interrupted'))
  }
}

function messageStyle(given: Arguments, isTerminal: boolean, hasColors: boolean): MessageStyle {
  const { isRaw, isNulTerminated, hasTimestamps, encoding } = given
  const binary = encoding === 'hex' || encoding === 'base64' ? encoding : undefined
  return {
    isRaw,
    isNulTerminated,
    isPretty: given.isPretty || isTerminal,
    hasColors,
    hasTimestamps,
    binary,
  }
}
