import { expect, test } from 'bun:test'
import { SERVICES } from '@darkroom/contracts/routes'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { createServiceCommands } from '../launch/services.ts'
import { buildServiceEnvironment } from './service-environment.ts'

const SECRET = 'a secret of at least thirty-two characters'
const options = {
  env: { PATH: '/bin', DATABASE_URL: 'postgres://owner:1@db/x', OPENAI_API_KEY: 'key', OTHER: 'foreign', TEST: 'own' },
  settings: { PORT: '3000', QUERY_PORT: '4000' },
  databaseUrls: { ingest: 'postgres://i@db/x', processor: 'postgres://p@db/x', query: 'postgres://q@db/x' },
  busUrls: { admin: 'nats://a@bus', ingest: 'nats://i@bus', processor: 'nats://p@bus', query: 'nats://q@bus' },
  adminSecret: SECRET,
  extraVariables: ['TEST'],
}

test('a service has its own URLs, recognizes the secret at most, and has nothing else of the launcher', () => {
  expect(buildServiceEnvironment('query', options)).toEqual({
    ...{ PATH: '/bin', PORT: '3000', QUERY_PORT: '4000', TEST: 'own', NATS_URL_QUERY: '' },
    ...{ DATABASE_URL: 'postgres://q@db/x', NATS_URL: 'nats://q@bus', ADMIN_VERIFIER: expect.any(String) },
  })
  expect(buildServiceEnvironment('processor', options)).toEqual({
    ...{ PATH: '/bin', PORT: '3000', TEST: 'own', NATS_URL_PROCESSOR: '', OPENAI_API_KEY: 'key' },
    ...{ DATABASE_URL: 'postgres://p@db/x', NATS_URL: 'nats://p@bus', MIMALLOC_SCAVENGER: '0' },
  })
  expect(buildServiceEnvironment('ingest', options)).toMatchObject({ INTERNAL_API_SECRET: SECRET })
})

test('a service is not given the file of a secret that the launcher has read or made, and is given the others', () => {
  const files = [
    'DATABASE_URL',
    'NATS_URL',
    'INTERNAL_API_SECRET',
    'OPENAI_API_KEY',
    'ENCRYPTION_KEY',
    'GATEWAY_SECRET',
  ]
  const env = Object.fromEntries(files.map(key => [`${key}_FILE`, `/run/secrets/${key}`]))
  const settings = { ...options.settings, GATEWAY_SECRET: 'made at each start' }
  const given = SERVICES.map(service => {
    const environment = buildServiceEnvironment(service, { ...options, env, settings })
    return Object.keys(environment).filter(key => key.endsWith('_FILE'))
  })
  expect(given).toEqual([['ENCRYPTION_KEY_FILE'], ['ENCRYPTION_KEY_FILE', 'OPENAI_API_KEY_FILE'], []])
})

test('a service does not read the `.env` of the folder that the launcher was started in', async () => {
  await using directory = await createTestDirectory()
  await Bun.write(`${directory.path}/.env`, 'CANARY=in-the-file')
  const commands = createServiceCommands('/', { watch: false, withFakeProvider: false })
  expect(commands.map(({ name }) => name)).toEqual([...SERVICES])
  for (const { command } of commands) {
    const flags = command.slice(0, -1)
    const child = Bun.spawn([...flags, '-e', 'console.log(process.env.CANARY)'], {
      cwd: directory.path,
      env: {},
      stdout: 'pipe',
    })
    expect((await new Response(child.stdout).text()).trim()).toBe('undefined')
  }
})
