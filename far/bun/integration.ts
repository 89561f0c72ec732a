import 'reflect-metadata'
import assert from 'node:assert/strict'
import * as holdfast from 'holdfast'
import * as testing from 'holdfast/testing'
import { integrate } from '../integration/integration.js'
import { TickerClient } from './ticker-client.ts'

await integrate(holdfast, testing, {
  'decorators and constructor types work in TypeScript': async ({ ws }: { ws: string }) => {
    const client = await holdfast.bootstrap(TickerClient, ws)
    while (client.instance.types.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(client.instance.types, ['BTC-USD'])
    await client.close()
  },
})
