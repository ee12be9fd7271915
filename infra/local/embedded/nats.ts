import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { connect } from 'nats'
import { type BusUser, formatServerConfig } from '../../src/bus/server-config.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { startChildProcess } from '../process/child-process.ts'
import { stopOrphanProcess } from '../process/orphan-process.ts'
import { type ServerProcess, toServerProcess, waitUntilReady } from '../process/server-process.ts'

/** A value for each user of the bus. */
export type ForBusUsers = Readonly<Record<BusUser, string>>

export interface NatsOptions {
  /** The nats-server program, 2.9 or newer. */
  binary: string
  /** Folder for this server alone: streams, configuration and, unless `log` is given, the log. */
  storeDir: string
  /** A free port unless given. */
  port?: number
  /** New ones unless given. */
  passwords?: ForBusUsers
  /** Log file; `nats.log` in `storeDir` unless given. */
  log?: string
  /** Aborts the start. A server that has started is stopped with `stop`. */
  signal: AbortSignal
}

/** A NATS server. Its `url` is that of the user `admin`. */
export interface NatsServer extends ServerProcess {
  /** URL of each user. */
  readonly urls: ForBusUsers
}

const NAME = 'NATS'
const USERS: readonly BusUser[] = ['admin', ...SERVICES]
const READY_TIMEOUT_MS = 20_000
const PING_TIMEOUT_MS = 2_000
const STOP_TIMEOUT_MS = 3_000

/** Creates a random password for each user. */
export function createBusPasswords(): ForBusUsers {
  return mapUsers(() => randomBytes(24).toString('hex'))
}

/**
 * Starts nats-server with JetStream on loopback and waits until JetStream answers a client. It has no other port. An orphan server
 * on the same folder is stopped first.
 *
 * @throws StartError with a message for users
 */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { storeDir, signal, passwords = createBusPasswords() } = options
  await mkdir(storeDir, { recursive: true, mode: 0o700 })
  await stopOrphanServer(storeDir, signal)
  const config = join(storeDir, 'nats.conf')
  // In a file, because every user of the machine can read the arguments of a process. A new one, because writing to an old one would
  // leave its mode as it is, which in a copied folder may be another.
  await rm(config, { force: true })
  await writeFile(config, formatConfig({ ...options, passwords }), { mode: 0o600, flag: 'wx' })
  const child = startChildProcess({
    command: [options.binary, '--config', config],
    env: {},
    output: { file: options.log ?? join(storeDir, 'nats.log') },
    stopSignal: 'SIGTERM',
  })
  const poll = (ended: AbortSignal) => findReadyPort(storeDir, { pid: child.pid, passwords, signal: ended })
  const port = await waitUntilReady(child, { name: NAME, poll, milliseconds: READY_TIMEOUT_MS, signal })
  const urls = formatNatsUrls({ passwords, port })
  return { ...toServerProcess(child, urls.admin, STOP_TIMEOUT_MS), urls }
}

/** Returns the URL of each user of a server on loopback. */
export function formatNatsUrls({ passwords, port }: { passwords: ForBusUsers; port: number }): ForBusUsers {
  return mapUsers(user => `nats://${user}:${encodeURIComponent(passwords[user])}@127.0.0.1:${port}`)
}

/** Stops a server that an earlier launcher left running. Two servers on one folder corrupt each other's streams unnoticed. */
async function stopOrphanServer(storeDir: string, signal: AbortSignal): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFilePath(storeDir), 'utf8').catch(() => ''), 10)
  if (pid > 0) await stopOrphanProcess({ pid, commandText: storeDir, stopSignal: 'SIGTERM', signal })
  const stalePortsFiles = (await readdir(storeDir)).filter(name => name.endsWith('.ports'))
  await Promise.all(stalePortsFiles.map(name => rm(join(storeDir, name), { force: true })))
}

function formatConfig({ storeDir, port, passwords }: NatsOptions & { passwords: ForBusUsers }): string {
  return `# Written anew at each start.
server_name: darkroom
listen: "127.0.0.1:${port ?? -1}"
pid_file: ${quote(pidFilePath(storeDir))}
ports_file_dir: ${quote(storeDir)}
jetstream { store_dir: ${quote(join(storeDir, 'jetstream'))}, max_memory_store: 64MB, max_file_store: 1GB }

${formatServerConfig(mapUsers(user => quote(passwords[user])))}`
}

function quote(text: string): string {
  return JSON.stringify(text)
}

function pidFilePath(storeDir: string): string {
  return join(storeDir, 'nats.pid')
}

/** Returns the port of the server, or undefined until JetStream answers there. */
async function findReadyPort(
  storeDir: string,
  { pid, passwords, signal }: { pid: number; passwords: ForBusUsers; signal: AbortSignal },
): Promise<number | undefined> {
  try {
    const ports = await Bun.file(join(storeDir, `nats-server_${pid}.ports`)).json()
    const port = Number(new URL(ports.nats[0]).port)
    const answer = pingJetStream(port, passwords.admin)
    await withDeadline(answer, { milliseconds: 2 * PING_TIMEOUT_MS, operation: 'a ping of JetStream', signal })
    return port
  } catch {
    return undefined
  }
}

/** Requests the state of JetStream over a connection of its own. @throws Error unless it answers */
async function pingJetStream(port: number, password: string): Promise<void> {
  const options = { servers: `127.0.0.1:${port}`, user: 'admin', pass: password, reconnect: false }
  const connection = await connect({ ...options, timeout: PING_TIMEOUT_MS })
  try {
    await connection.jetstreamManager({ timeout: PING_TIMEOUT_MS })
  } finally {
    await connection.close()
  }
}

function mapUsers(toValue: (user: BusUser) => string): ForBusUsers {
  return Object.fromEntries(USERS.map(user => [user, toValue(user)])) as ForBusUsers
}
