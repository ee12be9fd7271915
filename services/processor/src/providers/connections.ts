import type { ModelSpec } from '@darkroom/contracts/model'
import type { Adapter } from './adapter.ts'

/** A connection that this process serves. Its adapter is replaced when its key or address changes. */
export interface ServedConnection {
  readonly adapter: Adapter
  /** Generations that this process works on at once for it. */
  readonly slots: number
}

/** The connections that this process serves. They change while it runs. */
export interface Connections {
  list(): readonly ServedConnection[]
  find(connection: string): Adapter | undefined
  /** Returns a model of a connection that this process serves. */
  findModel(id: string): ModelSpec | undefined
  /** Resolves when the list of connections, or one of them, has changed after this call. */
  changed(): Promise<void>
}

/** Creates a list of connections that never changes. */
export function createFixedConnections(
  adapters: readonly Adapter[],
  options: { slots: number; models: readonly ModelSpec[] },
): Connections {
  const served = adapters.map(adapter => ({ adapter, slots: options.slots }))
  return {
    list: () => served,
    find: connection => adapters.find(adapter => adapter.connection === connection),
    findModel: id => options.models.find(model => model.id === id),
    changed: () => new Promise(() => {}),
  }
}
