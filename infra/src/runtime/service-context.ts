import type { Service } from '@darkroom/contracts/routes'
import { type Bus, connectBus } from '../bus/bus.ts'
import { ConfigError, readServiceConfig, type ServiceConfig } from '../config.ts'
import { type Database, openDatabase, pingDatabase } from '../database/connection.ts'
import type { HttpAppOptions } from '../http/app.ts'
import { identify } from '../http/identity.ts'
import { createLog, type Log } from '../log.ts'
import { createMetrics, type Metrics } from '../metrics.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { armFailpoint } from './failpoint.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { sleep } from './timers.ts'

const DATABASE_RETRY_MS = 250

/** What every service stands on. */
export interface ServiceContext {
  config: ServiceConfig
  log: Log
  metrics: Metrics
  lifecycle: Lifecycle
  database: Database
  bus: Bus
  store: Store
  http: HttpAppOptions
}

/**
 * Opens what every service stands on, and has it closed again when the process stops. Exits if the settings are wrong; a
 * database that is away is waited for.
 *
 * @param options `busIsVital`: it waits for the bus, and is not ready without. Else it does what it can meanwhile
 */
export async function openServiceContext(
  service: Service,
  options: { isBusRequired: boolean },
): Promise<ServiceContext> {
  const config = readConfigOrExit()
  armFailpoint(config.FAIL_AT)
  const log = createLog({ service, level: config.LOG_LEVEL })
  const lifecycle = createLifecycle({ log, parentPid: config.DARKROOM_PARENT_PID })
  const metrics = createMetrics(service)
  const database = openDatabase({ url: config.DATABASE_URL, name: `darkroom-${service}`, log })
  lifecycle.onClose('database', () => database.end({ timeout: 3 }))
  const bus = connectBus({ url: config.NATS_URL, name: `darkroom-${service}`, log })
  lifecycle.onClose('bus', () => bus.drain(), 2_000)
  if (options.isBusRequired) await bus.connected
  await waitForDatabase(database, lifecycle.stopping)
  const store = await openStore(config)
  const checks: HttpAppOptions['checks'] = {
    database: signal => pingDatabase(database, signal),
    store: () => store.ping(),
    ...(options.isBusRequired ? { bus: async () => assertBusConnected(bus) } : {}),
  }
  const http = { config, log, metrics, checks, identify, stopping: lifecycle.stopping }
  return { config, log, metrics, lifecycle, database, bus, store, http }
}

/** Waits for the database, however long that takes: one that is only just starting turns away whoever comes. */
async function waitForDatabase(database: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isReachable = pingDatabase(database, signal).then(
      () => true,
      () => false,
    )
    if (await isReachable) return
    await sleep(DATABASE_RETRY_MS, signal)
  }
}

function assertBusConnected(bus: Bus): void {
  if (!bus.isConnected()) throw new Error('the bus is away')
}

function readConfigOrExit(): ServiceConfig {
  try {
    return readServiceConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}
