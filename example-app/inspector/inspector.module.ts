import { Module } from 'holdfast'
import type { Class } from 'holdfast'
import type { Settings } from '../settings.js'
import { TerminalModule } from '../terminal/terminal.module.js'
import { HeapMonitor } from './heap-monitor.js'
import { AttachedTarget, InspectorTarget } from './inspector-target.js'
import { InspectorClient } from './inspector.client.js'
import { InspectorView } from './inspector.view.js'
import { Workload } from './workload-process.js'

/** Watches the process specified in the settings or, if there is none, the sample process. */
export function inspectorModule({ inspectorUrl }: Settings): Class {
  const target = inspectorUrl === undefined ? new Workload() : new AttachedTarget(inspectorUrl)

  @Module({
    imports: [TerminalModule],
    // The app disposes of values that factories return, which ends the sample process. It does not dispose of a useValue.
    providers: [{ provide: InspectorTarget, useFactory: () => target }, HeapMonitor, InspectorView],
    // The app starts even if one of its clients cannot connect.
    clients: [{ use: InspectorClient, url: (attempt) => target.url(attempt), waitForOpen: false }],
  })
  class InspectorModule {}
  return InspectorModule
}
