import { createWriteStream, openSync } from 'node:fs'
import type { WriteStream } from 'node:fs'
import type { Arguments } from './arguments.js'
import { readInput } from './input-files.js'
import { reasonOf } from '../core/error-text.js'
import type { ClientOptions, Connection } from '../index.js'
import { playBack } from '../testing/play-back.js'
import { record } from '../testing/record.js'
import { readRecording } from '../testing/recording.js'

/** Only the user may read a recording, because messages can contain secrets. */
const FILE_MODE = 0o600

/** A file that receives the traffic of a connection. */
export class RecordingFile {
  readonly #stream: WriteStream
  #hasFailed = false

  /** @throws Error if the file cannot be written */
  constructor(path: string) {
    this.#stream = createWriteStream(path, { fd: openSync(path, 'w', FILE_MODE) })
  }

  /** True if the recording is incomplete, because the file could not be written. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /**
   * Records a connection, before it connects.
   *
   * @param onFailed called if the file cannot be written any more, for example because the disk is full
   */
  attach(connection: Connection, onFailed: (error: Error) => void): void {
    record(connection, this.#stream)
    this.#stream.once('error', (error) => {
      this.#hasFailed = true
      onFailed(error)
    })
  }

  /** Resolves when everything has been written, or could not be. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      // Not the callback of `end()`, which can run before the error is emitted.
      if (this.#stream.closed) resolve()
      else this.#stream.once('close', () => resolve()).end()
    })
  }
}

/** A recording that replaces the server. */
export interface Replay {
  /** Options for the connection. */
  readonly options: ClientOptions
  /** Number of messages that the recording contains. */
  readonly messages: number
  /** Resolves when everything has been played. */
  readonly finished: Promise<void>
}

/**
 * Prepares a recording for playing.
 *
 * @throws SyntaxError if the text is not a recording
 */
function replayOf(text: string, url: string | undefined): Replay {
  const events = readRecording(text)
  const playback = playBack(events)
  const attempts = events.filter(({ d }) => d === 'open' || d === 'fail').length
  let started = 0
  return {
    options: {
      url: url ?? events.find((event) => event.d === 'open')?.url ?? 'ws://recording.invalid',
      transport: (request, listener) => {
        started += 1
        return playback.connect(request, listener)
      },
      heartbeat: false,
      reconnect: { shouldReconnect: () => (started < attempts ? 0 : false) },
    },
    messages: events.filter(({ d }) => d === 'recv').length,
    finished: playback.finished,
  }
}

/** Recordings of a command. */
export interface Recordings {
  readonly file: RecordingFile | undefined
  readonly replay: Replay | undefined
}

/** Opens the files of `--record` and `--replay`. Adds mistakes for files that cannot be used. */
export function openRecordings(
  { record: target, replay: source, url }: Pick<Arguments, 'record' | 'replay' | 'url'>,
  mistakes: string[],
): Recordings {
  const attempt = <T>(option: string, open: () => T): T | undefined => {
    try {
      return open()
    } catch (error) {
      mistakes.push(`${option}: ${reasonOf(error)}`)
      return undefined
    }
  }
  const text = source === undefined ? undefined : readInput('--replay', source, mistakes)?.toString()
  return {
    file: target === undefined ? undefined : attempt('--record', () => new RecordingFile(target)),
    replay: text === undefined ? undefined : attempt('--replay', () => replayOf(text, url)),
  }
}
