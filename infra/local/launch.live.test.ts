import { expect, test } from 'bun:test'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { natsServer, testDirectory } from '../src/testing.ts'
import { eachLine } from './output.ts'
import { freePort } from './port.ts'
import { readRunFile } from './run-file.ts'
import { isRunning } from './stale.ts'
import { until } from './until.ts'

const LIMIT_MS = 60_000
const OPEN = /Darkroom is open: (\S+)/

/** Starts a launcher in a process of its own. `open` gives its address once it says so. */
function launch(dataDir: string, env: Record<string, string> = {}) {
  const lines: string[] = []
  const opened = Promise.withResolvers<string>()
  const hear = (line: string) => {
    lines.push(line)
    const [, url] = OPEN.exec(line) ?? []
    if (url) opened.resolve(url)
  }
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, 'launch.fixture.ts')], {
    env: { PATH: join(natsServer(), '..'), DATA_DIR: dataDir, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const heard = Promise.all([eachLine(child.stdout, hear), eachLine(child.stderr, hear)])
  const ended = child.exited.then(async code => {
    await heard
    opened.reject(new Error(`ended with ${code}:\n${lines.join('\n')}`))
    return code
  })
  opened.promise.catch(() => {})
  return { child, lines, ended, open: opened.promise }
}

async function allGone(mark: string): Promise<true> {
  const wait = { what: 'The end of every part', milliseconds: 10_000, signal: AbortSignal.timeout(LIMIT_MS) }
  return await until(async () => ((await running(mark)).length === 0 ? true : undefined), wait)
}

/** The processes that have the text in their command line or their environment. */
async function running(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(pid => pid > 0 && pid !== process.pid)
  const found = await Promise.all(pids.map(async pid => ((await mentions(pid, mark)) ? pid : 0)))
  return found.filter(pid => pid !== 0)
}

async function mentions(pid: number, mark: string): Promise<boolean> {
  const texts = ['cmdline', 'environ'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''))
  return (await Promise.all(texts)).some(text => text.includes(mark))
}

test(
  'starts everything, routes, and one Ctrl-C that arrives twice stops it in order and leaves nothing running',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()) })
    const url = await launcher.open
    expect(await (await fetch(`${url}/api/generate`)).text()).toBe('ingest /api/generate')
    expect(await (await fetch(`${url}/api/generations`)).text()).toBe('query /api/generations')
    expect((await running(directory.path)).length).toBeGreaterThan(5)

    const run = await readRunFile(directory.path)
    expect(run?.url).toBe(url)
    expect(Object.keys(run?.processes ?? {}).sort()).toEqual(['NATS', 'Postgres', 'ingest', 'processor', 'query'])
    for (const file of ['run.json', 'internal-api-secret', 'postgres/password', 'nats/password']) {
      expect((await stat(join(directory.path, file))).mode & 0o777).toBe(0o600)
    }

    const began = performance.now()
    launcher.child.kill('SIGINT')
    launcher.child.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await running(directory.path)).toEqual([])
    expect(await readRunFile(directory.path)).toBeUndefined()
    const notes = (await readFile(join(directory.path, 'notes'), 'utf8')).trim().split('\n')
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

    first.child.kill('SIGTERM')
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
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(await allGone(directory.path)).toBe(true)

    const next = launch(directory.path, { PORT: String(await freePort()) })
    const url = await next.open
    expect((await fetch(`${url}/api/models`)).status).toBe(200)
    next.child.kill('SIGINT')
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
    launcher.child.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(await running(directory.path)).toEqual([])
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
    expect(await running(directory.path)).toEqual([])
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
    expect(await running(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'a Ctrl-C while it starts stops what was begun',
  async () => {
    await using directory = await testDirectory()
    const launcher = launch(directory.path, { PORT: String(await freePort()) })
    const wait = { what: 'The first process', milliseconds: 30_000, signal: AbortSignal.timeout(LIMIT_MS), every: 5 }
    await until(async () => ((await running(join(directory.path, 'postgres'))).length > 0 ? true : undefined), wait)
    launcher.child.kill('SIGINT')
    expect(await launcher.ended).toBe(0)
    expect(await running(directory.path)).toEqual([])
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
