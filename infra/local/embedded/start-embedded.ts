import { join } from 'node:path'
import { prepareServiceDatabases, type ServiceUrls } from '../access/service-databases.ts'
import { isBusUserShared, readBusUrls, SHARED_BUS_USER_WARNING } from '../launch/bus-urls.ts'
import type { CloseSlot, LaunchContext } from '../launch/launch-context.ts'
import type { ProgressStep } from '../launch/progress.ts'
import { type RunningProcess, supervise } from '../launch/supervisor.ts'
import { findFreePort } from '../process/free-ports.ts'
import { findNatsServer } from '../programs/nats-server.ts'
import { createBusPasswords, type ForBusUsers, formatNatsUrls, startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'

/** URLs of the database: for its owner, and for each service. */
export interface DatabaseUrls {
  owner: string
  services: ServiceUrls
}

/** Starts the database, unless the settings name one, migrates it and prepares the roles of the services. */
export async function startDatabase(context: LaunchContext, slot: CloseSlot): Promise<DatabaseUrls> {
  const step = context.progress.startStep('Postgres 18')
  const url = context.config.DATABASE_URL ?? (await startEmbeddedDatabase(context, slot, step))
  await context.profile.migrate({ url, signal: context.signal })
  const onMessage = (line: string) => context.progress.line(`  ${line}`)
  const services = await prepareServiceDatabases({ ...context, url, onMessage })
  step.markReady()
  return { owner: url, services }
}

/**
 * Starts the bus, unless the settings name one. A bus that does not start is tried again and again meanwhile: people can look at
 * what is made without it, and what they submit waits in the database.
 *
 * @returns the URL of each of its users
 */
export async function startBus(context: LaunchContext, slot: CloseSlot): Promise<ForBusUsers> {
  const step = context.progress.startStep('NATS')
  const urls = readBusUrls(context.config)
  if (!urls) return await startEmbeddedBus(context, slot, step)
  step.markReady()
  if (isBusUserShared(urls)) context.progress.line(`  ${SHARED_BUS_USER_WARNING}`)
  return urls
}

interface EmbeddedServer {
  name: string
  start: (signal: AbortSignal) => Promise<RunningProcess>
  isFirstStartRequired: boolean
}

/** Starts an embedded server and restarts it after each exit, at the same address. */
async function superviseServer(context: LaunchContext, slot: CloseSlot, server: EmbeddedServer): Promise<void> {
  const { record, signal, progress } = context
  const start = async (signal: AbortSignal) => {
    const running = await server.start(signal)
    await record.recordProcess(server.name, running.child)
    return running
  }
  slot(await supervise({ ...server, start, onMessage: line => progress.line(`  ${line}`), signal }))
}

async function startEmbeddedDatabase(context: LaunchContext, slot: CloseSlot, step: ProgressStep): Promise<string> {
  const { dataDir } = context
  const port = await findFreePort()
  const paths = { dataDir: join(dataDir, 'postgres'), log: join(dataDir, 'logs', 'postgres.log') }
  let url = ''
  const start = async (signal: AbortSignal) => {
    const server = await startPostgres({ ...paths, port, signal, onMessage: step.report })
    url = server.url
    return server
  }
  // Nothing can be looked at without it.
  await superviseServer(context, slot, { name: 'Postgres', start, isFirstStartRequired: true })
  return url
}

async function startEmbeddedBus(context: LaunchContext, slot: CloseSlot, step: ProgressStep): Promise<ForBusUsers> {
  const { dataDir, signal } = context
  const binary = await findNatsServer({ cacheDir: join(dataDir, 'cache'), signal, onMessage: step.report })
  const port = await findFreePort()
  // New at each start of the studio, and the same at each start of the server: the services know them.
  const passwords = createBusPasswords()
  const paths = { storeDir: join(dataDir, 'nats'), log: join(dataDir, 'logs', 'nats.log') }
  let wasReady = false
  const start = async (signal: AbortSignal) => {
    const server = await startNats({ ...paths, binary, port, passwords, signal })
    if (!wasReady) step.markReady()
    wasReady = true
    return server
  }
  await superviseServer(context, slot, { name: 'NATS', start, isFirstStartRequired: false })
  return formatNatsUrls({ port, passwords })
}
