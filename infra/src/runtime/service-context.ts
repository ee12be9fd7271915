import type { Service } from '@darkroom/contracts/routes'
import { type Bus, connectBus } from '../bus/bus.ts'
import { ConfigError, readBusAccess, readServiceConfig, type ServiceConfig } from '../config.ts'
import { type Activity, followActivity } from '../database/activity.ts'
import {
  closeSilentConnections,
  type Database,
  hasReceivedSince,
  openDatabase,
  pingDatabase,
} from '../database/connection.ts'
import { checkPoolerCapacity } from '../database/pooler-capacity.ts'
import { createSilenceGuard } from '../database/silence-guard.ts'
import { createUnreachableLog } from '../database/unreachable-log.ts'
import type { HttpAppOptions } from '../http/app.ts'
import { createIdentify } from '../http/identity.ts'
import { createEngineReader } from '../http/readiness/engines.ts'
import { createLog, type Log } from '../log.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { enableFailpoint } from './failpoint.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { retry } from './retry.ts'
import { RETRY_POLICIES } from './retry-policies.ts'
import { warnOfShortStopTimeout } from './stop-time.ts'

/** Runtime dependencies of a service. */
export interface ServiceContext {
  config: ServiceConfig
  log: Log
  metrics: Metrics
  lifecycle: Lifecycle
  database: Database
  /** Pool for pages of a list that have no filter: their plan is made once. In other services than query it is `database`. */
  pages: Database
  activity: Activity
  bus: Bus
  store: Store
  http: HttpAppOptions
}

/**
 * Opens the dependencies of a service and registers their closing with its lifecycle. Waits for a database that is down. Exits with
 * code 2 if the settings are wrong.
 *
 * @param options `isBusRequired`: the service waits for the bus, and is not ready without bus and store. Else it starts without
 *   the bus, and is ready as soon as the database responds: what needs the store is refused by itself while that is away, and what is away is told
 */
export async function openServiceContext(
  service: Service,
  options: { isBusRequired: boolean },
): Promise<ServiceContext> {
  const config = readConfigOrExit(service)
  enableFailpoint(config.FAIL_AT)
  const log = createLog({ service, level: config.LOG_LEVEL })
  warnOfShortStopTimeout(service, { config, log })
  const delayMs = service === 'processor' ? 0 : config.SHUTDOWN_DELAY_SECONDS * 1_000
  const lifecycle = createLifecycle({ log, parentPid: config.DARKROOM_PARENT_PID, delayMs })
  const metrics = createMetrics(service)
  const { database, pages } = openPools(service, { config, log })
  const pools = [...new Set([database, pages])]
  lifecycle.onClose('database', async () => void (await Promise.all(pools.map(pool => pool.end({ timeout: 3 })))))
  const activity = openActivity(database, { service, config, log, lifecycle })
  const access = readBusAccess(config)
  const bus = connectBus({ ...access, name: `darkroom-${service}`, service, activity, log })
  lifecycle.onClose('bus', () => bus.drain(), 2_000)
  if (options.isBusRequired) await bus.connected
  await waitForDatabase({ database, url: config.DATABASE_URL, log, signal: lifecycle.stopping })
  for (const pool of pools) void checkPoolerCapacity(pool, { connections: pool.options.max, log })
  const store = await openStore(config)
  const shared = { bus: async () => assertBusConnected(bus), store: () => store.ping() }
  const checks: HttpAppOptions['checks'] = {
    database: signal => pingDatabase(database, signal ? { signal } : {}),
    ...(options.isBusRequired ? shared : {}),
  }
  const connections = {
    hasReceivedSince: (at: number) => pools.some(pool => hasReceivedSince(pool, at)),
    closeSilent: (milliseconds: number) => {
      for (const pool of pools) closeSilentConnections(pool, milliseconds)
    },
  }
  const silenceGuard = createSilenceGuard({
    url: config.DATABASE_URL,
    connections,
    log,
    signal: lifecycle.stopping,
  })
  const http = {
    config,
    log,
    metrics,
    checks,
    ...(options.isBusRequired ? {} : { engines: createEngineReader(shared) }),
    identify: createIdentify(config),
    stopping: lifecycle.leaving,
    silenceGuard,
  }
  return { config, log, metrics, lifecycle, database, pages, activity, bus, store, http }
}

/**
 * Opens the pools of a service. Those of query share its connections: it plans statements for their values, but pages without filters
 * once, which takes as long as to read them.
 */
function openPools(
  service: Service,
  { config, log }: Pick<ServiceContext, 'config' | 'log'>,
): Pick<ServiceContext, 'database' | 'pages'> {
  const options = { url: config.DATABASE_URL, name: `darkroom-${service}`, log }
  const connections = config.DATABASE_CONNECTIONS
  if (service !== 'query') {
    const database = openDatabase({ ...options, connections })
    return { database, pages: database }
  }
  const pageConnections = Math.floor(connections / 2)
  return {
    database: openDatabase({ ...options, connections: connections - pageConnections, plans: 'custom' }),
    pages: openDatabase({ ...options, connections: pageConnections, plans: 'generic' }),
  }
}

function openActivity(
  database: Database,
  { service, config, log, lifecycle }: Pick<ServiceContext, 'config' | 'log' | 'lifecycle'> & { service: Service },
): Activity {
  const { DATABASE_URL: url, DATABASE_LISTEN_HOST: listenHost } = config
  const connection = { database, url, listenHost, name: `darkroom-${service}-activity` }
  // What was loaded and read until now is given back to the system while nothing else happens.
  const onQuiet = () => void Bun.gc(true)
  const activity = followActivity({ ...connection, onQuiet, log, signal: lifecycle.stopping })
  lifecycle.onClose('activity', () => activity.closed)
  return activity
}

/** Time in which a database on a busy machine answers, in ms. */
const START_PING_MS = 5_000

/** Waits until the database responds, or the signal is aborted: a database that is starting refuses connections. */
async function waitForDatabase(options: {
  database: Database
  url: string
  log: Log
  signal: AbortSignal
}): Promise<void> {
  const { database, signal } = options
  const onRetry = createUnreachableLog(options)
  const policy = RETRY_POLICIES.databaseStart
  const ping = () => pingDatabase(database, { signal, milliseconds: START_PING_MS })
  await retry(ping, { policy, signal, onRetry }).catch(error => {
    if (!signal.aborted) throw error
  })
}

function assertBusConnected(bus: Pick<Bus, 'isConnected'>): void {
  if (!bus.isConnected()) throw new Error('the bus is not connected')
}

function readConfigOrExit(service: Service): ServiceConfig {
  try {
    return readServiceConfig(undefined, service)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}
