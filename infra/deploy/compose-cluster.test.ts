import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { ROOT } from '../local/root.ts'
import { splitBusUrls } from '../src/bus/bus-urls.ts'
import { readServiceConfig } from '../src/config.ts'
import { type Part, SETTING_READERS } from '../src/part-environment.ts'
import { computeStopSeconds } from '../src/runtime/stop-time.ts'
import { interpolate, readComposeProject } from './compose.fixture.ts'

/** Compares docker-compose.cluster.yml, over docker-compose.yml, with the code. What it takes over is held to the rules there. */

const base = await readComposeProject(['docker-compose.yml'])
const cluster = await readComposeProject(['docker-compose.yml', 'docker-compose.cluster.yml'])
const text = await Bun.file(join(ROOT, 'docker-compose.cluster.yml')).text()
const caddyfile = await Bun.file(join(ROOT, 'infra/deploy/Caddyfile')).text()
const guide = await Bun.file(join(ROOT, 'docs/cluster.md')).text()

const BUS = ['nats', 'nats-2', 'nats-3']
const MEMBERS: readonly [string, Service][] = [
  ['ingest', 'ingest'],
  ['ingest-2', 'ingest'],
  ['processor', 'processor'],
  ['query', 'query'],
  ['query-2', 'query'],
]

test('adds two servers of the bus, an ingest and a query, and runs two processors', () => {
  const added = Object.keys(cluster.services).filter(name => !(name in base.services))
  expect(added.toSorted()).toEqual(['ingest-2', 'nats-2', 'nats-3', 'query-2'])
  expect(cluster.services.processor?.scale).toBe(`\${PROCESSORS:-2}`)
})

test.each([
  ['nats', ['nats', 'nats-2', 'nats-3'], ['command', 'environment', 'volumes']],
  ['ingest', ['ingest', 'ingest-2'], ['environment', 'depends_on']],
  ['query', ['query', 'query-2'], ['environment', 'depends_on']],
  ['processor', ['processor'], ['environment', 'depends_on', 'scale']],
  ['caddy', ['caddy'], ['environment', 'depends_on']],
] as const)('of %s nothing else is changed: limits, networks, users and roots stay', (name, members, changed) => {
  for (const member of members) {
    const service = cluster.services[member] ?? {}
    expect({ ...service, ...pick(base.services[name] ?? {}, changed) }).toEqual({
      ...base.services[name],
      ...Object.fromEntries(
        changed.filter(key => key in service && !(key in (base.services[name] ?? {}))).map(key => [key, service[key]]),
      ),
    })
  }
})

test.each(MEMBERS)('%s has each server of the bus, the user of %s there, and valid settings', (member, name) => {
  const env = resolve(member)
  const config = readServiceConfig(env)
  const urls = splitBusUrls(config.NATS_URL)
  expect(urls.map(({ host }) => host)).toEqual(BUS.map(server => `${server}:4222`))
  expect(urls.map(({ username }) => username)).toEqual([name, '', ''])
  expect(urls[0]?.password).toBe(createSecrets()[`NATS_PASSWORD_${name.toUpperCase()}`] ?? 'unknown')
  expect(Number(env.STOP_TIMEOUT_SECONDS)).toBeGreaterThanOrEqual(computeStopSeconds(name, config))
  const parts: readonly Part[] = name === 'ingest' ? ['ingest', 'backfill'] : [name]
  const unread = Object.keys(env).filter(key => !parts.some(part => SETTING_READERS[key]?.includes(part)))
  expect(unread).toEqual([])
  if (SETTING_READERS.NATS_REPLICAS?.includes(name)) expect(config.NATS_REPLICAS).toBe(BUS.length)
  if (name !== 'processor') expect(config.SHUTDOWN_DELAY_SECONDS).toBeGreaterThan(0)
  expect(config.OPERATOR_HOSTS.toSorted()).toEqual(MEMBERS.map(([host]) => `${host}:8080`).toSorted())
})

test('query looks for every ingest', () => {
  for (const member of ['query', 'query-2'])
    expect(resolve(member).INGEST_URL).toBe('http://ingest:8080,http://ingest-2:8080')
})

test.each(MEMBERS)('%s waits for what it needs', member => {
  const needs = ['garage', 'migrate', 'postgres', ...BUS]
  expect(Object.keys(cluster.services[member]?.depends_on ?? {}).toSorted()).toEqual(needs.toSorted())
})

test('caddy chooses among both of each service', () => {
  const { environment, depends_on } = cluster.services.caddy ?? {}
  for (const name of ['ingest', 'query'] as const) {
    const upstreams = MEMBERS.filter(([, service]) => service === name).map(([member]) => member)
    expect(Object(environment)[name.toUpperCase()]).toBe(upstreams.map(member => `${member}:8080`).join(' '))
    expect(caddyfile).toContain(`{$${name.toUpperCase()}:${name}:8080}`)
    for (const upstream of upstreams) expect(depends_on).toHaveProperty(upstream)
  }
})

test.each(BUS)('%s has a name, a volume and the routes to all', server => {
  const { environment, volumes, command } = cluster.services[server] ?? {}
  const env = resolve(server)
  expect(env.NATS_SERVER_NAME).toBe(server)
  expect(command).toEqual(['nats-server', '--config', '/etc/nats/cluster.conf'])
  expect(volumes).toEqual([
    `${server}:/data`,
    './infra/deploy/nats.conf:/etc/nats/darkroom.conf:ro',
    './infra/deploy/nats-cluster.conf:/etc/nats/cluster.conf:ro',
  ])
  expect((JSON.parse(env.NATS_ROUTES ?? '') as string[]).map(route => new URL(route).host)).toEqual(
    BUS.map(name => `${name}:6222`),
  )
  const passwords = SERVICES.map(name => `NATS_PASSWORD_${name.toUpperCase()}`)
  const names = [...passwords, 'NATS_PASSWORD_ROUTES', 'NATS_ROUTES', 'NATS_SERVER_NAME']
  expect(Object.keys(Object(environment)).toSorted()).toEqual(names.toSorted())
})

test('every mounted file exists, and every volume is declared', () => {
  const sources = Object.values(cluster.services).flatMap(({ volumes }) =>
    ((volumes ?? []) as string[]).map(volume => volume.split(':')[0] ?? ''),
  )
  expect(sources.filter(source => source.startsWith('./') && !existsSync(join(ROOT, source)))).toEqual([])
  const named = sources.filter(source => !/^[./]/.test(source))
  expect([...new Set(named)].toSorted()).toEqual(Object.keys(cluster.volumes).toSorted())
})

test('the password that is needed besides is generated by the line in the file and in docs/cluster.md', () => {
  const line = 'echo NATS_PASSWORD_ROUTES=$(openssl rand -hex 24) >> .env'
  expect(text).toContain(line)
  expect(guide).toContain(line)
  expect(guide).toContain('docker compose -f docker-compose.yml -f docker-compose.cluster.yml up -d --build')
})

/** Returns the environment of a service after the interpolation that Compose does. */
function resolve(name: string): Record<string, string> {
  const environment = Object(cluster.services[name]?.environment) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => [key, interpolate(String(value), createSecrets())]),
  )
}

/** Returns every variable that is required, with a value of the kind that the README generates. */
function createSecrets(): Record<string, string> {
  const names = [...JSON.stringify(cluster).matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')
  return Object.fromEntries(names.map(name => [name, new Bun.CryptoHasher('sha256').update(name).digest('hex')]))
}

function pick(map: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => key in map).map(key => [key, map[key]]))
}
