import { expect, test } from 'bun:test'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Launcher, watchLauncher } from '../../testing/installs/launcher.ts'
import { allGone, processesOf } from '../../testing/installs/processes.ts'
import { natsServer, testDirectory } from '../../testing/test-resources.ts'
import { freePort } from '../process/free-ports.ts'
import { isRunning } from '../process/orphan-process.ts'
import { until } from '../process/wait-until.ts'
import { readRunFile } from './run-file.ts'

const LIMIT_MS = 60_000
/** Starts a launcher with stand-ins for the services. */
function launch(dataDir: string, env: Record<string, string> = {}): Launcher {
  const command = [process.execPath, join(import.meta.dirname, 'launch.fixture.ts')]
  return watchLauncher(command, { env: { PATH: join(natsServer(), '..'), DATA_DIR: dataDir, ...env } })
}

test(
  'starts everything, routes, and one Ctrl-C that arrives twice stops it in order and leaves nothing running',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()), LATE_UI: 'yes' })
    const url = await launcher.open
    expect(await (await fetch(`${url}/api/generate`)).text()).toBe('ingest /api/generate')
    expect(await (await fetch(`${url}/api/generations`)).text()).toBe('query /api/generations')
    expect((await processesOf(directory.path)).length).toBeGreaterThan(5)

    const run = await readRunFile(directory.path)
    expect(run?.url).toBe(url)
    expect(Object.keys(run?.processes ?? {}).sort()).toEqual(['NATS', 'Postgres', 'ingest', 'processor', 'query'])
    for (const file of ['run.json', 'internal-api-secret', 'postgres/password', 'nats/password']) {
      expect((await stat(join(directory.path, file))).mode & 0o777).toBe(0o600)
    }

    const began = performance.now()
    launcher.kill('SIGINT')
    launcher.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await processesOf(directory.path)).toEqual([])
    expect(await readRunFile(directory.path)).toBeUndefined()
    const notes = (await readFile(join(directory.path, 'notes'), 'utf8')).trim().split('\n')
    // query serves the files of the interface that are there when it starts.
    expect(notes.shift()).toBe('interface ready beside NATS, Postgres')
    expect(notes.sort()).toEqual(['ingest', 'processor', 'query'].map(name => `${name} stops, database there`))
  },
  LIMIT_MS,
)

test(
  'a second launcher on the same data says where the first is, and a taken port is passed over',
  async () => {
    await using directory = await testDirectory()
    const port = await freePort()
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(port, '127.0.0.1', resolve))
    const first = launch(directory.path, { PORT: String(port) })
    const url = await first.open
    expect(Number(new URL(url).port)).toBeGreaterThan(port)
    expect(first.lines).toContain(`  Port ${port} is taken: this studio is at ${new URL(url).port}.`)

    const second = launch(directory.path)
    expect(await second.ended).toBe(1)
    expect(second.lines.join('\n').trim()).toBe(`Darkroom runs on this data already: ${url}`)

    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    await new Promise(resolve => taken.close(resolve))
  },
  LIMIT_MS,
)

test.concurrent(
  'after a kill -9 of the launcher its parts end by themselves, and the next one starts on the same data',
  async () => {
    await using directory = await testDirectory()
    const killed = launch(directory.path, { PORT: String(await freePort()) })
    await killed.open
    killed.kill('SIGKILL')
    await killed.ended
    expect(await allGone(directory.path)).toBe(true)

    const next = launch(directory.path, { PORT: String(await freePort()) })
    const url = await next.open
    expect((await fetch(`${url}/api/models`)).status).toBe(200)
    next.kill('SIGINT')
    expect(await next.ended).toBe(0)
  },
  LIMIT_MS,
)

test.concurrent(
  'a part that is killed is started again: service, bus and database',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()) })
    const url = await launcher.open
    const before = (await readRunFile(directory.path))?.processes ?? {}
    for (const name of ['query', 'NATS', 'Postgres']) process.kill(before[name]?.pid ?? 0, 'SIGKILL')
    const again = async () => {
      const now = (await readRunFile(directory.path))?.processes ?? {}
      const renewed = ['query', 'NATS', 'Postgres'].every(name => now[name]?.pid !== before[name]?.pid)
      const answer = await fetch(`${url}/api/models`).catch(() => undefined)
      return (renewed && answer?.ok) || undefined
    }
    const wait = { what: 'The new parts', milliseconds: 30_000, signal: AbortSignal.timeout(LIMIT_MS) }
    expect(await until(again, wait)).toBe(true)
    const database = (await readRunFile(directory.path))?.processes.Postgres?.pid ?? 0
    expect(await isRunning(database, directory.path)).toBe(true)
    launcher.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test.concurrent(
  'stops when the process that it was told to watch is gone',
  async () => {
    await using directory = await testDirectory()
    const parent = Bun.spawn(['/bin/sleep', '60'])
    const env = { PORT: String(await freePort()), DARKROOM_PARENT_PID: String(parent.pid) }
    const launcher = launch(directory.path, env)
    await launcher.open
    parent.kill()
    expect(await launcher.ended).toBe(0)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test.concurrent(
  'a second Ctrl-C, later on, is somebody who will not wait: a service that still works is stopped at once, and all the rest',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()), STUBBORN: 'processor' })
    await launcher.open
    launcher.kill('SIGINT')
    const began = performance.now()
    const later = async () => performance.now() - began > 2_100 || undefined
    await until(later, { what: 'The next wish', milliseconds: 5_000, signal: AbortSignal.timeout(LIMIT_MS) })
    expect((await processesOf(directory.path)).length).toBeGreaterThan(2)
    launcher.kill('SIGINT')
    launcher.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test.concurrent(
  'a service that keeps dying stops the launcher with its last lines',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()), BREAKS: 'ingest' })
    expect(await launcher.ended).toBe(1)
    expect(launcher.lines.join('\n')).toContain(
      'ingest keeps dying. ingest ended (exit 1).\nthe setting FROBNICATE is wrong',
    )
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'a Ctrl-C while it starts stops what was begun',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()) })
    const wait = { what: 'The first process', milliseconds: 30_000, signal: AbortSignal.timeout(LIMIT_MS), every: 5 }
    await until(async () => ((await processesOf(join(directory.path, 'postgres'))).length > 0 ? true : undefined), wait)
    launcher.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test('a setting that is wrong is named, and nothing is started', async () => {
  await using directory = await testDirectory()
  const launcher = launch(directory.path, { PORT: 'three' })
  expect(await launcher.ended).toBe(2)
  expect(launcher.lines.join('\n')).toContain('PORT: ')
  expect(await readdir(directory.path)).toEqual([])
})
