import { Module } from 'holdfast'
import type { Class } from 'holdfast'
import type { Settings } from '../settings.js'
import { TerminalModule } from '../terminal/terminal.module.js'
import { HeapMonitor } from './heap-monitor.js'
import { AttachedTarget, InspectorTarget } from './inspector-target.js'
import { InspectorClient } from './inspector.client.js'
import { InspectorView } from './inspector.view.js'
import { Workload } from './workload-process.js'

/** Watches the inspector of the settings, or that of a workload of our own. */
export function inspectorModule({ inspectorUrl }: Settings): Class {
  const target = inspectorUrl === undefined ? new Workload() : new AttachedTarget(inspectorUrl)

  @Module({
    imports: [TerminalModule],
    // What a factory returns is disposed of with the app, and so the workload ends; a useValue would stay.
    providers: [{ provide: InspectorTarget, useFactory: () => target }, HeapMonitor, InspectorView],
    // Neither feature waits for the other: while one cannot connect, the other shows what it has.
    clients: [{ use: InspectorClient, url: (attempt) => target.url(attempt), waitForOpen: false }],
  })
  class InspectorModule {}
  return InspectorModule
}
