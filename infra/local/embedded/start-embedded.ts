import { join } from 'node:path'
import type { CloseSlot, LaunchContext } from '../launch/launch-context.ts'
import type { ProgressStep } from '../launch/progress.ts'
import { readOrCreateSecret } from '../launch/secret.ts'
import { type RunningProcess, supervise } from '../launch/supervisor.ts'
import { findFreePort } from '../process/free-ports.ts'
import { findNatsServer } from '../programs/nats-server.ts'
import { startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'

/** Starts the database, unless the settings name one, and migrates it. @returns its URL */
export async function startDatabase(context: LaunchContext, slot: CloseSlot): Promise<string> {
  const step = context.progress.startStep('Postgres 18')
  const url =
    context.config.DATABASE_URL ??
    (await startEmbeddedServer(context, slot, 'Postgres', await preparePostgres(context, step)))
  await context.profile.migrate({ url, signal: context.signal })
  step.markReady()
  return url
}

/** Starts the bus, unless the settings name one. @returns its URL */
export async function startBus(context: LaunchContext, slot: CloseSlot): Promise<string> {
  const step = context.progress.startStep('NATS')
  const url =
    context.config.NATS_URL ?? (await startEmbeddedServer(context, slot, 'NATS', await prepareNats(context, step)))
  step.markReady()
  return url
}

type StartServer = (signal: AbortSignal) => Promise<RunningProcess & { url: string }>

/** Starts an embedded server and restarts it after each exit, at the same URL. @returns the URL */
async function startEmbeddedServer(
  context: LaunchContext,
  slot: CloseSlot,
  name: string,
  start: StartServer,
): Promise<string> {
  const { record, onFatal, signal, progress } = context
  let url = ''
  const startRecorded = async (signal: AbortSignal) => {
    const server = await start(signal)
    url = server.url
    await record.recordProcess(name, server.child)
    return server
  }
  slot(await supervise({ name, start: startRecorded, onMessage: line => progress.line(`  ${line}`), onFatal, signal }))
  return url
}

async function preparePostgres({ dataDir }: LaunchContext, step: ProgressStep): Promise<StartServer> {
  const port = await findFreePort()
  const paths = { dataDir: join(dataDir, 'postgres'), log: join(dataDir, 'logs', 'postgres.log') }
  return signal => startPostgres({ ...paths, port, signal, onMessage: step.report })
}

async function prepareNats({ dataDir, signal }: LaunchContext, step: ProgressStep): Promise<StartServer> {
  const binary = await findNatsServer({ cacheDir: join(dataDir, 'cache'), signal, onMessage: step.report })
  const port = await findFreePort()
  const auth = { user: 'darkroom', password: await readOrCreateSecret(join(dataDir, 'nats', 'password')) }
  const paths = { storeDir: join(dataDir, 'nats'), log: join(dataDir, 'logs', 'nats.log') }
  return signal => startNats({ ...paths, binary, port, auth, signal })
}
