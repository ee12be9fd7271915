import { expect, test } from 'bun:test'
import { homedir } from 'node:os'
import fc from 'fast-check'
import { ConfigError, readConfig, readServiceConfig, resolveDataDir } from './config.ts'
import { ConfigSchema } from './config-schema.ts'

const SERVICE = { DATABASE_URL: 'postgres://a:b@db/c', NATS_URL: 'nats://a:b@bus:4222' }
const KEYS = Object.keys(ConfigSchema.shape)

test('every setting has a default or is optional', () => {
  expect(readConfig({})).toEqual({
    PORT: 3000,
    HOST: '127.0.0.1',
    DATABASE_CONNECTIONS: 10,
    NATS_REPLICAS: 1,
    S3_REGION: 'us-east-1',
    S3_BUCKET: 'darkroom',
    S3_FORCE_PATH_STYLE: true,
    GENERATION_UPLOAD_CONCURRENCY: 3,
    REFERENCE_UPLOAD_CONCURRENCY: 3,
    PROVIDER_CONCURRENCY: 2,
    LEASE_SECONDS: 30,
    MAX_PROVIDER_SUBMITS: 1,
    GENERATION_MAX_SECONDS: 720,
    SHUTDOWN_GRACE_SECONDS: 5,
    SHUTDOWN_DELAY_SECONDS: 0,
    QUEUE_DEPTH: 500,
    TRASH_DAYS: 30,
    BODY_MEMORY_MB: 384,
    UPLOAD_MEMORY_MB: 64,
    BACKFILL_MEMORY_MB: 128,
    IMAGE_MEMORY_MB: 512,
    SSE_MAX_STREAMS: 64,
    SAFE_GET_ALLOW: [],
    FFMPEG_PATH: 'ffmpeg',
    OPERATOR_HOSTS: [],
    LOG_LEVEL: 'info',
    NODE_ENV: 'production',
  })
})

test('an empty value counts as unset', () => {
  expect(readConfig(Object.fromEntries(KEYS.flatMap(key => [[key, '']])))).toEqual(readConfig({}))
  expect(readConfig({ PORT: '  ', LOG_LEVEL: undefined, PUBLIC_URL: '\t' })).toEqual(readConfig({}))
})

test('parses numbers and lists, and ignores unknown keys', () => {
  const env = {
    PORT: '8080',
    SAFE_GET_ALLOW: 'http://a:1, http://b:2\nhttp://c:3,',
    LEASE_SECONDS: '5',
    UNRELATED: 'x',
  }
  const config = readConfig(env)
  expect(config).toMatchObject({
    PORT: 8080,
    LEASE_SECONDS: 5,
    SAFE_GET_ALLOW: ['http://a:1', 'http://b:2', 'http://c:3'],
  })
  expect(config).not.toHaveProperty('UNRELATED')
})

for (const [key, value] of [
  ['PORT', '0'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['PORT', 'three thousand'],
  ['PUBLIC_URL', 'ftp://studio.example'],
  ['PUBLIC_URL', 'studio.example'],
  ['DATABASE_URL', 'mysql://root:hunter2@db/c'],
  ['NATS_URL', 'http://user:hunter2@bus'],
  ['NATS_URL', 'nats://user:hunter2@one:4222,two:4222'],
  ['NATS_URL', ' , '],
  ['NATS_REPLICAS', '2'],
  ['NATS_CA', 'hunter2'],
  ['NATS_CREDS', 'hunter2'],
  ['NATS_NKEY', 'SAHUNTER2'],
  ['DATABASE_CONNECTIONS', '1'],
  ['DATABASE_LISTEN_HOST', 'postgres://user:hunter2@db:5432'],
  ['S3_ENDPOINT', 'hunter2:9000'],
  ['S3_BUCKET', 'Hunter2/bucket'],
  ['S3_FORCE_PATH_STYLE', 'hunter2'],
  ['INTERNAL_API_SECRET', 'hunter2-is-too-short'],
  ['GENERATION_UPLOAD_CONCURRENCY', '0'],
  ['REFERENCE_UPLOAD_CONCURRENCY', '65'],
  ['LEASE_SECONDS', '601'],
  ['BODY_MEMORY_MB', '63'],
  ['SHUTDOWN_GRACE_SECONDS', '-1'],
  ['LOG_LEVEL', 'hunter2'],
  ['NODE_ENV', 'Production'],
  ['FAKE_PROVIDER_URL', 'hunter2'],
  ['FAIL_AT', 'after-hunter2:kill'],
  ['FAIL_AT', 'after-submit:hunter2'],
] as const) {
  test(`rejects ${key}=${value} with the key and without the value`, () => {
    const message = messageOf(() => readConfig({ [key]: value }))
    expect(message).toStartWith(`${key}: `)
    expect(message).not.toContain(value)
  })
}

test('names every wrong key in a line of its own', () => {
  const message = messageOf(() => readConfig({ PORT: 'x', LOG_LEVEL: 'x', PUBLIC_URL: 'x' }))
  expect(message.split('\n').map(line => line.split(':')[0])).toEqual(['PORT', 'PUBLIC_URL', 'LOG_LEVEL'])
})

test('no error contains a value', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9:/@.-]{0,20}#secret#[A-Za-z0-9]{0,20}$/)
  fc.assert(
    fc.property(fc.constantFrom(...KEYS), secret, (key, value) => {
      expect(messageOf(() => readConfig({ [key]: value }))).not.toContain('#secret#')
    }),
  )
})

test('rejects the fake provider in production, which is the default', () => {
  const FAKE_PROVIDER_URL = 'http://127.0.0.1:9/'
  expect(messageOf(() => readConfig({ FAKE_PROVIDER_URL }))).toStartWith('FAKE_PROVIDER_URL: ')
  expect(messageOf(() => readConfig({ FAKE_PROVIDER_URL, NODE_ENV: 'production' }))).toStartWith('FAKE_PROVIDER_URL: ')
  expect(readConfig({ FAKE_PROVIDER_URL, NODE_ENV: 'test' }).FAKE_PROVIDER_URL).toBe(FAKE_PROVIDER_URL)
})

test('rejects failpoints in production', () => {
  const FAIL_AT = 'after-submit:kill'
  expect(messageOf(() => readConfig({ FAIL_AT }))).toStartWith('FAIL_AT: ')
  expect(readConfig({ FAIL_AT, NODE_ENV: 'test' }).FAIL_AT).toBe(FAIL_AT)
})

test('a service needs a database and a bus', () => {
  expect(readServiceConfig({ ...SERVICE, DATA_DIR: '/data' })).toMatchObject({ ...SERVICE, DATA_DIR: '/data' })
  expect(messageOf(() => readServiceConfig({ NATS_URL: SERVICE.NATS_URL }))).toStartWith('DATABASE_URL: ')
  expect(messageOf(() => readServiceConfig({ DATABASE_URL: SERVICE.DATABASE_URL }))).toStartWith('NATS_URL: ')
})

const S3 = { S3_ENDPOINT: 'http://s3:9000', S3_ACCESS_KEY_ID: 'who', S3_SECRET_ACCESS_KEY: 'hunter2' }

test('a server and both keys select S3, none of the three the data directory', () => {
  expect(readServiceConfig(SERVICE).s3).toBeNull()
  expect(readServiceConfig({ ...SERVICE, ...S3, S3_FORCE_PATH_STYLE: 'false' }).s3).toEqual({
    endpoint: 'http://s3:9000',
    region: 'us-east-1',
    bucket: 'darkroom',
    accessKeyId: 'who',
    secretAccessKey: 'hunter2',
    forcePathStyle: false,
  })
})

test('names the missing S3 keys, and none that is set', () => {
  const keys = Object.entries(S3)
  for (const given of [0b001, 0b010, 0b100, 0b011, 0b101, 0b110]) {
    const env = Object.fromEntries(keys.filter((_, at) => given & (1 << at)))
    const missing = keys.map(([key]) => key).filter(key => !(key in env))
    const message = messageOf(() => readConfig(env))
    expect(message.split('\n').map(line => line.split(':')[0] ?? '')).toEqual(missing)
    expect(message).not.toMatch(/hunter2|who|9000/)
  }
})

for (const [env, path] of [
  [{ DATA_DIR: '/data', XDG_DATA_HOME: '/xdg' }, '/data'],
  [{ XDG_DATA_HOME: '/xdg' }, '/xdg/darkroom'],
  [{}, `${homedir()}/.local/share/darkroom`],
  [{ DATA_DIR: '', XDG_DATA_HOME: '' }, `${homedir()}/.local/share/darkroom`],
  // The specification requires that relative paths are ignored.
  [{ XDG_DATA_HOME: 'relative' }, `${homedir()}/.local/share/darkroom`],
] as const) {
  test(`with ${JSON.stringify(env)} the data directory is ${path.replace(homedir(), '~')}`, () => {
    expect(resolveDataDir(readConfig(env), env)).toBe(path)
    expect(readServiceConfig({ ...SERVICE, ...env }).DATA_DIR).toBe(path)
  })
}

test('every setting has a description', () => {
  const undescribed = Object.entries(ConfigSchema.shape).filter(
    ([, schema]) => !/^[A-Z`].+\.$/s.test(schema.description ?? ''),
  )
  expect(undescribed.map(([key]) => key)).toEqual([])
})

/** Returns the message of the ConfigError; empty if there was none. */
function messageOf(read: () => unknown): string {
  try {
    read()
    return ''
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error instanceof Error ? error.message : ''
  }
}

test('a service uses its own URL of the bus, else the one of all', () => {
  const own = { NATS_URL_QUERY: 'nats://query:x@bus:4222' }
  expect(readServiceConfig({ ...SERVICE, ...own }, 'query').NATS_URL).toBe(own.NATS_URL_QUERY)
  expect(readServiceConfig({ ...SERVICE, ...own }, 'ingest').NATS_URL).toBe(SERVICE.NATS_URL)
  const { DATABASE_URL } = SERVICE
  expect(readServiceConfig({ DATABASE_URL, ...own }, 'query').NATS_URL).toBe(own.NATS_URL_QUERY)
  expect(() => readServiceConfig({ DATABASE_URL, ...own }, 'ingest')).toThrow('NATS_URL: is needed')
})
