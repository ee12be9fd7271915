import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChildProcess } from '../../local/process/child-process.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { findPostgresAccount } from '../../local/process/postgres-account.ts'
import { type ServerProcess, toServerProcess, waitUntilReady } from '../../local/process/server-process.ts'
import { findInstalledPgBouncer, type PgBouncer } from '../../local/programs/pgbouncer.ts'
import { acceptsConnections } from '../net-proxy.ts'
import { TEST_CACHE } from '../test-resources.ts'

/** A PgBouncer in front of one database. After a restart it has the same address. */
export interface Pooler extends AsyncDisposable {
  readonly port: number
  readonly isRunning: boolean
  /** Starts it again. Resolves when it accepts connections. */
  start(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Returns a database's address through the pooler. */
  urlThrough(url: string): string
}

export interface PoolerOptions {
  /** `transaction` gives a client a server connection for one transaction, `session` for as long as it is connected. */
  mode: 'transaction' | 'session'
  /** Number of connections to the database. */
  connections: number
  /** Address that it listens on; loopback unless given. */
  address?: string
}

const LOOPBACK = '127.0.0.1'
const NAME = 'PgBouncer'
const START_MS = 60_000
const STOP_MS = 3_000

/** @param folder used by nothing else; `databaseUrl` the address of the database, with the password */
export async function startPooler(folder: string, databaseUrl: string, options: PoolerOptions): Promise<Pooler> {
  const port = await findFreePort()
  await mkdir(folder, { recursive: true })
  const configFile = join(folder, 'pgbouncer.ini')
  await writeFile(configFile, formatConfig(databaseUrl, port, options))
  // The account may be another user, who has to read it.
  await Promise.all([chmod(folder, 0o755), chmod(configFile, 0o644)])
  const { address = LOOPBACK } = options
  let server = await startProgram(folder, configFile, { address, port })
  return {
    port,
    get isRunning() {
      return server.child.isRunning()
    },
    start: async () => {
      server = await startProgram(folder, configFile, { address, port })
    },
    kill: () => server.kill(),
    urlThrough: url => Object.assign(new URL(url), { host: `${address}:${port}` }).href,
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

async function startProgram(
  folder: string,
  configFile: string,
  { address, port }: { address: string; port: number },
): Promise<ServerProcess> {
  const account = findPostgresAccount()
  const { program, libraryDir } = findPgBouncer()
  const child = startChildProcess({
    command: [...(account?.commandPrefix ?? []), program, '--quiet', configFile],
    env: libraryDir === undefined ? {} : { LD_LIBRARY_PATH: libraryDir },
    output: { file: join(folder, 'pgbouncer.log') },
    // SIGINT waits for the clients, SIGTERM does not.
    stopSignal: 'SIGTERM',
  })
  const poll = async () => ((await acceptsConnections(port, address)) ? (true as const) : undefined)
  await waitUntilReady(child, { name: NAME, poll, milliseconds: START_MS, signal: AbortSignal.timeout(START_MS) })
  return toServerProcess(child, '', STOP_MS)
}

function formatConfig(
  databaseUrl: string,
  port: number,
  { mode, connections, address = LOOPBACK }: PoolerOptions,
): string {
  const { hostname, port: databasePort, username, password } = new URL(databaseUrl)
  return `[databases]
* = host=${hostname} port=${databasePort} user=${username} password=${password}
[pgbouncer]
listen_addr = ${address}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${connections}
max_client_conn = 500
log_connections = 0
log_disconnections = 0
`
}

function findPgBouncer(): PgBouncer {
  const found = findInstalledPgBouncer(TEST_CACHE)
  if (!found) throw new Error('The tests need pgbouncer: `bun run test` gets it once, then `bun test` finds it.')
  return found
}
