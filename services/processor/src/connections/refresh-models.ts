import { KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { ModelSpec } from '@darkroom/contracts/model'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import { type Adapter, ProviderError } from '../providers/adapter.ts'
import { readModels, replaceModels } from '../providers/model-rows.ts'
import { type ConnectionRow, recordModelsListed } from './connection-rows.ts'
import { toStateChange } from './connection-state.ts'
import { recordConnectionAnswer, setConnectionState } from './connection-state-rows.ts'
import { mergeWrittenModels, readWrittenModels } from './written-models.ts'

/** Lists the models of connections in the background, each by itself: one that does not respond delays no other. */
export interface ModelRefresher {
  find(id: string): ModelSpec | undefined
  /** Lists the models of one connection now. Never throws: the last list counts if it fails. */
  refresh(adapter: Adapter): Promise<void>
  /**
   * Reads the last lists of connections that are new, so that jobs of theirs can begin before a provider has responded, and those that
   * another process has made since.
   */
  load(connections: readonly Pick<ConnectionRow, 'id' | 'modelsAt'>[]): Promise<void>
  /**
   * Lists the models of those for which it is time, without waiting for them.
   *
   * @param withdrawn connections whose models another process has removed: it is time for these, unless the last list failed
   */
  refreshDue(adapters: readonly Adapter[], withdrawn?: ReadonlySet<string>): void
  /** Forgets every other connection. */
  retain(connections: readonly string[]): void
  /** Resolves when no list is being made. */
  settled(): Promise<void>
}

interface ModelList {
  /** Undefined until it is listed for the first time. */
  adapter: Adapter | undefined
  models: readonly ModelSpec[]
  /** When the list that was read last was made; null if there was none. */
  modelsAt: string | null
  failures: number
  /** By `performance.now()`. */
  dueAt: number
  running: Promise<void> | undefined
}

type ListedModels = ModelList & { adapter: Adapter }

const LIST_TIMEOUT_MS = 20_000
const REFRESH_MS = 900_000

/** A list that is due at once. */
const UNLISTED = { adapter: undefined, modelsAt: null, failures: 0, dueAt: 0, running: undefined } as const

export interface RefresherOptions {
  database: Database
  log: Log
  signal: AbortSignal
  /** Folder of the models that a user has written. */
  dataDir: string
}

export function createModelRefresher(options: RefresherOptions): ModelRefresher {
  const lists = new Map<string, ModelList>()
  const refresh = (adapter: Adapter) => {
    const list = lists.get(adapter.connection)
    const running = list?.adapter === adapter ? list.running : undefined
    if (running) return running
    const next = {
      models: [],
      modelsAt: null,
      failures: 0,
      ...list,
      adapter,
      dueAt: Number.POSITIVE_INFINITY,
      running: undefined,
    } as ListedModels
    lists.set(adapter.connection, next)
    next.running = listModels(options, next, () => lists.get(adapter.connection) === next).finally(() => {
      next.running = undefined
    })
    return next.running
  }
  return {
    find: id => {
      for (const { models } of lists.values()) {
        const model = models.find(model => model.id === id)
        if (model) return model
      }
      return undefined
    },
    refresh,
    load: async connections => {
      for (const { id, modelsAt } of connections) {
        if (lists.get(id)?.modelsAt === modelsAt) continue
        const read = { models: await readModels(options.database, id), modelsAt }
        const list = lists.get(id)
        if (list) Object.assign(list, read)
        else lists.set(id, { ...UNLISTED, ...read })
      }
    },
    refreshDue: (adapters, withdrawn) => {
      const isDue = (adapter: Adapter) => {
        const list = lists.get(adapter.connection)
        if (list === undefined || list.adapter !== adapter || list.dueAt <= performance.now()) return true
        return list.failures === 0 && withdrawn?.has(adapter.connection) === true
      }
      for (const adapter of adapters.filter(isDue)) void refresh(adapter)
    },
    retain: connections => {
      for (const connection of lists.keys()) if (!connections.includes(connection)) lists.delete(connection)
    },
    settled: async () => {
      await Promise.all([...lists.values()].map(({ running }) => running))
    },
  }
}

async function listModels(
  { database, log, signal, dataDir }: RefresherOptions,
  list: ListedModels,
  isCurrent: () => boolean,
): Promise<void> {
  const { connection } = list.adapter
  try {
    const listed = await list.adapter.models(AbortSignal.any([signal, AbortSignal.timeout(LIST_TIMEOUT_MS)]))
    const models = mergeWrittenModels(connection, listed, await readWrittenModels(dataDir))
    if (!isCurrent()) return
    await transaction(database, async tx => {
      await replaceModels(tx, connection, models, { isPublished: KIND_INFO[list.adapter.kind].where !== 'built-in' })
      await recordModelsListed(tx, connection)
    })
    await recordConnectionAnswer(database, connection)
    Object.assign(list, { models, failures: 0, dueAt: performance.now() + REFRESH_MS })
  } catch (err) {
    if (signal.aborted) return
    list.failures += 1
    list.dueAt = performance.now() + retryDelay(RETRY_POLICIES.listModels, list.failures)
    log.warn({ err, connection, failures: list.failures }, 'models_not_listed')
    if (err instanceof ProviderError && isCurrent()) await recordFailure(database, connection, err).catch(() => {})
  }
}

async function recordFailure(database: Database, connection: string, error: ProviderError): Promise<void> {
  await transaction(database, tx => setConnectionState(tx, connection, toStateChange(error)))
}
