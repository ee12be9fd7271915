import { hostname } from 'node:os'
import { CONNECTIONS_SUBJECT, STREAMS } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { EncryptionKey } from '@darkroom/infra/connections/encryption-key'
import { openKey } from '@darkroom/infra/connections/secret-box'
import type { Activity } from '@darkroom/infra/database/activity'
import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { isProcessAlive } from '@darkroom/infra/runtime/process-liveness'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { Adapter } from '../providers/adapter.ts'
import type { Connections, ServedConnection } from '../providers/connections.ts'
import type { Upscaler } from '../providers/local/upscaler.ts'
import { checkConnections } from './check-connections.ts'
import {
  type ConnectionRow,
  ensureBuiltInRow,
  ensureEnvironmentRow,
  eraseRemovedKeys,
  listProcessors,
  readConnectionRows,
  removeObsoleteModels,
  removeProcessors,
  removeUnservedModels,
  renewProcessor,
} from './connection-rows.ts'
import { type AdapterSettings, createAdapter } from './create-adapter.ts'
import { computeEnvironmentHmac, type EnvironmentConnection } from './environment.ts'
import { createModelRefresher, type ModelRefresher } from './refresh-models.ts'
import { createWorkflowSource } from './workflow-source.ts'

export interface RegistryOptions {
  database: Database
  log: Log
  activity: Pick<Activity, 'wait'>
  /** Absent: changes are only found by looking for them. */
  bus?: Pick<Bus, 'consumeMessages'>
  /** Adapters that are part of the studio. */
  builtIn: readonly Adapter[]
  environment: readonly EnvironmentConnection[]
  encryptionKey: EncryptionKey
  /** Folder of the models that a user has written. */
  dataDir: string
  /** Enlarges images on this machine. Absent: connections of that kind are not served. */
  upscaler?: Upscaler
  /** Generations of a connection that this process works on at once, unless its row has another number. */
  slots: number
  signal: AbortSignal
  /** Creates the adapter of a connection; `createAdapter` unless given. */
  create?: (settings: AdapterSettings) => Adapter | undefined
  /** Average time between two looks for changes, in ms. */
  pollMs?: number
}

/** The connections that this process serves, as the rows and its environment have them. */
export interface ConnectionRegistry extends Connections {
  /** Follows the changes of the rows until the signal is aborted. Never throws. */
  run(): Promise<void>
}

const CHANGES = { stream: STREAMS.events.name, subject: CONNECTIONS_SUBJECT }
/** Without its message a change is noticed within 1.5 times of this. */
const POLL_MS = 3_000
const RENEW_MS = 15_000

interface Served extends ServedConnection {
  /** Describes the settings of the adapter: another adapter is created when they change. */
  fingerprint: string
}

interface RegistryState {
  served: Map<string, Served>
  /** Keys of the environment, by the id of the connection. */
  environmentKeys: Map<string, string | null>
  changed: PromiseWithResolvers<void>
  /** When the row of this process was written last, and the connections that it had then. */
  renewed: { at: number; connections: string }
  /** Connections whose keys cannot be read here, by id and revision, which are logged once. */
  unreadable: Set<string>
}

/**
 * Opens the registry: it serves the built-in connections, and those of the rows for which this process has the key. Models are listed
 * in the background; until then, and while a provider cannot be reached, its last list counts.
 *
 * @throws the database's error
 */
export async function openConnectionRegistry(options: RegistryOptions): Promise<ConnectionRegistry> {
  const { database, log, signal, pollMs = POLL_MS } = options
  const state: RegistryState = {
    served: new Map(),
    environmentKeys: await writeRows(options),
    changed: Promise.withResolvers(),
    renewed: { at: Number.NEGATIVE_INFINITY, connections: '' },
    unreadable: new Set(),
  }
  const processorId = crypto.randomUUID()
  const refresher = createModelRefresher({ database, log, signal, dataDir: options.dataDir })
  await syncConnections(options, state, refresher, processorId)
  // After its own row is written: otherwise others could withdraw the models of the processor that this one replaces.
  await removeDeadProcessors(database)
  await Promise.all(options.builtIn.map(adapter => refresher.refresh(adapter)))
  return {
    list: () => [...state.served.values()],
    find: connection => state.served.get(connection)?.adapter,
    findModel: id => refresher.find(id),
    changed: () => state.changed.promise,
    run: async () => {
      const changes = followChanges(options)
      const loop = {
        name: 'connections',
        policy: RETRY_POLICIES.consumer,
        idleMs: pollMs,
        wait: changes.wait,
        log,
        signal,
      }
      await runForever(loop, async () => {
        await syncConnections(options, state, refresher, processorId)
        return 'idle'
      })
      await Promise.all([refresher.settled(), changes.ended])
    },
  }
}

/** Follows the messages of changed connections. They are only hints: without them a change is found a little later. */
function followChanges({ bus, activity, log, signal }: RegistryOptions) {
  let changed = Promise.withResolvers<void>()
  const subscribe = async (source: Pick<Bus, 'consumeMessages'>) => {
    for await (const _ of source.consumeMessages(CHANGES, signal)) {
      changed.resolve()
      changed = Promise.withResolvers()
    }
    signal.throwIfAborted()
    throw new Error(`the subscription to ${CONNECTIONS_SUBJECT} ended`)
  }
  const options = { name: 'connection_subscription', policy: RETRY_POLICIES.subscription, ids: CHANGES, log, signal }
  return {
    wait: async (ms: number, waitSignal: AbortSignal) => {
      const timeout = new AbortController()
      await Promise.race([activity.wait(ms, AbortSignal.any([waitSignal, timeout.signal])), changed.promise])
      timeout.abort()
    },
    ended: bus ? runForever(options, () => subscribe(bus)) : Promise.resolve(),
  }
}

/** Writes the rows of the built-in and the environment's connections. @returns the keys of the environment's */
async function writeRows({
  database,
  builtIn,
  environment,
  encryptionKey,
}: RegistryOptions): Promise<Map<string, string | null>> {
  for (const { connection, kind } of builtIn) await ensureBuiltInRow(database, connection, kind)
  const keys = new Map<string, string | null>()
  for (const connection of environment) {
    const hmac = computeEnvironmentHmac(encryptionKey, connection)
    keys.set(await ensureEnvironmentRow(database, connection, hmac), connection.key)
  }
  return keys
}

async function removeDeadProcessors(database: Database): Promise<void> {
  const processors = await listProcessors(database, hostname())
  const dead = processors.filter(({ pid }) => pid !== process.pid && !isProcessAlive(pid))
  await removeProcessors(
    database,
    dead.map(({ id }) => id),
  )
}

/** Brings the served connections up to the rows, then makes the checks and lists the models that are due. */
async function syncConnections(
  options: RegistryOptions,
  state: RegistryState,
  refresher: ModelRefresher,
  processorId: string,
): Promise<void> {
  const { database } = options
  const rows = await readConnectionRows(database)
  await refresher.load(rows)
  if (applyRows(options, state, rows)) {
    state.changed.resolve()
    state.changed = Promise.withResolvers()
  }
  const own = [...state.served.keys()]
  await renewIfDue(database, state, rows, processorId)
  refresher.retain(own)
  await removeObsoleteModels(database)
  await eraseRemovedKeys(database)
  await removeUnservedModels(database, own)
  const checked = await checkConnections(
    { ...options, refresher },
    rows.filter(({ isCheckDue }) => isCheckDue),
    row => (row.draft ? createRowAdapter(options, state, row) : state.served.get(row.id)?.adapter),
  )
  const offered = new Set(rows.filter(row => !row.isDraining && !checked.has(row.id)).map(row => row.id))
  // A processor that was asleep seemed to be gone.
  const withdrawn = new Set(rows.filter(row => row.state.kind === 'not-served').map(({ id }) => id))
  refresher.refreshDue(
    [...state.served].flatMap(([id, { adapter }]) => (offered.has(id) ? [adapter] : [])),
    withdrawn,
  )
}

/** Serves the connections of the rows. @returns whether anything has changed */
function applyRows(options: RegistryOptions, state: RegistryState, rows: readonly ConnectionRow[]): boolean {
  const served = new Map<string, Served>()
  for (const row of rows.filter(({ draft }) => !draft)) {
    const entry = serveRow(options, state, row)
    if (entry) served.set(row.id, entry)
  }
  const before = state.served
  state.served = served
  return before.size !== served.size || [...served].some(([id, entry]) => before.get(id) !== entry)
}

/** Returns the connection of a row, the same object if nothing of it has changed; undefined if this process cannot serve it. */
function serveRow(options: RegistryOptions, state: RegistryState, row: ConnectionRow): Served | undefined {
  const slots = row.slots ?? options.slots
  const { revision, dialect, foundDialect, baseUrl } = row
  const fingerprint = JSON.stringify([revision, slots, dialect, foundDialect, baseUrl])
  const current = state.served.get(row.id)
  if (current?.fingerprint === fingerprint) return current
  const adapter = createRowAdapter(options, state, row)
  return adapter && { adapter, slots, fingerprint }
}

function createRowAdapter(options: RegistryOptions, state: RegistryState, row: ConnectionRow): Adapter | undefined {
  const { id, kind, baseUrl, dialect, foundDialect, source } = row
  if (source === 'built-in') return options.builtIn.find(adapter => adapter.connection === id)
  if (source === 'environment' && !state.environmentKeys.has(id)) return undefined
  const key = source === 'environment' ? state.environmentKeys.get(id) : openStoredKey(options, state, row)
  if (key === undefined) return undefined
  const create = options.create ?? createAdapter
  const { upscaler } = options
  const workflows = createWorkflowSource(options, id)
  return create({ id, kind, baseUrl, key, dialect, foundDialect, workflows, ...(upscaler && { upscaler }) })
}

/** Returns the key of a stored connection, null if it has none; undefined if it cannot be opened here. */
function openStoredKey(
  { encryptionKey, log }: RegistryOptions,
  { unreadable }: RegistryState,
  { id, keySealed, revision }: ConnectionRow,
): string | null | undefined {
  if (keySealed === null) return null
  try {
    return openKey(encryptionKey, id, keySealed)
  } catch {
    const change = `${id} ${revision}`
    if (!unreadable.has(change)) log.warn({ connection: id }, 'connection_key_unreadable')
    unreadable.add(change)
    return undefined
  }
}

/**
 * Renews this process's row, at once when it serves other connections: others withdraw their models otherwise. Those that every
 * processor has are left out, so that a studio without others writes no row while it is idle.
 */
async function renewIfDue(
  database: Database,
  state: RegistryState,
  rows: readonly ConnectionRow[],
  id: string,
): Promise<void> {
  const own = rows.filter(row => row.source !== 'built-in' && state.served.has(row.id)).map(row => row.id)
  const connections = own.toSorted().join()
  const { renewed } = state
  const isDue = own.length > 0 && performance.now() - renewed.at >= RENEW_MS
  if (renewed.connections === connections && !isDue) return
  await renewProcessor(database, { id, host: hostname(), connections: own })
  state.renewed = { at: performance.now(), connections }
}
