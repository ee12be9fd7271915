import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { ROOT } from '../local/root.ts'
import { createTestDirectory, findNatsServer, startTestNats } from '../testing/test-resources.ts'

/**
 * Validates the server configuration with a real nats-server. The one that tests use may be older than the one in compose, and
 * then knows every setting except `sync_interval`.
 */

const conf = await Bun.file(join(import.meta.dirname, 'nats.conf')).text()
const VARIABLES = SERVICES.map(service => `NATS_PASSWORD_${service.toUpperCase()}`)
const FSYNC = /^ *sync_interval: always\n/m

test('is valid, except for the one line that nats-server 2.9 does not know', async () => {
  const whole = await checkConfig(conf, '"a-password"')
  expect(whole === 'valid' || /unknown field "sync_interval"/.test(whole)).toBe(true)
  expect(await checkConfig(conf.replace(FSYNC, ''), '"a-password"')).toBe('valid')
})

test('a password of digits is read as text because compose quotes it', async () => {
  const older = conf.replace(FSYNC, '')
  expect(await checkConfig(older, '"0012"')).toBe('valid')
  expect(await checkConfig(older, '"123e4567"')).toBe('valid')
  expect(await checkConfig(older, '123e4567')).not.toBe('valid')
  const compose = await Bun.file(join(ROOT, 'docker-compose.yml')).text()
  for (const variable of VARIABLES) expect(compose).toContain(`${variable}: '"\${${variable}:?`)
})

test('does not start without a password', async () => {
  expect(await checkConfig(conf.replace(FSYNC, ''), undefined)).toMatch(/NATS_PASSWORD_\w+.*can ?not be found/)
})

test('says to whoever connects whether JetStream is on, without a login: the health check of compose reads that', async () => {
  await using nats = await startTestNats()
  const { hostname, port } = new URL(nats.url)
  const socket = connect({ host: hostname, port: Number(port) })
  const [first] = await once(socket, 'data')
  socket.destroy()
  const [, expected = ''] = /grep -q '([^']+)'/.exec(await readHealthCheck()) ?? []
  expect(String(first)).toStartWith('INFO ')
  expect(String(first)).toContain(expected)
  expect(expected).toBe('"jetstream":true')
})

async function readHealthCheck(): Promise<string> {
  const compose = Bun.YAML.parse(await Bun.file(join(ROOT, 'docker-compose.yml')).text()) as {
    services: { nats: { healthcheck: { test: string[] } } }
  }
  return compose.services.nats.healthcheck.test.join(' ')
}

/** Checks a configuration with nats-server. @returns `valid`, or the output of nats-server */
async function checkConfig(text: string, password: string | undefined): Promise<string> {
  await using directory = await createTestDirectory()
  const file = join(directory.path, 'nats.conf')
  await Bun.write(file, text)
  const env = password === undefined ? {} : Object.fromEntries(VARIABLES.map(variable => [variable, password]))
  const child = Bun.spawn([findNatsServer(), '-t', '--config', file], { env, stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return exitCode === 0 ? 'valid' : `${stdout}${stderr}`.trim()
}
