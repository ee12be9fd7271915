import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { createTestDirectory, findNatsServer } from '../testing/test-resources.ts'

/**
 * A real nats-server reads the configuration for servers. The one that tests run on may be older than the one that compose
 * runs: such a one knows everything in it but when a message goes to the disk.
 */

const conf = await Bun.file(join(import.meta.dirname, 'nats.conf')).text()
const FSYNC = /^ *sync_interval: always\n/m

test('is valid, but for the one line that nats-server 2.9 does not know', async () => {
  const whole = await checkConfig(conf, '"a-password"')
  expect(whole === 'valid' || /unknown field "sync_interval"/.test(whole)).toBe(true)
  expect(await checkConfig(conf.replace(FSYNC, ''), '"a-password"')).toBe('valid')
})

test('a password is taken as text, whatever it looks like, because compose quotes it', async () => {
  const older = conf.replace(FSYNC, '')
  expect(await checkConfig(older, '"0012"')).toBe('valid')
  expect(await checkConfig(older, '"123e4567"')).toBe('valid')
  expect(await checkConfig(older, '123e4567')).not.toBe('valid')
  expect(await Bun.file(join(import.meta.dirname, '../../docker-compose.yml')).text()).toContain(
    `NATS_PASSWORD: '"\${NATS_PASSWORD:?`,
  )
})

test('without a password it does not start', async () => {
  expect(await checkConfig(conf.replace(FSYNC, ''), undefined)).toMatch(/NATS_PASSWORD.*can ?not be found/)
})

/** @returns `valid`, or what nats-server has against it */
async function checkConfig(text: string, password: string | undefined): Promise<string> {
  await using directory = await createTestDirectory()
  const file = join(directory.path, 'nats.conf')
  await Bun.write(file, text)
  const env = password === undefined ? {} : { NATS_PASSWORD: password }
  const child = Bun.spawn([findNatsServer(), '-t', '--config', file], { env, stdout: 'pipe', stderr: 'pipe' })
  const said = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return said[2] === 0 ? 'valid' : said.slice(0, 2).join('').trim()
}
