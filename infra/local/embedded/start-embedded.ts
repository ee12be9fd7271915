import { join } from 'node:path'
import type { Hold, Site } from '../launch/launch-context.ts'
import type { Step } from '../launch/progress.ts'
import { keepSecret } from '../launch/secret.ts'
import { type Running, supervise } from '../launch/supervisor.ts'
import { freePort } from '../process/free-ports.ts'
import { findNatsServer } from '../programs/nats-server.ts'
import { startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'

/** The database's address, once its tables are up to date. */
export async function startDatabase(site: Site, hold: Hold): Promise<string> {
  const step = site.progress.part('Postgres 18')
  const url = site.config.DATABASE_URL ?? (await startEmbedded(site, hold, 'Postgres', await postgresStart(site, step)))
  await site.blueprint.migrate({ url, signal: site.signal })
  step.ready()
  return url
}

/** The bus' address. */
export async function startBus(site: Site, hold: Hold): Promise<string> {
  const step = site.progress.part('NATS')
  const url = site.config.NATS_URL ?? (await startEmbedded(site, hold, 'NATS', await natsStart(site, step)))
  step.ready()
  return url
}

type Start = (signal: AbortSignal) => Promise<Running & { url: string }>

/** Starts an embedded part and keeps it running at the same address. */
async function startEmbedded(site: Site, hold: Hold, name: string, start: Start): Promise<string> {
  const { record, giveUp, signal, progress } = site
  let url = ''
  const startRecorded = async (signal: AbortSignal) => {
    const part = await start(signal)
    url = part.url
    await record.started(name, part.child)
    return part
  }
  hold(await supervise({ name, start: startRecorded, say: line => progress.line(`  ${line}`), giveUp, signal }))
  return url
}

async function postgresStart({ dataDir }: Site, step: Step): Promise<Start> {
  const port = await freePort()
  const places = { dataDir: join(dataDir, 'postgres'), log: join(dataDir, 'logs', 'postgres.log') }
  return signal => startPostgres({ ...places, port, signal, say: step.say })
}

async function natsStart({ dataDir, signal }: Site, step: Step): Promise<Start> {
  const binary = await findNatsServer({ cacheDir: join(dataDir, 'cache'), signal, say: step.say })
  const port = await freePort()
  const auth = { user: 'darkroom', password: await keepSecret(join(dataDir, 'nats', 'password')) }
  const places = { storeDir: join(dataDir, 'nats'), log: join(dataDir, 'logs', 'nats.log') }
  return signal => startNats({ ...places, binary, port, auth, signal })
}
