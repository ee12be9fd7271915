import { expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { selectBaseEnvironment } from './base-environment.ts'
import { ConfigSchema } from './config-schema.ts'
import { type Part, SETTING_READERS, selectPartEnvironment } from './part-environment.ts'
import { fileKey, SECRET_KEYS } from './secret-files.ts'

const SERVICES = join(import.meta.dirname, '..', '..', 'services')
const env: Record<string, string> = {
  ...Object.fromEntries(Object.keys(ConfigSchema.shape).map(key => [key, `value of ${key}`])),
  ...{ PATH: '/bin', HOME: '/home/me', TZ: 'UTC', HTTPS_PROXY: 'http://proxy', AWS_SECRET_ACCESS_KEY: 'foreign' },
}
const SECRETS = Object.keys(ConfigSchema.shape).filter(key =>
  /SECRET|KEY$|TOKEN$|VERIFIER|DATABASE_URL|NATS_(URL|CA|CREDS|NKEY)/.test(key),
)

test('every setting names its readers', () => {
  expect(Object.keys(SETTING_READERS).sort()).toEqual(Object.keys(ConfigSchema.shape).sort())
})

test.each([
  [
    'ingest',
    ['DATABASE_URL', 'NATS_URL', 'S3_SECRET_ACCESS_KEY', 'INTERNAL_API_SECRET', 'ENCRYPTION_KEY', 'GATEWAY_SECRET'],
  ],
  ['backfill', ['DATABASE_URL', 'NATS_URL', 'S3_SECRET_ACCESS_KEY']],
  [
    'processor',
    [
      'DATABASE_URL',
      'NATS_URL',
      'S3_SECRET_ACCESS_KEY',
      'ENCRYPTION_KEY',
      'OPENAI_API_KEY',
      'GEMINI_API_KEY',
      'FAL_KEY',
      'REPLICATE_API_TOKEN',
      'BFL_API_KEY',
      'IDEOGRAM_API_KEY',
      'STABILITY_API_KEY',
      'RUNWAYML_API_SECRET',
      'OPENAI_COMPATIBLE_KEY',
      'COMFYUI_KEY',
      'A1111_KEY',
      'SDCPP_KEY',
    ],
  ],
  ['query', ['DATABASE_URL', 'NATS_URL', 'S3_SECRET_ACCESS_KEY', 'ADMIN_VERIFIER', 'GATEWAY_SECRET']],
] as const)('%s is given these secrets and no others', (part, secrets) => {
  const given = selectPartEnvironment(part, env)
  const ofBus = ['NATS_CA', 'NATS_CREDS', 'NATS_NKEY']
  const urls = ['DATABASE_URL', 'NATS_URL'].map(key => `${key}_${part === 'backfill' ? 'INGEST' : part.toUpperCase()}`)
  expect(SECRETS.filter(key => key in given).sort()).toEqual([...secrets, ...urls, ...ofBus].sort())
  expect(given).toMatchObject({ PATH: '/bin', HOME: '/home/me', TZ: 'UTC', HTTPS_PROXY: 'http://proxy' })
  expect(given.AWS_SECRET_ACCESS_KEY).toBeUndefined()
})

test.each(['ingest', 'backfill', 'processor', 'query'] as const)(
  "%s is given the files of the secrets that it reads, where no value is, and no other setting's",
  part => {
    const files = Object.fromEntries(Object.keys(ConfigSchema.shape).map(key => [fileKey(key), `/run/secrets/${key}`]))
    const given = Object.keys(selectPartEnvironment(part, files))
    expect(given.toSorted()).toEqual(
      SECRET_KEYS.filter(key => SETTING_READERS[key]?.includes(part))
        .map(fileKey)
        .toSorted(),
    )
    expect(Object.keys(selectPartEnvironment(part, { ...env, ...files })).filter(key => key.endsWith('_FILE'))).toEqual(
      [],
    )
  },
)

test('another program is given none of the settings', () => {
  expect(selectBaseEnvironment(env)).toEqual({
    ...{ PATH: '/bin', HOME: '/home/me', TZ: 'UTC', HTTPS_PROXY: 'http://proxy' },
  })
})

test.each(['ingest', 'processor', 'query'] as const)('%s is given each setting that its code reads', async service => {
  const folder = join(SERVICES, service, 'src')
  const files = (await readdir(folder, { recursive: true })).filter(
    file => /\.ts$/.test(file) && !/\.(test|fixture)\.ts$/.test(file),
  )
  const code = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')))
  const read = Object.keys(ConfigSchema.shape).filter(key => code.some(text => new RegExp(`\\b${key}\\b`).test(text)))
  const parts: readonly Part[] = service === 'ingest' ? ['ingest', 'backfill'] : [service]
  const isGiven = (key: string) => parts.some(part => SETTING_READERS[key]?.includes(part))
  expect(read.filter(key => !isGiven(key))).toEqual([])
})
