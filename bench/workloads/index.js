import { receive } from './receive.js'
import { send } from './send.js'

export const workloads = [receive, send]
