import type { Changes } from './wait.js'

/** Close frame that the client sent. */
export interface CloseFrame {
  /** Close code; 1005 if the frame contained none. */
  readonly code: number
  /** Reason; may be empty. */
  readonly reason: string
}

/** Action that is due once the client has sent a number of messages. */
interface DueAction {
  readonly count: number
  readonly run: () => void
}

/** Everything that a peer has received. */
export class Inbox {
  readonly messages: (string | Uint8Array)[] = []
  readonly pongs: Uint8Array[] = []
  /** Number of pings. */
  pings = 0
  closeFrame: CloseFrame | undefined
  /** Notified of each message. */
  readonly changes: Changes
  #due: DueAction[] = []

  constructor(changes: Changes) {
    this.changes = changes
  }

  /** Runs an action once this many messages have arrived. */
  after(count: number, run: () => void): void {
    this.#due.push({ count, run })
    this.#runDue()
  }

  /** @param onMessage called before anything that waits for the message */
  add(message: string | Uint8Array, onMessage: ((data: string | Uint8Array) => void) | undefined): void {
    this.messages.push(message)
    onMessage?.(message)
    this.#runDue()
    this.changes.notify()
  }

  /** Runs the actions that are due, never inside the call with which a client sends. */
  #runDue(): void {
    if (this.#due.length === 0) return
    const isDue = ({ count }: DueAction): boolean => count <= this.messages.length
    const due = this.#due.filter(isDue)
    this.#due = this.#due.filter((action) => !isDue(action))
    for (const { run } of due) queueMicrotask(run)
  }
}
