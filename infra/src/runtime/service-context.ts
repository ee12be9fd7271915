import type { Service } from '@darkroom/contracts/routes'
import { type Bus, connectBus } from '../bus/bus.ts'
import { ConfigError, readServiceConfig, type ServiceConfig } from '../config.ts'
import { type Activity, followActivity } from '../database/activity.ts'
import { type Database, openDatabase, pingDatabase } from '../database/connection.ts'
import type { HttpAppOptions } from '../http/app.ts'
import { createIdentify } from '../http/identity.ts'
import { createLog, type Log } from '../log.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { enableFailpoint } from './failpoint.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { retry } from './retry.ts'
import { RETRY_POLICIES } from './retry-policies.ts'

/** A failure to reach the database is logged once, and then about once a minute. */
const LOG_EVERY = 240

/** Runtime dependencies of a service. */
export interface ServiceContext {
  config: ServiceConfig
  log: Log
  metrics: Metrics
  lifecycle: Lifecycle
  database: Database
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
 *   the bus, and is ready as soon as the database responds: what needs the store is refused by itself while that is away
 */
export async function openServiceContext(
  service: Service,
  options: { isBusRequired: boolean },
): Promise<ServiceContext> {
  const config = readConfigOrExit(service)
  enableFailpoint(config.FAIL_AT)
  const log = createLog({ service, level: config.LOG_LEVEL })
  const lifecycle = createLifecycle({ log, parentPid: config.DARKROOM_PARENT_PID })
  const metrics = createMetrics(service)
  const usesCustomPlans = service === 'query'
  const database = openDatabase({ url: config.DATABASE_URL, name: `darkroom-${service}`, usesCustomPlans, log })
  lifecycle.onClose('database', () => database.end({ timeout: 3 }))
  const activity = openActivity(database, { service, config, log, lifecycle })
  const bus = connectBus({ url: config.NATS_URL, name: `darkroom-${service}`, service, activity, log })
  lifecycle.onClose('bus', () => bus.drain(), 2_000)
  if (options.isBusRequired) await bus.connected
  await waitForDatabase({ database, url: config.DATABASE_URL, log, signal: lifecycle.stopping })
  const store = await openStore(config)
  const checks: HttpAppOptions['checks'] = {
    database: signal => pingDatabase(database, signal ? { signal } : {}),
    ...(options.isBusRequired ? { bus: async () => assertBusConnected(bus), store: () => store.ping() } : {}),
  }
  const http = { config, log, metrics, checks, identify: createIdentify(config), stopping: lifecycle.stopping }
  return { config, log, metrics, lifecycle, database, activity, bus, store, http }
}

function openActivity(
  database: Database,
  { service, config, log, lifecycle }: Pick<ServiceContext, 'config' | 'log' | 'lifecycle'> & { service: Service },
): Activity {
  const connection = { database, url: config.DATABASE_URL, name: `darkroom-${service}-activity` }
  const activity = followActivity({ ...connection, log, signal: lifecycle.stopping })
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
  const { database, log, signal } = options
  const { hostname: host, port } = new URL(options.url)
  const onRetry = (err: unknown, failures: number) => {
    if (failures % LOG_EVERY === 1) log.warn({ err, host, ...(port ? { port } : {}) }, 'database_unreachable')
  }
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
