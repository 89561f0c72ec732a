// All that Holdfast uses of Nest. Everything here is public in Nest 11 and in Nest 12.
export { Global, Inject, Logger as NestLogger, Module as NestModule, Scope } from '@nestjs/common'
export type {
  BeforeApplicationShutdown,
  DynamicModule,
  ExecutionContext,
  ModuleMetadata,
  OnApplicationBootstrap,
  OnModuleDestroy,
  OptionalFactoryDependency,
  Provider as NestProvider,
} from '@nestjs/common'
export {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  ExternalContextCreator,
  INQUIRER,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core'
export type { NestContainer } from '@nestjs/core'
