import { expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { jobConsumerName, STREAMS } from '@darkroom/contracts/subjects'
import { z } from 'zod'
import { ROOT } from '../local/root.ts'
import { ConfigError, readConfig, readServiceConfig } from '../src/config.ts'
import { type Part, SETTING_READERS } from '../src/part-environment.ts'
import { computeStopSeconds } from '../src/runtime/stop-time.ts'
import { fileKey, isSecretKey } from '../src/secret-files.ts'
import { findManifestProblems, type Manifest, readManifests } from './manifests.fixture.ts'

/** Checks the manifests of Kubernetes against the schemas of Kubernetes and KEDA, and compares them with the code and with one another. */

const Env = z.object({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() })
const Probe = z.object({
  httpGet: z
    .object({
      path: z.string(),
      port: z.string(),
      httpHeaders: z.tuple([z.object({ name: z.literal('Host'), value: z.string() })]),
    })
    .optional(),
})
const SecurityContext = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]), add: z.array(z.string()).optional() }),
})
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).default([]),
  env: z.array(Env).default([]),
  startupProbe: Probe.optional(),
  readinessProbe: Probe.optional(),
  livenessProbe: Probe.optional(),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: z.string(), memory: z.string() }),
    limits: z.strictObject({ cpu: z.string(), memory: z.string() }),
  }),
  securityContext: SecurityContext,
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
})
const Pod = z.object({
  metadata: z.object({ labels: z.object({ app: z.string(), 'app.kubernetes.io/part-of': z.literal('darkroom') }) }),
  spec: z.looseObject({
    terminationGracePeriodSeconds: z.int().optional(),
    automountServiceAccountToken: z.literal(false),
    enableServiceLinks: z.literal(false),
    securityContext: z.looseObject({
      runAsNonRoot: z.literal(true),
      runAsUser: z.int().min(1),
      seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([Container]),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
})

const files = (await readdir(join(import.meta.dirname, 'kubernetes'))).toSorted()
const byFile = new Map(
  await Promise.all(files.map(async file => [file, await readManifests(`kubernetes/${file}`)] as const)),
)
const manifests = [...byFile.values()].flat()
const settings = z.record(z.string(), z.string()).parse(find('ConfigMap', 'darkroom-settings').data)
const dockerfile = await Bun.file(join(ROOT, 'infra/deploy/Dockerfile')).text()
const WORKLOADS = ['caddy', 'ingest', 'migrate', 'processor', 'query'] as const

test.each(files)('%s keeps to the schemas', file => {
  expect(byFile.get(file)?.flatMap(findManifestProblems)).toEqual([])
})

test.each<[string, Manifest, (manifest: Manifest) => void, RegExp]>([
  [
    'a key that is not known',
    find('Deployment', 'ingest'),
    ({ spec }) => Object.assign(Object(spec), { replica: 2 }),
    /^\/spec\/replica is unknown$/,
  ],
  [
    'a key deep inside',
    find('StatefulSet', 'processor'),
    m => Object.assign(podOf(m).spec.containers[0], { readinesProbe: {} }),
    /containers\/0\/readinesProbe is unknown$/,
  ],
  [
    'a number as text',
    find('Deployment', 'query'),
    ({ spec }) => Object.assign(Object(spec), { replicas: 'two' }),
    /replicas/,
  ],
  [
    'a variable that is no text',
    find('Deployment', 'query'),
    m => Object.assign(Object(podOf(m).spec.containers[0].env[0]), { value: 8080 }),
    /env/,
  ],
  [
    'a selector that is missing',
    find('PodDisruptionBudget', 'query'),
    ({ spec }) => Object.assign(Object(spec), { selector: 'query' }),
    /selector/,
  ],
  [
    'a trigger without its type',
    find('ScaledObject', 'processor'),
    ({ spec }) => delete Object(spec).triggers[0].type,
    /type/,
  ],
  [
    'a kind without a schema',
    find('Service', 'query'),
    manifest => Object.assign(manifest, { apiVersion: 'v2' }),
    /no schema/,
  ],
])('the schemas refuse %s', (_, manifest, change, expected) => {
  const changed = structuredClone(manifest)
  change(changed)
  expect(findManifestProblems(changed).join('\n')).toMatch(expected)
})

test('kustomization.yaml has every file that is to be applied with it, and an image for each container', async () => {
  const Kustomization = z.strictObject({
    apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
    kind: z.literal('Kustomization'),
    namespace: z.literal('darkroom'),
    resources: z.array(z.string()),
    configMapGenerator: z.array(z.strictObject({ name: z.string(), files: z.array(z.string()) })),
    images: z.array(
      z.strictObject({
        name: z.string(),
        newName: z.string().optional(),
        newTag: z.string().optional(),
        digest: z.string().optional(),
      }),
    ),
  })
  const [document] = await readManifests('kustomization.yaml')
  const { resources, configMapGenerator, images } = Kustomization.parse(document)
  // By themselves: what is secret, what runs before a version and what needs KEDA.
  const apart = ['keda.yaml', 'migrate.yaml', 'secrets.example.yaml']
  expect(resources.toSorted()).toEqual(files.filter(file => !apart.includes(file)).map(file => `kubernetes/${file}`))
  expect(configMapGenerator).toEqual([{ name: 'darkroom-caddyfile', files: ['Caddyfile'] }])
  const names = new Set(WORKLOADS.map(name => findWorkload(name).container.image))
  expect(images.map(({ name }) => name).toSorted()).toEqual([...names].toSorted())
  const digest = images.find(({ name }) => name === 'caddy')?.digest ?? 'none'
  expect(await Bun.file(join(ROOT, 'docker-compose.yml')).text()).toContain(`@${digest}`)
})

test.each(WORKLOADS)('%s runs as nobody in particular, on a root that cannot be written to, with limits', name => {
  const { pod, container } = findWorkload(name)
  expect(container.securityContext.capabilities.add ?? []).toEqual(name === 'caddy' ? ['NET_BIND_SERVICE'] : [])
  const volumes = pod.volumes.map(volume => volume.name)
  const own = name === 'processor' ? ['journal'] : []
  expect(container.volumeMounts.map(mount => mount.name).toSorted()).toEqual([...volumes, ...own].toSorted())
})

test.each([...SERVICES])('%s gets settings that it reads, secrets by files, and no other', name => {
  const { container, pod } = findWorkload(name)
  const env = readEnv(name)
  const parts: readonly Part[] = name === 'ingest' ? ['ingest', 'backfill'] : [name]
  const isRead = (key: string) => parts.some(part => SETTING_READERS[key]?.includes(part))
  const keys = Object.keys(env).filter(key => !key.endsWith('_FILE'))
  expect(keys.filter(key => !isRead(key) || isSecretKey(key))).toEqual([])
  expect(
    Object.keys(settings).filter(key => !SERVICES.every(service => SETTING_READERS[key]?.includes(service))),
  ).toEqual([])
  const secrets = Object.keys(readSecret(name))
  expect(secrets.filter(key => !isRead(key) || !isSecretKey(key))).toEqual([])
  const mounted = secrets.map((key): [string, string] => [fileKey(key), `/run/secrets/darkroom/${key}`])
  expect(
    Object.entries(env)
      .filter(([key]) => key.endsWith('_FILE'))
      .toSorted(),
  ).toEqual(mounted.toSorted())
  expect(pod.volumes.find(volume => volume.name === 'secrets')).toMatchObject({
    secret: { secretName: `darkroom-${name}` },
  })
  expect(container.volumeMounts).toContainEqual({ name: 'secrets', mountPath: '/run/secrets/darkroom', readOnly: true })
})

test.each([...SERVICES])('%s understands its settings, and has time to stop', name => {
  const { DATABASE_URL_FILE, NATS_URL_FILE, ...rest } = readEnv(name)
  const withoutFiles = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.endsWith('_FILE')))
  const secrets = {
    DATABASE_URL: 'postgres://a:b@db/c',
    NATS_URL: 'nats://a:b@bus',
    S3_ACCESS_KEY_ID: 'a',
    S3_SECRET_ACCESS_KEY: 'b',
  }
  const config = readServiceConfig({ ...withoutFiles, ...secrets }, name)
  expect(config.s3).not.toBeNull()
  const { pod, container } = findWorkload(name)
  expect(pod.terminationGracePeriodSeconds).toBe(config.STOP_TIMEOUT_SECONDS)
  expect(config.STOP_TIMEOUT_SECONDS).toBeGreaterThanOrEqual(computeStopSeconds(name, config))
  expect(container.ports).toEqual([{ name: 'http', containerPort: Number(rest[`${name.toUpperCase()}_PORT`]) }])
  expect(config.OPERATOR_HOSTS).toContain(`${name}:8080`)
  expect(config.NATS_REPLICAS).toBe(name === 'query' ? 1 : 3)
})

test.each([...SERVICES])('the probes of %s are answered: their paths and their Host are ones that it knows', name => {
  const { startupProbe, readinessProbe, livenessProbe } = findWorkload(name).container
  const expected = (path: string) => ({ path, port: 'http', httpHeaders: [{ name: 'Host', value: `${name}:8080` }] })
  expect([startupProbe?.httpGet, readinessProbe?.httpGet, livenessProbe?.httpGet]).toEqual([
    expected('/healthz'),
    expected('/readyz'),
    expected('/healthz'),
  ] as never)
})

test.each(['caddy', ...SERVICES])('%s has a Service on its port, and a budget that lets one of its pods go', name => {
  expect(find('Service', name).spec).toEqual({
    selector: { app: name },
    ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
  })
  expect(find('PodDisruptionBudget', name).spec).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: { app: name } },
  })
  const { spec } = find(name === 'processor' ? 'StatefulSet' : 'Deployment', name)
  expect(spec).toMatchObject({ replicas: 2, selector: { matchLabels: { app: name } } })
})

test('the addresses between the parts are those of their Services', () => {
  expect(readEnv('query')).toMatchObject({ INGEST_URL: 'http://ingest:8080', PROCESSOR_URL: 'http://processor:8080' })
  const caddy = Object.fromEntries(findWorkload('caddy').container.env.map(({ name, value }) => [name, value]))
  expect(caddy).toMatchObject({ INGEST: 'ingest:8080', QUERY: 'query:8080', FAIL_DURATION: '0s', HEALTH_URI: '' })
})

test('the journal of a processor is a volume of its own that outlives the pod, in the folder of the image', () => {
  const { spec } = find('StatefulSet', 'processor')
  const { container } = findWorkload('processor')
  expect(spec).toMatchObject({
    volumeClaimTemplates: [{ metadata: { name: 'journal' } }],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  })
  const paths = container.volumeMounts.map(({ mountPath }) => mountPath)
  expect(paths).toContain('/data/journal')
  expect(paths).toContain('/data/spool')
  expect(dockerfile).toContain('mkdir -p /data/journal /data/spool')
})

test('the example of the secrets starts nothing: every placeholder is refused where it could be, by its name alone', () => {
  for (const name of SERVICES) {
    const secret = readSecret(name)
    expect(Object.values(secret).filter(value => value !== 'REPLACE-ME')).toEqual([])
    const refused = readProblems(secret)
    const strict = Object.keys(secret).filter(key => !key.startsWith('S3_'))
    expect(refused.toSorted()).toEqual(strict.toSorted())
  }
  expect(readProblems(readSecret('migrate')).toSorted()).toEqual(Object.keys(readSecret('migrate')).toSorted())
})

test('the migration is given the files of every role, and starts what the image has', () => {
  const { container } = findWorkload('migrate')
  expect(container.env.map(({ name }) => name)).toEqual(Object.keys(readSecret('migrate')).map(fileKey))
  expect(container.command).toEqual(['bun', 'infra/local/migrate.ts'])
})

test('KEDA counts the messages of a consumer that processors have', () => {
  const { spec } = find('ScaledObject', 'processor')
  expect(spec).toMatchObject({
    scaleTargetRef: { kind: 'StatefulSet', name: 'processor' },
    minReplicaCount: 2,
    triggers: [
      {
        type: 'nats-jetstream',
        metadata: {
          stream: STREAMS.jobs.name,
          consumer: jobConsumerName('demo'),
          lagThreshold: String(2 * readConfig({}).PROVIDER_CONCURRENCY),
        },
      },
    ],
  })
})

function find(kind: string, name: string): Manifest {
  const manifest = manifests.find(manifest => manifest.kind === kind && manifest.metadata.name === name)
  if (!manifest) throw new Error(`there is no ${kind} ${name}`)
  return manifest
}

/** Returns the template of a workload's pods. What is changed in it changes the manifest. */
function podOf(manifest: Manifest): z.infer<typeof Pod> {
  return Object(manifest.spec).template
}

function findWorkload(name: string) {
  const kind = { processor: 'StatefulSet', migrate: 'Job' }[name] ?? 'Deployment'
  const { metadata, spec } = Pod.parse(podOf(find(kind, name)))
  expect(metadata.labels.app).toBe(name)
  return { pod: spec, container: spec.containers[0] }
}

/** Returns the variables of a service's container. */
function readEnv(name: Service): Record<string, string> {
  const own = findWorkload(name).container.env.map(({ name, value = '' }) => [name, value] as const)
  return { ...settings, ...Object.fromEntries(own) }
}

function readSecret(name: string): Record<string, string> {
  return z.record(z.string(), z.string()).parse(find('Secret', `darkroom-${name}`).stringData)
}

/** Returns the settings that are refused. */
function readProblems(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').map(line => line.split(':')[0] ?? '')
    throw error
  }
  return []
}
