import { expect, test } from 'bun:test'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { startLauncher } from '../testing/installs/launcher.ts'
import { createTestDatabase, createTestDirectory, findNatsServer, startTestNats } from '../testing/test-resources.ts'
import { readRunFile } from './launch/run-file.ts'
import { findFreePort } from './process/free-ports.ts'
import { ROOT } from './root.ts'

const PATH = `${join(findNatsServer(), '..')}:/usr/sbin:/usr/bin:/sbin:/bin`

/** Runs the doctor. @returns `lines` by the name of their check */
async function doctor(env: Record<string, string>, clone = ROOT) {
  const command = [process.execPath, join(clone, 'infra/local/bootstrap.ts'), 'doctor']
  const child = Bun.spawn(command, { env: { PATH, ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const texts = await Promise.all([child.stdout.text(), child.stderr.text()])
  const rows = texts.join('').matchAll(/^ {2}([✓·✗] {2}(\w+) .*)$/gm)
  const lines = Object.fromEntries([...rows].map(([, line = '', what = '']) => [what, line.replace(/ +/g, ' ')]))
  return { code: await child.exited, text: texts.join(''), lines }
}

test('on a machine that has all it needs, finds nothing wrong and creates nothing', async () => {
  await using directory = await createTestDirectory()
  const port = String(await findFreePort())
  const { code, lines } = await doctor({ DATA_DIR: join(directory.path, 'studio'), PORT: port })
  expect(lines.Data).toBe(`✓ Data ${directory.path}/studio, to be made`)
  expect(lines.Port).toBe(`✓ Port ${port} is free`)
  expect(lines.Postgres).toStartWith('✓ Postgres 18.')
  expect(lines.NATS).toStartWith('✓ NATS nats-server ')
  expect(lines.Studio).toStartWith('· Studio does not run')
  expect(lines.ffmpeg).toMatch(/^(✓ ffmpeg \S+|· ffmpeg not here)/)
  expect(code).toBe(0)
  expect(await readdir(directory.path)).toEqual([])
})

test('before the packages are installed, runs the checks that need none, and downloads nothing', async () => {
  await using clone = await createTestDirectory()
  for (const folder of ['infra/local', 'infra/src'])
    await cp(join(ROOT, folder), join(clone.path, folder), { recursive: true })
  await cp(join(ROOT, 'bun.lock'), join(clone.path, 'bun.lock'))
  const { code, lines, text } = await doctor({ HOME: clone.path }, clone.path)
  expect(Object.keys(lines)).toEqual(['Bun', 'Packages', 'User', 'NATS', 'Chromium'])
  expect(lines.Packages).toStartWith('· Packages not installed')
  expect(text).toContain('The rest is looked at once the packages are installed.')
  expect(code).toBe(0)
  expect((await readdir(clone.path)).sort()).toEqual(['bun.lock', 'infra'])
})

test('checks the database and the bus that the settings name, also by files and by a list of servers', async () => {
  await using database = await createTestDatabase()
  await using nats = await startTestNats()
  await using directory = await createTestDirectory()
  const files = { DATABASE_URL_FILE: join(directory.path, 'database'), NATS_URL_FILE: join(directory.path, 'nats') }
  await Bun.write(files.DATABASE_URL_FILE, `${database.url}\n`)
  await Bun.write(files.NATS_URL_FILE, `${nats.url},nats://127.0.0.1:1\n`)
  const env = { ...files, PORT: String(await findFreePort()) }
  const fine = await doctor({ ...env, DATA_DIR: '/tmp' })
  expect(fine.lines.Postgres).toMatch(/^✓ Postgres 18\S* by DATABASE_URL$/)
  expect(fine.lines.Tables).toBe('✓ Tables up to date')
  expect(fine.lines.Roles).toBe('✓ Roles no service is connected')
  expect(fine.lines.NATS).toMatch(/^✓ NATS 2\S* by NATS_URL$/)
  expect(fine.code).toBe(0)

  const sql = postgres(database.url, { max: 1, onnotice: () => {} })
  await sql`insert into migrations (name, run_on) values ('9999_next', now())`
  await sql.end({ timeout: 1 })
  const alone = await doctor({ ...env, DATA_DIR: '/tmp', NATS_REPLICAS: '3' })
  expect(alone.lines.NATS).toContain('not a cluster Each stream is stored once')
  await nats.stop()
  const changed = await doctor({ ...env, DATA_DIR: '/tmp' })
  expect(changed.lines.Tables).toBe('✗ Tables of a newer Darkroom (9999_next) Start that version.')
  expect(changed.lines.NATS).toStartWith('✗ NATS NATS_URL: CONNECTION_REFUSED')
  expect(changed.text).toContain('2 things are wrong.')
  expect(changed.code).toBe(1)
})

test('names an invalid setting', async () => {
  const { code, lines } = await doctor({ PORT: 'three' })
  expect(lines.Settings).toStartWith('✗ Settings PORT: ')
  expect(code).toBe(1)
})

test('reports a taken port, a data directory that cannot be written, and a store that does not answer', async () => {
  await using directory = await createTestDirectory()
  const otherServer = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  await Bun.write(join(directory.path, 'file'), '')
  const s3 = { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY_ID: 'key', S3_SECRET_ACCESS_KEY: 'secret' }
  const env = { PORT: String(otherServer.port), DATA_DIR: join(directory.path, 'file/studio'), ...s3 }
  const { code, lines } = await doctor(env)
  expect(lines.Port).toStartWith(`· Port ${otherServer.port} is taken The studio would be at `)
  expect(lines.Data).toStartWith(`✗ Data ${directory.path}/file cannot be written`)
  expect(lines.Storage).toStartWith('✗ Storage S3_ENDPOINT: ')
  expect(code).toBe(1)
  await otherServer.stop(true)
})

test('checks the readiness of the services of a running studio', async () => {
  await using directory = await createTestDirectory()
  await mkdir(join(directory.path, 'studio'))
  const env = {
    PATH,
    HOME: directory.path,
    DATA_DIR: join(directory.path, 'studio'),
    PORT: String(await findFreePort()),
  }
  await using launcher = startLauncher({ env })
  const url = await launcher.url
  const healthy = await doctor(env)
  expect(healthy.lines.Studio).toBe(`✓ Studio open at ${url}, all parts ready`)
  expect(healthy.lines.Port).toBe(`✓ Port ${env.PORT}, this studio's`)
  expect(healthy.lines.Tables).toBe('✓ Tables up to date')
  const roles = 'ingest is darkroom_ingest, processor is darkroom_processor, query is darkroom_query'
  expect(healthy.lines.Roles).toBe(`✓ Roles ${roles}`)
  expect(healthy.code).toBe(0)

  const query = (await readRunFile(env.DATA_DIR))?.processes.query?.pid ?? 0
  process.kill(query, 'SIGSTOP')
  const unhealthy = await doctor(env)
  process.kill(query, 'SIGCONT')
  expect(unhealthy.lines.Studio).toStartWith('✗ Studio query does not answer')
  expect(unhealthy.code).toBe(1)
})
