import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChildProcess } from '../process/child-process.ts'
import { stopOrphanProcess } from '../process/orphan-process.ts'
import { type ServerProcess, toServerProcess, waitUntilReady } from '../process/server-process.ts'

export interface NatsOptions {
  /** The nats-server program, 2.9 or newer. */
  binary: string
  /** Folder for this server alone: streams, configuration and, unless `log` is given, the log. */
  storeDir: string
  /** A free port unless given. */
  port?: number
  auth?: { user: string; password: string }
  /** Log file; `nats.log` in `storeDir` unless given. */
  log?: string
  /** Aborts the start. A server that has started is stopped with `stop`. */
  signal: AbortSignal
}

const NAME = 'NATS'
const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 3_000

/**
 * Starts nats-server with JetStream on loopback and waits until JetStream is healthy. An orphan server on the same folder is
 * stopped first.
 *
 * @throws StartError with a message for users
 */
export async function startNats(options: NatsOptions): Promise<ServerProcess> {
  const { storeDir, signal } = options
  await mkdir(storeDir, { recursive: true, mode: 0o700 })
  await stopOrphanServer(storeDir, signal)
  const config = join(storeDir, 'nats.conf')
  // In a file, because every user of the machine can read the arguments of a process.
  await writeFile(config, formatConfig(options), { mode: 0o600 })
  const child = startChildProcess({
    command: [options.binary, '--config', config],
    env: {},
    output: { file: options.log ?? join(storeDir, 'nats.log') },
    stopSignal: 'SIGTERM',
  })
  const poll = () => readAddressWhenHealthy(storeDir, child.pid)
  const address = await waitUntilReady(child, { name: NAME, poll, milliseconds: READY_TIMEOUT_MS, signal })
  const url = formatNatsUrl({ auth: options.auth, port: Number(address.split(':').at(-1)) })
  return toServerProcess(child, url, STOP_TIMEOUT_MS)
}

/** Returns the URL of a server on loopback. */
export function formatNatsUrl({ auth, port }: { auth: NatsOptions['auth']; port: number }): string {
  return `nats://${formatCredentials(auth)}127.0.0.1:${port}`
}

/** Stops a server that an earlier launcher left running. Two servers on one folder corrupt each other's streams unnoticed. */
async function stopOrphanServer(storeDir: string, signal: AbortSignal): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFilePath(storeDir), 'utf8').catch(() => ''), 10)
  if (pid > 0) await stopOrphanProcess({ pid, commandText: storeDir, stopSignal: 'SIGTERM', signal })
  const stalePortsFiles = (await readdir(storeDir)).filter(name => name.endsWith('.ports'))
  await Promise.all(stalePortsFiles.map(name => rm(join(storeDir, name), { force: true })))
}

function formatConfig({ storeDir, port, auth }: NatsOptions): string {
  const access = auth ? `authorization { user: ${quote(auth.user)}, password: ${quote(auth.password)} }\n` : ''
  return `# Written anew at each start.
server_name: darkroom
listen: "127.0.0.1:${port ?? -1}"
http: "127.0.0.1:-1"
pid_file: ${quote(pidFilePath(storeDir))}
ports_file_dir: ${quote(storeDir)}
jetstream { store_dir: ${quote(join(storeDir, 'jetstream'))}, max_memory_store: 64MB, max_file_store: 1GB }
${access}`
}

function quote(text: string): string {
  return JSON.stringify(text)
}

function pidFilePath(storeDir: string): string {
  return join(storeDir, 'nats.pid')
}

/** Returns the host and port of the server, or undefined until JetStream is healthy. */
async function readAddressWhenHealthy(storeDir: string, pid: number): Promise<string | undefined> {
  try {
    const ports = await Bun.file(join(storeDir, `nats-server_${pid}.ports`)).json()
    const [client, monitor] = [new URL(ports.nats[0]), new URL(ports.monitoring[0])]
    const health = await fetch(new URL('/healthz?js-enabled-only=true', monitor))
    return health.ok ? client.host : undefined
  } catch {
    return undefined
  }
}

function formatCredentials(auth: NatsOptions['auth']): string {
  return auth ? `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@` : ''
}
