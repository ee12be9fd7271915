import { join } from 'node:path'
import { connect } from 'nats'
import postgres from 'postgres'
import { type Config, readServiceConfig } from '../../src/config.ts'
import { migrationState } from '../../src/database/migrations.ts'
import { openStore } from '../../src/store/open-store.ts'
import { findBinaries, requireOwnCluster } from '../embedded/cluster.ts'
import type { RunFile } from '../launch/run-file.ts'
import { runCommand } from '../process/command.ts'
import { postgresAccount } from '../process/postgres-account.ts'
import type { Check, Finding } from './checks.ts'
import { ACCOUNT_ADVICE, natsNewEnough, natsProgram } from './machine-checks.ts'

export interface PartsOptions {
  config: Config
  dataDir: string
  env: Record<string, string | undefined>
  /** The studio that runs on the data, if one does. */
  running: RunFile | undefined
}

const TESTED_POSTGRES = 18
const OLDEST_POSTGRES = 14
const CONNECT_SECONDS = 4

/** The database, the bus and the store: the embedded ones, or those that the settings name. */
export function partChecks({ config, dataDir, env, running }: PartsOptions): Check[] {
  const database = config.DATABASE_URL
  const bus = config.NATS_URL
  const tables = database ?? running?.databaseUrl
  return [
    { what: 'Postgres', look: () => (database ? lookAtDatabase(database) : lookAtEmbedded(dataDir)) },
    { what: 'Tables', look: () => lookAtTables(tables) },
    bus ? { what: 'NATS', look: () => lookAtBus(bus) } : natsProgram(join(dataDir, 'cache')),
    { what: 'Storage', look: () => lookAtStore(env) },
  ]
}

async function lookAtEmbedded(dataDir: string): Promise<Finding> {
  const account = postgresAccount()
  if (!account) return { mark: 'wrong', state: 'cannot run as this user', advice: ACCOUNT_ADVICE }
  await requireOwnCluster(join(dataDir, 'postgres'))
  const { postgres } = await findBinaries()
  const said = await runCommand([...account.prefix, postgres, '--version'], { signal: AbortSignal.timeout(5_000) })
  const by = account.prefix.length > 0 ? `as nobody, by ${account.prefix[0]}` : 'as this user'
  return { mark: 'good', state: `${/\d+\.\d+/.exec(said)?.[0]}, embedded, runs ${by}` }
}

async function lookAtDatabase(url: string): Promise<Finding> {
  const sql = postgres(url, { max: 1, connect_timeout: CONNECT_SECONDS, onnotice: () => {} })
  try {
    const [row] = await sql`select current_setting('server_version') as version`
    return judgePostgres(String(row?.version))
  } catch (error) {
    return {
      mark: 'wrong',
      state: `DATABASE_URL: ${reason(error)}`,
      advice: 'Start that Postgres, or unset DATABASE_URL.',
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function judgePostgres(version: string): Finding {
  const state = `${version}, by DATABASE_URL`
  const major = Number.parseInt(version, 10)
  if (major < OLDEST_POSTGRES) return { mark: 'wrong', state, advice: `Use Postgres ${TESTED_POSTGRES}.` }
  if (major < TESTED_POSTGRES) return { mark: 'note', state, advice: `Only Postgres ${TESTED_POSTGRES} is tested.` }
  return { mark: 'good', state }
}

async function lookAtTables(url: string | undefined): Promise<Finding> {
  const advice = 'A start brings them up to date.'
  if (!url) return { mark: 'note', state: 'unknown while the studio is stopped', advice }
  const state = await migrationState(url).catch(() => undefined)
  if (!state) return { mark: 'note', state: 'unknown: the database cannot be asked', advice }
  const { waiting, unknown } = state
  if (unknown.length > 0) {
    return { mark: 'wrong', state: `of a newer Darkroom (${unknown.join(', ')})`, advice: 'Start that version.' }
  }
  if (waiting.length > 0) return { mark: 'note', state: `behind by ${waiting.length}`, advice }
  return { mark: 'good', state: 'up to date' }
}

async function lookAtBus(url: string): Promise<Finding> {
  const { host, username, password, protocol } = new URL(url)
  const access = username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}
  const tls = protocol === 'tls:' ? { tls: {} } : {}
  try {
    const options = { servers: host, timeout: CONNECT_SECONDS * 1_000, reconnect: false, ...access, ...tls }
    const connection = await connect(options)
    const version = connection.info?.version ?? ''
    const streams = await connection.jetstreamManager().then(
      () => true,
      () => false,
    )
    await connection.close()
    return judgeNats(version, streams)
  } catch (error) {
    return { mark: 'wrong', state: `NATS_URL: ${reason(error)}`, advice: 'Start that NATS, or unset NATS_URL.' }
  }
}

function judgeNats(version: string, streams: boolean): Finding {
  const state = `${version}, by NATS_URL`
  if (!streams) return { mark: 'wrong', state: `${state}, without JetStream`, advice: 'Switch JetStream on.' }
  return natsNewEnough(version, state)
}

async function lookAtStore(env: PartsOptions['env']): Promise<Finding> {
  const elsewhere = { DATABASE_URL: 'postgres://localhost', NATS_URL: 'nats://localhost' }
  const config = readServiceConfig({ ...elsewhere, ...env })
  if (!config.s3) return { mark: 'good', state: 'on disk, in the data folder' }
  const { endpoint, bucket } = config.s3
  try {
    await (await openStore(config)).ping()
    return { mark: 'good', state: `bucket ${bucket} of ${endpoint}` }
  } catch (error) {
    return { mark: 'wrong', state: `S3_ENDPOINT: ${reason(error)}`, advice: `Is ${endpoint} up, and has it ${bucket}?` }
  }
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return reason(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
