import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { z } from 'zod'
import { ROOT } from '../local/root.ts'

/** Rules for every container of docker-compose.yml. A new one without them fails. */

const HealthCheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.int() }),
])
const Container = z.looseObject({
  image: z.string().optional(),
  build: z.looseObject({ target: z.string() }).optional(),
  user: z.string().optional(),
  init: z.literal(true),
  restart: z.enum(['unless-stopped', 'no']),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  read_only: z.literal(true),
  tmpfs: z.array(z.string().regex(/^\/[\w/]+:mode=1777,size=\d+m$/)),
  pids_limit: z.int().min(64).max(1_024),
  mem_limit: z.string(),
  cpus: z.string(),
  networks: z.array(z.string()).min(1),
  logging: z.strictObject({
    driver: z.literal('json-file'),
    options: z.strictObject({ 'max-size': z.string().regex(/^\d+m$/), 'max-file': z.string().regex(/^\d$/) }),
  }),
  healthcheck: HealthCheck.optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
})
const Network = z.union([z.strictObject({ internal: z.literal(true) }), z.null()])

const text = await Bun.file(join(ROOT, 'docker-compose.yml')).text()
const dockerfile = await Bun.file(join(ROOT, 'infra/deploy/Dockerfile')).text()
const compose = z
  .object({ services: z.record(z.string(), z.unknown()), networks: z.record(z.string(), Network) })
  .parse(Bun.YAML.parse(text))
const containers = Object.keys(compose.services).map(name => ({ name, ...readContainer(name) }))

/** Containers that need a capability: Caddy's program does not start where it cannot have that of its file. */
const CAPABILITIES: Record<string, string[]> = { caddy: ['NET_BIND_SERVICE'] }
/** Containers whose image has no user but root, who has no capability there. */
const AS_ROOT = ['garage', 'nats']
const NETWORKS: Record<string, string[]> = {
  bus: ['ingest', 'nats', 'processor', 'query'],
  data: ['ingest', 'migrate', 'postgres', 'processor', 'query'],
  edge: ['caddy'],
  egress: ['ingest', 'processor', 'query'],
  front: ['caddy', 'ingest', 'query'],
  store: ['garage', 'ingest', 'migrate', 'processor', 'query'],
}
const TO_THE_OUTSIDE = ['edge', 'egress']
/** Keys that would take a container out of its sandbox. */
const FORBIDDEN_KEYS = ['privileged', 'network_mode', 'pid', 'ipc', 'userns_mode', 'devices', 'cgroup', 'extra_hosts']

test.each(Object.keys(compose.services))('%s has every limit', name => {
  expect(Container.safeParse(compose.services[name]).error?.issues ?? []).toEqual([])
})

test('no container has a capability, a privilege or a namespace that it does not need', () => {
  for (const { name, cap_add } of containers) expect([name, cap_add]).toEqual([name, CAPABILITIES[name] ?? []])
  const found = containers.flatMap(({ name }) => FORBIDDEN_KEYS.filter(key => key in Object(compose.services[name])))
  expect(found).toEqual([])
})

test('none runs as root whose image has another user', () => {
  expect(dockerfile).toMatch(/^USER bun$/m)
  const roots = containers.filter(({ build, user }) => !build && (user === undefined || /^(0|root)\b/.test(user)))
  expect(roots.map(({ name }) => name).toSorted()).toEqual(AS_ROOT)
})

test.each(containers)('$name has limits of memory and processor time that .env can raise', container => {
  const prefix = container.name.toUpperCase()
  expect(container.mem_limit).toMatch(new RegExp(`^\\$\\{${prefix}_MEMORY:-\\d+[mg]\\}$`))
  // More than the machine has is refused, so the limit is one that every machine has.
  expect(container.cpus).toBe(`\${${prefix}_CPUS:-1}`)
})

test.each(containers)('$name has a health check', ({ name, healthcheck, build, restart }) => {
  if (healthcheck && 'disable' in healthcheck) return expect([name, restart]).toEqual(['migrate', 'no'])
  return expect(build ? /^HEALTHCHECK /m.test(dockerfile) : healthcheck !== undefined).toBe(true)
})

test('no health check asks a port for monitoring', () => {
  const nats = containers.find(({ name }) => name === 'nats')
  expect(JSON.stringify(nats)).not.toContain('8222')
  expect(JSON.stringify(nats?.healthcheck)).toContain('127.0.0.1 4222')
})

test('networks are split: each container is on those that it needs', () => {
  const members = Object.keys(compose.networks).map(network => {
    return [
      network,
      containers
        .filter(({ networks }) => networks.includes(network))
        .map(({ name }) => name)
        .toSorted(),
    ]
  })
  expect(Object.fromEntries(members)).toEqual(NETWORKS)
  const open = Object.entries(compose.networks).filter(([, network]) => network?.internal !== true)
  expect(open.map(([name]) => name).toSorted()).toEqual(TO_THE_OUTSIDE)
})

test('each service is on a network with every server that its settings name', () => {
  for (const { name, networks, environment } of containers.filter(({ build }) => build)) {
    const hosts = [
      ...Object.values(environment)
        .join('\n')
        .matchAll(/(?:@|http:\/\/)([a-z]+):\d+/g),
    ].map(([, host]) => host)
    expect(hosts).toContain('postgres')
    const shared = hosts.filter(host => networks.some(network => NETWORKS[network]?.includes(host ?? '')))
    expect([name, shared]).toEqual([name, hosts])
  }
})

test('what a container writes is in memory or in a volume, and what it is configured by cannot be written', () => {
  for (const { name, volumes, tmpfs } of containers) {
    const files = volumes.filter(volume => volume.startsWith('./'))
    expect(files.filter(volume => !volume.endsWith(':ro'))).toEqual([])
    expect(volumes.filter(volume => volume.includes('docker.sock'))).toEqual([])
    // A decoder writes its files there.
    if ((SERVICES as readonly string[]).includes(name)) expect(tmpfs.join()).toMatch(/^\/tmp:/)
  }
})

function readContainer(name: string) {
  return Container.parse(compose.services[name])
}
