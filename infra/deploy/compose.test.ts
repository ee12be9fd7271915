import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { z } from 'zod'
import { ROOT } from '../local/root.ts'
import { DATABASE_URL_KEYS, readConfig, readServiceConfig } from '../src/config.ts'
import { ConfigSchema } from '../src/config-schema.ts'
import { type Part, SETTING_READERS } from '../src/part-environment.ts'
import { computeStopSeconds } from '../src/runtime/stop-time.ts'

/** Compares the deployment files (compose, Dockerfile, the configurations in this folder) with the code and with one another. */

const Dependency = z.object({ condition: z.string() })
const ComposeService = z.looseObject({
  image: z.string().optional(),
  build: z.object({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  stop_grace_period: z.string().default(''),
  depends_on: z.record(z.string(), Dependency).default({}),
})
type ComposeService = z.infer<typeof ComposeService>

const read = (path: string) => Bun.file(join(ROOT, path)).text()
const composeFile = await read('docker-compose.yml')
const dockerfile = await read('infra/deploy/Dockerfile')
const dockerignore = await read('.dockerignore')
const natsConf = await read('infra/deploy/nats.conf')
const garageToml = await read('infra/deploy/garage.toml')
const readme = await read('README.md')

const compose = z
  .object({ services: z.record(z.string(), ComposeService), volumes: z.record(z.string(), z.null()) })
  .parse(Bun.YAML.parse(composeFile))
const composeServices = Object.entries(compose.services)

/** Settings that have no effect in containers, or with the Postgres and the one NATS of this file. */
const NOT_FOR_COMPOSE = [
  'DATABASE_LISTEN_HOST',
  'NATS_REPLICAS',
  'NATS_CA',
  'NATS_CREDS',
  'NATS_NKEY',
  'DATABASE_URL_INGEST',
  'DATABASE_URL_PROCESSOR',
  'DATABASE_URL_QUERY',
  'DATA_DIR',
  'NATS_URL_INGEST',
  'NATS_URL_PROCESSOR',
  'NATS_URL_QUERY',
  'DARKROOM_PARENT_PID',
  'FAKE_PROVIDER_URL',
  'FAIL_AT',
  'NODE_ENV',
]

test('has the services and their infrastructure, and no container name that would prevent scaling', () => {
  const names = [...SERVICES, 'caddy', 'garage', 'migrate', 'nats', 'postgres']
  expect(Object.keys(compose.services).toSorted()).toEqual(names.toSorted())
  for (const [, service] of composeServices) expect(service).not.toHaveProperty('container_name')
})

test('publishes only the port of caddy, and only on loopback', () => {
  const published = composeServices.filter(([, { ports }]) => ports.length > 0)
  expect(published.map(([name]) => name)).toEqual(['caddy'])
  expect(getComposeService('caddy').ports.join(' ')).toMatch(/^127\.0\.0\.1:\$\{PORT:-3000\}:8080$/)
  for (const [, service] of composeServices) expect(service).not.toHaveProperty('network_mode')
  expect(ConfigSchema.shape.PORT.parse(undefined)).toBe(3000)
})

test.each([...SERVICES])('%s gets every setting that it reads, and no other', name => {
  const parts: readonly Part[] = name === 'ingest' ? ['ingest', 'backfill'] : [name]
  const read = Object.keys(ConfigSchema.shape).filter(key => parts.some(part => SETTING_READERS[key]?.includes(part)))
  const expected = read.filter(key => !NOT_FOR_COMPOSE.includes(key))
  expect(Object.keys(getComposeService(name).environment).toSorted()).toEqual(expected.toSorted())
})

test('each service has its own role in the database, and only migrate has the password of its owner', () => {
  const environments = [...SERVICES, 'migrate'].map(name => JSON.stringify(getComposeService(name).environment))
  expect(environments.map(text => text.includes('{POSTGRES_PASSWORD:'))).toEqual([false, false, false, true])
  for (const name of SERVICES) {
    const variable = `POSTGRES_PASSWORD_${name.toUpperCase()}`
    const url = `postgres://darkroom_${name}:\${${variable}:?Put ${variable} into .env}@postgres:5432/darkroom`
    const { DATABASE_URL } = getComposeService(name).environment
    expect(DATABASE_URL).toBe(url)
    expect(getComposeService('migrate').environment[DATABASE_URL_KEYS[name]]).toBe(url)
    expect(JSON.stringify(getComposeService(name).environment).match(/\{POSTGRES_PASSWORD\w*/g)).toEqual([
      `{${variable}`,
    ])
  }
})

test('the settings are valid when .env has only the passwords', () => {
  const configs = SERVICES.map(name => readServiceConfig(resolveEnvironment(getComposeService(name), createSecrets())))
  const ports = configs.map(config => config.INGEST_PORT ?? config.PROCESSOR_PORT ?? config.QUERY_PORT)
  expect(ports).toEqual([8080, 8080, 8080])
  for (const config of configs) {
    expect(config.HOST).toBe('0.0.0.0')
    expect(config.PUBLIC_URL).toBeUndefined()
    expect(config.s3).toMatchObject({ endpoint: 'http://garage:3900', accessKeyId: createSecrets().GARAGE_ACCESS_KEY })
  }
})

test('`bun` commands, which read the same .env, accept the passwords in it', () => {
  expect(readConfig(createSecrets())).toMatchObject({ PORT: 3000 })
})

test.each([...SERVICES, 'migrate'])('%s waits for its dependencies to be healthy, and for the migration', name => {
  const needs = name === 'migrate' ? ['postgres'] : ['garage', 'migrate', 'nats', 'postgres']
  const waits = Object.entries(getComposeService(name).depends_on)
  expect(waits.map(([other]) => other).toSorted()).toEqual(needs)
  for (const [other, { condition }] of waits) {
    expect(condition).toBe(other === 'migrate' ? 'service_completed_successfully' : 'service_healthy')
    expect(other === 'migrate' || 'healthcheck' in getComposeService(other)).toBe(true)
  }
})

test('caddy opens as soon as query answers', () => {
  const conditions = Object.entries(getComposeService('caddy').depends_on).map(([name, { condition }]) => [
    name,
    condition,
  ])
  expect(Object.fromEntries(conditions)).toEqual({
    ingest: 'service_started',
    processor: 'service_started',
    query: 'service_healthy',
  })
})

test.each([...SERVICES])('%s has time to stop, and is told how much', name => {
  const { stop_grace_period, environment } = getComposeService(name)
  const env = resolveEnvironment(getComposeService(name), createSecrets())
  // Both are the same variable of .env: whoever raises one raises the other.
  expect(stop_grace_period).toBe(`${environment.STOP_TIMEOUT_SECONDS}s`)
  expect(Number(env.STOP_TIMEOUT_SECONDS)).toBeGreaterThanOrEqual(computeStopSeconds(name, readServiceConfig(env)))
  expect(readme).toContain(/\$\{(\w+):-\d+\}s/.exec(stop_grace_period)?.[1] ?? 'a variable')
})

test('all processors share the journal of answers, in a folder that the user of the image may write to', () => {
  expect(getComposeService('processor').volumes).toEqual(['journal:/data/journal', '/data/spool'])
  const folders = 'mkdir -p /data/journal /data/spool && chown -R bun:bun /data'
  expect(dockerfile).toContain(`ENV DATA_DIR=/data\nRUN ${folders}\nUSER bun\n`)
})

test('each service has its own user on the bus, whose password the bus is given, and no other password', () => {
  const nats = getComposeService('nats').environment
  expect(Object.keys(nats).toSorted()).toEqual(SERVICES.map(name => `NATS_PASSWORD_${name.toUpperCase()}`).toSorted())
  for (const name of SERVICES) {
    const variable = `NATS_PASSWORD_${name.toUpperCase()}`
    const settings = getComposeService(name).environment
    expect(settings.NATS_URL).toBe(`nats://${name}:\${${variable}:?Put ${variable} into .env}@nats:4222`)
    expect(nats[variable]).toBe(`"\${${variable}:?Put ${variable} into .env}"`)
    expect(natsConf).toContain(`{ user: ${name}, password: $${variable}, permissions: {`)
    const passwords = Object.values(settings)
      .join('\n')
      .match(/\{NATS_PASSWORD_\w+/g)
    expect(passwords).toEqual([`{${variable}`])
  }
})

test('query finds the other services at their address', () => {
  const { environment } = getComposeService('query')
  const ports = {
    ingest: getComposeService('ingest').environment.INGEST_PORT,
    processor: getComposeService('processor').environment.PROCESSOR_PORT,
  }
  expect(environment.INGEST_URL).toBe(`http://ingest:${ports.ingest}`)
  expect(environment.PROCESSOR_URL).toBe(`http://processor:${ports.processor}`)
})

test('a missing password fails with its name, and the README shows how to generate each', () => {
  const references = [...composeFile.matchAll(/\$\{([A-Z0-9_]*(?:PASSWORD|SECRET|KEY)[A-Z0-9_]*)(\S*?) /g)]
  expect(references.length).toBeGreaterThan(0)
  for (const [, name, rest] of references) expect(`${name}${rest}`).toBe(`${name}:?Put`)
  const section = /^## On a server$([\s\S]*?)^## /m.exec(readme)?.[1] ?? ''
  const generated = [...section.matchAll(/^([A-Z0-9_]+)=.*openssl rand/gm)].map(([, name]) => name ?? '')
  expect(generated.toSorted()).toEqual(Object.keys(createSecrets()).toSorted())
})

test('every mounted file exists, and every volume is declared', () => {
  const sources = composeServices.flatMap(([, { volumes }]) => volumes.map(volume => volume.split(':')[0] ?? ''))
  const [files, volumes] = [sources.filter(isFilePath), sources.filter(source => !/^[./]/.test(source))]
  expect(files.filter(file => !existsSync(join(ROOT, file)))).toEqual([])
  expect([...new Set(volumes)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
})

test('every image has a version tag', () => {
  const images = composeServices.flatMap(([, { image }]) => image ?? [])
  expect(images.filter(image => !/:v?\d/.test(image))).toEqual([])
})

test('the bus is new enough, and syncs a message to disk before it acknowledges it', () => {
  const [name, tag = ''] = (getComposeService('nats').image ?? '').split(':')
  expect(name).toBe('nats')
  expect(Bun.semver.order(tag.replace(/-.*$/, ''), '2.12.3')).toBeGreaterThanOrEqual(0)
  expect(natsConf).toMatch(/^jetstream \{\n(?:[^}]*\n)? {2}sync_interval: always\n/m)
  expect(getComposeService('nats').volumes).toContain('nats:/data')
  expect(natsConf).toContain('store_dir: "/data"')
})

test('the services use the address, region, bucket and key of the store', () => {
  const store = z
    .object({ s3_api: z.object({ s3_region: z.string(), api_bind_addr: z.string() }) })
    .parse(Bun.TOML.parse(garageToml)).s3_api
  const [garage, ingest] = [getComposeService('garage').environment, getComposeService('ingest').environment]
  expect(ingest.S3_ENDPOINT).toBe(`http://garage:${store.api_bind_addr.split(':').at(-1)}`)
  expect(ingest.S3_REGION).toBe(store.s3_region)
  expect(ingest.S3_BUCKET).toBe(garage.GARAGE_DEFAULT_BUCKET)
  expect(ingest.S3_ACCESS_KEY_ID).toBe(garage.GARAGE_DEFAULT_ACCESS_KEY)
  expect(ingest.S3_SECRET_ACCESS_KEY).toBe(garage.GARAGE_DEFAULT_SECRET_KEY)
})

test('the Dockerfile has a target for each service', () => {
  for (const name of SERVICES) {
    expect(getComposeService(name).build?.target).toBe(name)
    expect(dockerfile).toContain(`FROM app AS ${name}\n`)
    expect(dockerfile).toContain(`CMD ["bun", "services/${name}/src/main.ts"]`)
  }
  expect(dockerfile.indexOf('\nUSER bun\n')).toBeLessThan(dockerfile.indexOf('\nFROM app AS '))
})

test('copies every manifest and patch for the frozen install, and only what .dockerignore lets into the context', async () => {
  const { workspaces, patchedDependencies } = z
    .object({
      workspaces: z.object({ packages: z.array(z.string()) }),
      patchedDependencies: z.record(z.string(), z.string()),
    })
    .parse(await Bun.file(join(ROOT, 'package.json')).json())
  const manifests = workspaces.packages.flatMap(pattern => [
    ...new Bun.Glob(`${pattern}/package.json`).scanSync({ cwd: ROOT }),
  ])
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '))
  expect(manifests.filter(manifest => !copied.includes(manifest))).toEqual([])
  expect(Object.values(patchedDependencies).filter(patch => !copied.includes(dirname(patch)))).toEqual([])
  const context = dockerignore.split('\n').filter(line => line.startsWith('!'))
  expect(context.toSorted()).toEqual([...new Set(copied.map(path => `!${path.split('/')[0]}`))].toSorted())
})

function getComposeService(name: string): ComposeService {
  const service = compose.services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

/** Returns every variable that compose requires, with a value of the kind that the README generates. */
function createSecrets(): Record<string, string> {
  const names = [...composeFile.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')
  return Object.fromEntries(names.map(name => [name, new Bun.CryptoHasher('sha256').update(name).digest('hex')]))
}

/** Returns a service's environment after the interpolation that compose does. */
function resolveEnvironment({ environment }: ComposeService, values: Record<string, string>): Record<string, string> {
  const fill = (text: string) =>
    text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
      return values[name] ?? (kind === '-' ? rest : `${name} is missing`)
    })
  return Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, fill(String(value))]))
}

function isFilePath(source: string): boolean {
  return source.startsWith('./')
}
