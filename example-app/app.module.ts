import { Module } from 'holdfast'
import type { Class } from 'holdfast'
import { inspectorModule } from './inspector/inspector.module.js'
import { marketModule } from './market/market.module.js'
import type { Settings } from './settings.js'

/** Makes the app's module. A function, because where the clients connect to depends on the command line. */
export function appModule(settings: Settings): Class {
  @Module({ imports: [inspectorModule(settings), marketModule(settings)] })
  class AppModule {}
  return AppModule
}
