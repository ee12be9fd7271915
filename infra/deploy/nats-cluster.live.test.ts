import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { connect, type NatsConnection } from 'nats'
import { findFreePorts } from '../local/process/free-ports.ts'
import { openBus } from '../src/bus/bus.ts'
import { inboxPrefix } from '../src/bus/permissions.ts'
import { createLog } from '../src/log.ts'
import { createTestDirectory, findNatsServer } from '../testing/test-resources.ts'
import { waitFor } from '../testing/wait-for.ts'
import { interpolate, readComposeProject } from './compose.fixture.ts'

/**
 * Starts three real servers from the configurations and the environments of docker-compose.cluster.yml. Only the addresses, the folders
 * and the line that nats-server 2.9 does not know are replaced.
 */

const READY_MS = 60_000
const NAMES = ['nats', 'nats-2', 'nats-3']
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const { services } = await readComposeProject(['docker-compose.yml', 'docker-compose.cluster.yml'])
const confs = await Promise.all(
  ['nats.conf', 'nats-cluster.conf'].map(file => Bun.file(join(import.meta.dirname, file)).text()),
)
let folder: string
let ports: number[]

beforeAll(async () => {
  folder = stack.use(await createTestDirectory()).path
  ports = await findFreePorts(2 * NAMES.length + 2)
  for (const [at, name] of NAMES.entries()) await start(name, at)
})
afterAll(() => stack.disposeAsync())

test('form a cluster, on which the streams of the studio have a copy on each server', async () => {
  const url = `nats://ingest:secret-ingest@${NAMES.map((_, at) => `127.0.0.1:${ports[2 * at]}`).join(',nats://')}`
  const bus = await openBus({ url, name: 'test', service: 'ingest', replicas: 3, log })
  stack.defer(() => bus.close())
  await waitFor('the streams', READY_MS, () =>
    bus.ensureStreams().then(
      () => true,
      () => false,
    ),
  )
  const nats = await connectAs('ingest', 0)
  const manager = await nats.jetstreamManager()
  for (const stream of ['JOBS', 'EVENTS']) {
    const { config, cluster } = await manager.streams.info(stream)
    expect(config.num_replicas).toBe(3)
    const servers = [cluster?.leader, ...(cluster?.replicas ?? []).map(({ name }) => name)]
    expect(servers.toSorted()).toEqual(NAMES)
  }
})

test('each server lets in the services, with their permissions, and nobody else', async () => {
  for (const at of NAMES.keys()) {
    const nats = await connectAs('query', at)
    expect(nats.info?.server_name).toBe(NAMES[at] ?? '')
    const denied = Promise.withResolvers<string>()
    void (async () => {
      for await (const status of nats.status()) if (status.type === 'error') denied.resolve(String(status.data))
    })()
    nats.publish('jobs.cancel')
    expect(await denied.promise).toBe('PERMISSIONS_VIOLATION')
    await expect(connectAs('query', at, 'wrong')).rejects.toThrow()
  }
})

test('a server without the password of the routes does not join', async () => {
  await start('intruder', 3, 'another-password')
  const isRefused = async () =>
    (await Bun.file(join(folder, 'intruder', 'log')).text()).includes('Authorization Violation')
  await waitFor('the refusal', READY_MS, isRefused)
})

async function connectAs(
  service: (typeof SERVICES)[number],
  at: number,
  password = `secret-${service}`,
): Promise<NatsConnection> {
  const servers = `127.0.0.1:${ports[2 * at]}`
  const nats = await connect({
    servers,
    user: service,
    pass: password,
    inboxPrefix: inboxPrefix(service),
    reconnect: false,
  })
  stack.defer(() => nats.close())
  return nats
}

/** Starts a server from the files of compose; the name of a server of it, or another one that has its files. */
async function start(name: string, at: number, routesPassword = 'secret-routes'): Promise<void> {
  const own = join(folder, name)
  const { environment, volumes } = services[name] ?? services.nats ?? {}
  const targets = (volumes as string[]).flatMap(volume => /\/etc\/nats\/(\S+\.conf):ro$/.exec(volume)?.[1] ?? [])
  for (const [index, target] of targets.entries()) {
    const conf = (confs[index] ?? '')
      .replace(/^ *sync_interval: always\n/m, '')
      .replace('"/data"', JSON.stringify(own))
      .replace('0.0.0.0:4222', `127.0.0.1:${ports[2 * at]}`)
      .replace('0.0.0.0:6222', `127.0.0.1:${ports[2 * at + 1]}`)
    await Bun.write(join(own, target), conf)
  }
  const values = Object.fromEntries(
    SERVICES.map(service => [`NATS_PASSWORD_${service.toUpperCase()}`, `secret-${service}`]),
  )
  const env = Object.entries(Object(environment)).map(([key, value]) => {
    const text = interpolate(String(value), { ...values, NATS_PASSWORD_ROUTES: routesPassword })
    return [key, text.replace(/@(nats[-\d]*):6222/g, (_, host) => `@127.0.0.1:${ports[2 * NAMES.indexOf(host) + 1]}`)]
  })
  const child = Bun.spawn([findNatsServer(), '--config', join(own, 'cluster.conf')], {
    env: { ...Object.fromEntries(env), ...(name in services ? {} : { NATS_SERVER_NAME: name }) },
    stdout: Bun.file(join(own, 'log')),
    stderr: Bun.file(join(own, 'log')),
  })
  stack.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
}
