import 'reflect-metadata'
import { Module } from '@nestjs/common'
import type { ModuleMetadata } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { INestApplicationContext } from '@nestjs/common'
import { StartupError } from 'holdfast'
import { HoldfastModule } from 'holdfast/nestjs'
import type { HoldfastModuleOptions } from 'holdfast/nestjs'
import { FakeClock, MemoryServer } from 'holdfast/testing'

/** A Nest application, and the server that all its clients connect to. */
export interface NestApp {
  readonly app: INestApplicationContext
  readonly server: MemoryServer
  readonly clock: FakeClock
}

/** Applications that tests have started. */
const running = new Set<INestApplicationContext>()

/** Creates a module class, as a decorator would. */
export function moduleOf(metadata: ModuleMetadata): new () => object {
  class AnyModule {}
  Module(metadata)(AnyModule)
  return AnyModule
}

/** Starts a Nest application on a server in memory. */
export async function startNest(
  metadata: ModuleMetadata,
  options: HoldfastModuleOptions = {},
  server: MemoryServer = new MemoryServer(),
): Promise<NestApp> {
  const clock = new FakeClock()
  const root = HoldfastModule.forRoot({ transport: server.connect, clock, logger: false, ...options })
  const imports = [root, ...(metadata.imports ?? [])]
  const app = await createContext(moduleOf({ ...metadata, imports }))
  return { app, server, clock }
}

/** Starts a Nest application without HTTP. */
export async function createContext(module: new () => object): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
  running.add(app)
  return app
}

/** Closes all applications that tests have started. */
export async function closeNest(): Promise<void> {
  const apps = [...running]
  running.clear()
  await Promise.all(apps.map((app) => app.close()))
}

/** Returns the startup error of an application that must not start. */
export async function nestStartupError(started: Promise<unknown>): Promise<StartupError> {
  try {
    await started
  } catch (thrown) {
    if (thrown instanceof StartupError) return thrown
    throw thrown
  }
  throw new Error('the application started')
}
