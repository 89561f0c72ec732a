// In the order of the tables. A workload either compares clients, a table's rows, in each of its cells; or, with `compares`, its
// cells with each other for one client, the first cell being the measure.
import { bootstrap } from './bootstrap.js'
import { dispatch } from './dispatch.js'
import { echo } from './echo.js'
import { heartbeat, idle } from './idle.js'
import { pending } from './pending.js'
import { receive } from './receive.js'
import { requests } from './requests.js'
import { send } from './send.js'
import { unwanted } from './unwanted.js'

export const workloads = [
  receive,
  unwanted,
  send,
  echo,
  requests,
  idle,
  heartbeat,
  dispatch,
  pending,
  bootstrap,
]
