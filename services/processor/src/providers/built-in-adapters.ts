import type { Adapter } from './adapter.ts'
import { createDemoAdapter } from './demo/demo-adapter.ts'

/** Creates the adapters of the connections that are part of the studio. The demo needs no key and no network. */
export function createBuiltInAdapters(): Adapter[] {
  return [createDemoAdapter()]
}
