import { once } from 'node:events'
import { createRequire } from 'node:module'
import { FULL, drained } from './drained.js'

// The package is CommonJS and loads the framework itself. Both must be the same copy.
const require = createRequire(import.meta.url)
require('reflect-metadata')
const { Injectable, Module } = require('@nestjs/common')
const { NestFactory } = require('@nestjs/core')
const { OnMessage, WebSocketModule, getWebSocketToken } = require('nestjs-websocket')

/** An annotated provider in a separate application. */
export async function open(url, handle) {
  class Feed {
    received(data) {
      handle(JSON.parse(data.toString()))
    }
  }
  OnMessage()(Feed.prototype, 'received', Object.getOwnPropertyDescriptor(Feed.prototype, 'received'))
  Injectable()(Feed)
  class App {}
  Module({ imports: [WebSocketModule.forRoot({ url })], providers: [Feed] })(App)
  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] })
  const socket = app.get(getWebSocketToken())
  if (socket.readyState !== socket.OPEN) await once(socket, 'open')
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    isFull: () => socket.bufferedAmount >= FULL,
    drained: () => drained(socket),
  }
}
