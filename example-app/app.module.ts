import { Module } from 'holdfast'
import type { Class } from 'holdfast'
import { inspectorModule } from './inspector/inspector.module.js'
import { marketModule } from './market/market.module.js'
import type { Settings } from './settings.js'

/** Creates the app's module. It is a function because the clients' URLs depend on the command line. */
export function appModule(settings: Settings): Class {
  @Module({ imports: [inspectorModule(settings), marketModule(settings)] })
  class AppModule {}
  return AppModule
}
