import { expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../testing/test-resources.ts'
import { ConfigError, readConfig, readServiceConfig } from './config.ts'
import { ConfigSchema } from './config-schema.ts'
import { fileKey, isSecretKey, readSecretFiles, SECRET_KEYS } from './secret-files.ts'

const SECRET = 'postgres://user:a-secret-in-a-file@db/x'
const KEYS = Object.keys(ConfigSchema.shape)
/** A value that the setting accepts. */
const VALUES: Record<string, string> = {
  ...Object.fromEntries(KEYS.map(key => [key, 'a'.repeat(64)])),
  ...Object.fromEntries(KEYS.filter(key => key.startsWith('DATABASE_URL')).map(key => [key, SECRET])),
  ...Object.fromEntries(
    KEYS.filter(key => key.startsWith('NATS_URL')).map(key => [key, 'nats://a:b@bus:4222,nats://c']),
  ),
  NATS_CA: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  NATS_CREDS: '-----BEGIN USER NKEY SEED-----\nSU\n------END USER NKEY SEED------',
  NATS_NKEY: `SU${'A'.repeat(56)}`,
  ADMIN_VERIFIER: `${'a'.repeat(43)}.${'a'.repeat(43)}`,
}

test('every secret may be in a file, and nothing else', () => {
  const named = KEYS.filter(key =>
    /SECRET|KEY$|TOKEN$|KEY_ID$|VERIFIER|DATABASE_URL|NATS_(URL|CA|CREDS|NKEY)/.test(key),
  )
  expect([...SECRET_KEYS].toSorted() as string[]).toEqual(named.toSorted())
  expect(KEYS.filter(isSecretKey)).toEqual(KEYS.filter(key => named.includes(key)))
})

test('each secret is read from its file, without the white space around it', async () => {
  await using directory = await createTestDirectory()
  for (const key of SECRET_KEYS) {
    const path = join(directory.path, key)
    await Bun.write(path, `\n ${VALUES[key]}\r\n\n`)
    const problems: string[] = []
    const env = readSecretFiles({ [fileKey(key)]: ` ${path} `, OTHER: 'kept' }, problem => problems.push(problem))
    expect(env).toMatchObject({ [key]: VALUES[key], OTHER: 'kept' })
    expect(problems).toEqual([])
  }
})

test('a service starts with secrets in files alone', async () => {
  await using directory = await createTestDirectory()
  const keys = ['DATABASE_URL_QUERY', 'NATS_URL', 'NATS_CA', 'NATS_NKEY', 'ENCRYPTION_KEY', 'OPENAI_API_KEY'] as const
  const env = Object.fromEntries(keys.map(key => [fileKey(key), join(directory.path, key)]))
  await Promise.all(keys.map(key => Bun.write(join(directory.path, key), `${VALUES[key]}\n`)))
  const config = readServiceConfig(env, 'query')
  expect(config).toMatchObject({ ...Object.fromEntries(keys.map(key => [key, VALUES[key]])), DATABASE_URL: SECRET })
  expect(config).not.toHaveProperty('DATABASE_URL_FILE')
})

test('an empty path counts as unset, and a value that is empty does not stand against a file', async () => {
  await using directory = await createTestDirectory()
  const path = join(directory.path, 'key')
  await Bun.write(path, 'sk-1')
  expect(readConfig({ OPENAI_API_KEY_FILE: ' ', COMFYUI_KEY_FILE: '' })).toEqual(readConfig({}))
  expect(readConfig({ OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: path }).OPENAI_API_KEY).toBe('sk-1')
})

test('a file that cannot be used is refused by its setting, without any value or path', async () => {
  await using directory = await createTestDirectory()
  const at = (name: string) => join(directory.path, name)
  await mkdir(at('folder'))
  await Bun.write(at('empty'), ' \n\t')
  await Bun.write(at('large'), 'a-secret-in-a-file'.repeat(64 * 1024))
  await Bun.write(at('wrong'), 'a-secret-in-a-file')
  await Bun.write(at('right'), SECRET)
  await Bun.spawn(['mkfifo', at('pipe')]).exited
  const unusable = 'DATABASE_URL_FILE: names a file that cannot be read, is empty, or is larger than 1 MB'
  const cases: [Record<string, string>, string | RegExp][] = [
    [{ DATABASE_URL_FILE: at('missing') }, unusable],
    [{ DATABASE_URL_FILE: at('folder') }, unusable],
    [{ DATABASE_URL_FILE: at('pipe') }, unusable],
    [{ DATABASE_URL_FILE: at('empty') }, unusable],
    [{ DATABASE_URL_FILE: at('large') }, unusable],
    [{ DATABASE_URL_FILE: at('wrong') }, /^DATABASE_URL: [^\n]+$/],
    [
      { DATABASE_URL: SECRET, DATABASE_URL_FILE: at('right') },
      'DATABASE_URL_FILE: is given as well as DATABASE_URL: one of them is enough',
    ],
    [
      { DATABASE_URL_FILE: at('missing'), NATS_URL_FILE: at('empty'), PORT: 'x' },
      /DATABASE_URL_FILE.+NATS_URL_FILE.+PORT/s,
    ],
  ]
  for (const [env, expected] of cases) {
    const message = readMessage(env)
    if (typeof expected === 'string') expect(message).toBe(expected)
    else expect(message).toMatch(expected)
    expect(message).not.toContain('a-secret-in-a-file')
    expect(message).not.toContain(directory.path)
  }
})

function readMessage(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no error'
}
