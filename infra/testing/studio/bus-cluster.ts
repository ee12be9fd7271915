import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { connect } from 'nats'
import { createBusPasswords, type ForBusUsers } from '../../local/embedded/nats.ts'
import { startChildProcess } from '../../local/process/child-process.ts'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { type ServerProcess, toServerProcess } from '../../local/process/server-process.ts'
import { formatServerConfig } from '../../src/bus/server-config.ts'
import { acceptsConnections } from '../net-proxy.ts'
import { findNatsServer } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import type { FaultServer } from './server-process.ts'
import type { ServiceHost } from './service-process.ts'

/** Several NATS servers that are one bus. */
export interface BusCluster extends AsyncDisposable {
  readonly servers: readonly ClusterServer[]
  /** Addresses of all servers for the user `admin`, by commas. */
  readonly urls: string
  /** The same for each user. */
  readonly urlsByUser: ForBusUsers
}

/** One server of a cluster. Its `url` is that of the user `admin`. After a restart it has the same address and the same data. */
export interface ClusterServer
  extends Pick<FaultServer, 'url' | 'isRunning' | 'start' | 'stop' | 'kill' | 'freeze' | 'thaw'> {
  readonly name: string
}

/** Host that a server of a cluster runs on. */
export interface ClusterHost extends ServiceHost {
  readonly name: string
}

interface Member extends ClusterHost {
  port: number
  routePort: number
}

const READY_MS = 60_000
const STOP_MS = 3_000
const ADMIN = 'admin'
const USERS = [ADMIN, ...SERVICES] as const

/**
 * Starts the servers of a cluster with JetStream and the users of a studio, and waits until they have elected a leader.
 *
 * @param folder used by nothing else
 * @param options `servers`: the hosts; three on loopback unless given
 */
export async function startBusCluster(
  folder: string,
  options: { servers?: readonly ClusterHost[] } = {},
): Promise<BusCluster> {
  await using stack = new AsyncDisposableStack()
  const { servers: hosts = createLocalHosts(3) } = options
  const passwords = createBusPasswords()
  const ports = await findFreePorts(2 * hosts.length)
  const members = hosts.map((host, at) => ({ ...host, port: ports[2 * at] ?? 0, routePort: ports[2 * at + 1] ?? 0 }))
  const servers = members.map(member => {
    const server = createServer(join(folder, member.name), member, { members, passwords })
    stack.defer(() => server.dispose())
    return server
  })
  await Promise.all(servers.map(server => server.start()))
  const urlsFor = (user: keyof ForBusUsers) => members.map(member => formatUrl(member, user, passwords)).join(',')
  await waitForLeader(members.map(formatHost), passwords)
  const disposables = stack.move()
  return {
    servers,
    urls: urlsFor(ADMIN),
    urlsByUser: Object.fromEntries(USERS.map(user => [user, urlsFor(user)])) as ForBusUsers,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function createLocalHosts(count: number): ClusterHost[] {
  return Array.from({ length: count }, (_, at) => ({ name: `nats-${at + 1}`, address: '127.0.0.1', commandPrefix: [] }))
}

function createServer(
  folder: string,
  member: Member,
  cluster: { members: readonly Member[]; passwords: ForBusUsers },
): ClusterServer & { dispose(): Promise<void> } {
  const { name, address, port, commandPrefix } = member
  let server: ServerProcess | undefined
  const signal = (sent: NodeJS.Signals) => server?.child.isRunning() && process.kill(server.pid, sent)
  const start = async () => {
    await mkdir(folder, { recursive: true })
    const config = join(folder, 'nats.conf')
    await writeFile(config, formatConfig(folder, member, cluster))
    await chmod(config, 0o600)
    const child = startChildProcess({
      command: [...commandPrefix, findNatsServer(), '--config', config],
      env: { PATH: process.env.PATH ?? '' },
      output: { file: join(folder, 'nats.log') },
      stopSignal: 'SIGTERM',
    })
    server = toServerProcess(child, '', STOP_MS)
    await waitFor(`${name} to listen`, READY_MS, () => acceptsConnections(port, address))
  }
  return {
    name,
    url: formatUrl(member, ADMIN, cluster.passwords),
    get isRunning() {
      return server?.child.isRunning() ?? false
    },
    start,
    stop: async () => await server?.stop(),
    kill: async () => await server?.kill(),
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    dispose: async () => {
      signal('SIGCONT')
      await server?.stop()
    },
  }
}

function formatConfig(
  folder: string,
  { name, address, port, routePort }: Member,
  { members, passwords }: { members: readonly Member[]; passwords: ForBusUsers },
): string {
  const routes = members
    .filter(other => other.name !== name)
    .map(other => `"nats-route://${other.address}:${other.routePort}"`)
  const quoted = Object.fromEntries(USERS.map(user => [user, JSON.stringify(passwords[user])]))
  return `server_name: ${name}
listen: "${address}:${port}"
jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))}, max_memory_store: 64MB, max_file_store: 1GB }
cluster { name: darkroom, listen: "${address}:${routePort}", routes: [${routes.join(', ')}] }

${formatServerConfig(quoted)}`
}

function formatHost({ address, port }: Member): string {
  return `${address}:${port}`
}

function formatUrl(member: Member, user: keyof ForBusUsers, passwords: ForBusUsers): string {
  return `nats://${user}:${encodeURIComponent(passwords[user])}@${formatHost(member)}`
}

/** Waits until the cluster answers requests about streams, which takes a leader that all servers know. */
async function waitForLeader(servers: string[], passwords: ForBusUsers): Promise<void> {
  const isLed = async () => {
    const connection = await connect({ servers, user: ADMIN, pass: passwords.admin, reconnect: false }).catch(
      () => undefined,
    )
    const manager = await connection?.jetstreamManager({ timeout: 1_000 }).catch(() => undefined)
    const name = `probe-${crypto.randomUUID()}`
    const probe = await manager?.streams
      .add({ name, subjects: [name], num_replicas: servers.length })
      .catch(() => undefined)
    if (probe) await manager?.streams.delete(name).catch(() => {})
    await connection?.close()
    return probe !== undefined
  }
  await waitFor('A leader of the cluster', READY_MS, isLed, 200)
}
