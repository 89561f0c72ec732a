import type { PageScripts } from '../script.js'
import { bundling } from './bundling.js'
import { comingFromWs } from './coming-from-ws.js'
import { codecs } from './codecs.js'
import { decorators } from './decorators.js'
import { heartbeat } from './heartbeat.js'
import { lifeCycle } from './life-cycle.js'
import { messages } from './messages.js'
import { options } from './options.js'
import { orderAndBackPressure } from './order-and-back-pressure.js'
import { production } from './production.js'
import { readme } from './readme.js'
import { rateLimit } from './rate-limit.js'
import { requests } from './requests.js'
import { sequence } from './sequence.js'
import { subscriptions } from './subscriptions.js'

/** The scripts of all pages that need some. */
export const SCRIPTS: Readonly<Record<string, PageScripts>> = {
  'README.md': readme,
  'docs/bundling.md': bundling,
  'docs/codecs.md': codecs,
  'docs/coming-from/ws.md': comingFromWs,
  'docs/decorators.md': decorators,
  'docs/heartbeat.md': heartbeat,
  'docs/life-cycle.md': lifeCycle,
  'docs/messages.md': messages,
  'docs/options.md': options,
  'docs/order-and-back-pressure.md': orderAndBackPressure,
  'docs/production.md': production,
  'docs/rate-limit.md': rateLimit,
  'docs/requests.md': requests,
  'docs/sequence.md': sequence,
  'docs/subscriptions.md': subscriptions,
}
