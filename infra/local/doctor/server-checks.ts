import { join } from 'node:path'
import { connect } from 'nats'
import { toAccessOptions } from '../../src/bus/access.ts'
import { inboxPrefix } from '../../src/bus/permissions.ts'
import { type Config, readBusAccess, readS3Settings } from '../../src/config.ts'
import { readMigrationState } from '../../src/database/migrations.ts'
import { withConnection } from '../../src/database/with-connection.ts'
import { openStore } from '../../src/store/open-store.ts'
import { assertClusterOwner, findPostgresBinaries } from '../embedded/cluster.ts'
import type { RunFile } from '../launch/run-file.ts'
import { runCommand } from '../process/command.ts'
import { findPostgresAccount } from '../process/postgres-account.ts'
import type { Check, CheckResult } from './checks.ts'
import { ACCOUNT_ADVICE, checkNatsVersion, createNatsCheck } from './machine-checks.ts'
import { checkRoles } from './role-check.ts'

export interface ServerCheckOptions {
  config: Config
  dataDir: string
  /** Studio that runs on the data directory, if any. */
  running: RunFile | undefined
}

const TESTED_POSTGRES_VERSION = 18
const MIN_POSTGRES_VERSION = 14
const CONNECT_TIMEOUT_SECONDS = 4

/** Creates the checks of the database, the bus and the store: the embedded ones, or those that the settings name. */
export function createServerChecks({ config, dataDir, running }: ServerCheckOptions): Check[] {
  const database = config.DATABASE_URL
  const bus = config.NATS_URL ?? config.NATS_URL_INGEST
  const tables = database ?? running?.databaseUrl
  return [
    { name: 'Postgres', run: () => (database ? checkDatabase(database) : checkEmbeddedPostgres(dataDir)) },
    { name: 'Tables', run: () => checkMigrations(tables) },
    { name: 'Roles', run: () => checkRoles(tables) },
    bus ? { name: 'NATS', run: () => checkBus({ ...config, NATS_URL: bus }) } : createNatsCheck(join(dataDir, 'cache')),
    { name: 'Storage', run: () => checkStore(config, dataDir) },
  ]
}

async function checkEmbeddedPostgres(dataDir: string): Promise<CheckResult> {
  const account = findPostgresAccount()
  if (!account) return { status: 'wrong', detail: 'cannot run as this user', advice: ACCOUNT_ADVICE }
  await assertClusterOwner(join(dataDir, 'postgres'))
  const { postgres } = await findPostgresBinaries()
  const versionOutput = await runCommand([...account.commandPrefix, postgres, '--version'], {
    signal: AbortSignal.timeout(5_000),
  })
  const by = account.commandPrefix.length > 0 ? `as nobody, by ${account.commandPrefix[0]}` : 'as this user'
  return { status: 'good', detail: `${/\d+\.\d+/.exec(versionOutput)?.[0]}, embedded, runs ${by}` }
}

async function checkDatabase(url: string): Promise<CheckResult> {
  const limits = { connect: CONNECT_TIMEOUT_SECONDS, end: 1 }
  try {
    const [row] = await withConnection(url, sql => sql`select current_setting('server_version') as version`, limits)
    return checkPostgresVersion(String(row?.version))
  } catch (error) {
    return {
      status: 'wrong',
      detail: `DATABASE_URL: ${formatReason(error)}`,
      advice: 'Start that Postgres, or unset DATABASE_URL.',
    }
  }
}

function checkPostgresVersion(version: string): CheckResult {
  const detail = `${version}, by DATABASE_URL`
  const major = Number.parseInt(version, 10)
  if (major < MIN_POSTGRES_VERSION)
    return { status: 'wrong', detail, advice: `Use Postgres ${TESTED_POSTGRES_VERSION}.` }
  if (major < TESTED_POSTGRES_VERSION)
    return { status: 'note', detail, advice: `Only Postgres ${TESTED_POSTGRES_VERSION} is tested.` }
  return { status: 'good', detail }
}

async function checkMigrations(url: string | undefined): Promise<CheckResult> {
  const advice = 'A start brings them up to date.'
  if (!url) return { status: 'note', detail: 'unknown while the studio is stopped', advice }
  const state = await readMigrationState(url).catch(() => undefined)
  if (!state) return { status: 'note', detail: 'unknown: the database cannot be asked', advice }
  const { pending, unknown } = state
  if (unknown.length > 0) {
    return { status: 'wrong', detail: `of a newer Darkroom (${unknown.join(', ')})`, advice: 'Start that version.' }
  }
  if (pending.length > 0) return { status: 'note', detail: `behind by ${pending.length}`, advice }
  return { status: 'good', detail: 'up to date' }
}

async function checkBus(config: Config & { NATS_URL: string }): Promise<CheckResult> {
  try {
    const timeout = CONNECT_TIMEOUT_SECONDS * 1_000
    const access = toAccessOptions(readBusAccess(config))
    const connection = await connect({ ...access, timeout, reconnect: false, inboxPrefix: inboxPrefix('ingest') })
    const { version = '', cluster } = connection.info ?? {}
    const hasJetStream = await connection.jetstreamManager().then(
      () => true,
      () => false,
    )
    await connection.close()
    return checkNatsServer(version, { hasJetStream, lacksCluster: config.NATS_REPLICAS > 1 && !cluster })
  } catch (error) {
    return {
      status: 'wrong',
      detail: `NATS_URL: ${formatReason(error)}`,
      advice: 'Start that NATS, or unset NATS_URL.',
    }
  }
}

function checkNatsServer(
  version: string,
  { hasJetStream, lacksCluster }: { hasJetStream: boolean; lacksCluster: boolean },
): CheckResult {
  const detail = `${version}, by NATS_URL`
  if (!hasJetStream) return { status: 'wrong', detail: `${detail}, without JetStream`, advice: 'Switch JetStream on.' }
  const checked = checkNatsVersion(version, detail)
  if (checked.status !== 'good' || !lacksCluster) return checked
  const advice = 'Each stream is stored once: start the cluster, or unset NATS_REPLICAS.'
  return { status: 'note', detail: `${detail}, not a cluster`, advice }
}

async function checkStore(config: Config, dataDir: string): Promise<CheckResult> {
  const s3 = readS3Settings(config)
  if (!s3) return { status: 'good', detail: 'on disk, in the data folder' }
  const { endpoint, bucket } = s3
  try {
    await (await openStore({ DATA_DIR: dataDir, s3 })).ping()
    return { status: 'good', detail: `bucket ${bucket} of ${endpoint}` }
  } catch (error) {
    return {
      status: 'wrong',
      detail: `S3_ENDPOINT: ${formatReason(error)}`,
      advice: `Is ${endpoint} up, and has it ${bucket}?`,
    }
  }
}

function formatReason(error: unknown): string {
  if (error instanceof AggregateError) return formatReason(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
