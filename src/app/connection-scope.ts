import { recordVersion } from '../annotations/metadata.js'
import { Connection } from '../connection/connection.js'
import { Logger } from '../core/logger.js'
import type { Token } from '../core/token.js'
import { VERSION } from '../core/version.js'
import { Heartbeat } from '../link/heartbeat.js'
import { JsonSender } from '../messages/json-sender.js'
import { Subscriptions } from '../subscriptions/subscriptions.js'
import { changeHeartbeat } from '../options/heartbeat-option.js'
import type { ConnectionScope } from './instance-factory.js'

/** Tokens that have a separate value for each connection. A client can inject them without a container. */
export const CONNECTION_TOKENS: readonly Token[] = [Connection, JsonSender, Heartbeat, Logger, Subscriptions]

for (const token of CONNECTION_TOKENS) recordVersion(token as object, VERSION)

/** Values of {@link CONNECTION_TOKENS} for one client's connection. */
export class ClientScope implements ConnectionScope {
  readonly tokens = CONNECTION_TOKENS
  readonly connection: Connection
  readonly logger: Logger
  readonly #made = new Map<Token, unknown>()

  constructor(connection: Connection, logger: Logger) {
    this.connection = connection
    this.logger = logger
  }

  get(token: Token): unknown {
    const made = this.#made.get(token) ?? this.#make(token)
    this.#made.set(token, made)
    return made
  }

  #make(token: Token): unknown {
    const { connection } = this
    if (token === Connection) return connection
    if (token === JsonSender) return new JsonSender(connection)
    if (token === Heartbeat) return new Heartbeat(connection.heartbeat, changeHeartbeat)
    return token === Logger ? this.logger : connection.subscriptions
  }
}
