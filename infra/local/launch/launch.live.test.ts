import { expect, test } from 'bun:test'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Problem } from '@darkroom/contracts/problem'
import { AWAY_MESSAGES } from '../../src/http/gateway/gateway-responses.ts'
import { type Launcher, waitForLine, watchLauncher } from '../../testing/installs/launcher.ts'
import { findProcesses, waitUntilProcessesExit } from '../../testing/installs/processes.ts'
import { createTestDirectory, findNatsServer } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { findFreePort } from '../process/free-ports.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { readRunFile } from './run-file.ts'

const LIMIT_MS = 60_000
const LINE_MS = 60_000

/** Starts a launcher with fake services. */
function launch(dataDir: string, env: Record<string, string> = {}): Launcher {
  const command = [process.execPath, join(import.meta.dirname, 'launch.fixture.ts')]
  return watchLauncher(command, { env: { PATH: join(findNatsServer(), '..'), DATA_DIR: dataDir, ...env } })
}

/** Waits until a second signal is a new request, which is what the tests with it are about. */
async function waitUntilAfterDebounce(): Promise<void> {
  await Bun.sleep(2_100)
}

test('starts all processes, routes requests, and one Ctrl-C that arrives twice stops it in order and leaves no process', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()), LATE_UI: 'yes' })
  const url = await launcher.url
  expect(await (await fetch(`${url}/api/generate`)).text()).toBe('ingest /api/generate')
  expect(await (await fetch(`${url}/api/generations`)).text()).toBe('query /api/generations')
  expect((await findProcesses(directory.path)).length).toBeGreaterThan(5)

  const run = await readRunFile(directory.path)
  expect(run?.url).toBe(url)
  expect(Object.keys(run?.processes ?? {}).sort()).toEqual(['NATS', 'Postgres', 'ingest', 'processor', 'query'])
  for (const file of ['run.json', 'internal-api-secret', 'postgres/password', 'nats/nats.conf']) {
    expect((await stat(join(directory.path, file))).mode & 0o777).toBe(0o600)
  }

  const stoppedAt = performance.now()
  launcher.kill('SIGINT')
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  expect(await findProcesses(directory.path)).toEqual([])
  expect(await readRunFile(directory.path)).toBeUndefined()
  const notes = (await readFile(join(directory.path, 'notes'), 'utf8')).trim().split('\n')
  // The interface must be ready before query starts, which reads its files then.
  expect(notes.shift()).toBe('interface ready beside NATS, Postgres')
  expect(notes.sort()).toEqual(['ingest', 'processor', 'query'].map(name => `${name} stops, database there`))
})

test('a second launcher on the same data exits with the URL of the first, and a taken port is skipped', async () => {
  await using directory = await createTestDirectory()
  const port = await findFreePort()
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(port, '127.0.0.1', resolve))
  const first = launch(directory.path, { PORT: String(port) })
  const url = await first.url
  expect(Number(new URL(url).port)).toBeGreaterThan(port)
  expect(first.lines).toContain(`  Port ${port} is taken: this studio is at ${new URL(url).port}.`)

  const second = launch(directory.path)
  expect(await second.exited).toBe(1)
  expect(second.lines.join('\n').trim()).toBe(`Darkroom runs on this data already: ${url}`)

  first.kill('SIGTERM')
  expect(await first.exited).toBe(0)
  await new Promise(resolve => taken.close(resolve))
})

test.concurrent('after a SIGKILL of the launcher its processes stop by themselves, and the next launcher starts on the same data', async () => {
  await using directory = await createTestDirectory()
  const killed = launch(directory.path, { PORT: String(await findFreePort()) })
  await killed.url
  killed.kill('SIGKILL')
  await killed.exited
  expect(await waitUntilProcessesExit(directory.path)).toBe(true)

  const next = launch(directory.path, { PORT: String(await findFreePort()) })
  const url = await next.url
  expect((await fetch(`${url}/api/models`)).status).toBe(200)
  next.kill('SIGINT')
  expect(await next.exited).toBe(0)
})

test.concurrent('restarts a killed service, bus and database', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()) })
  const url = await launcher.url
  const before = (await readRunFile(directory.path))?.processes ?? {}
  for (const name of ['query', 'NATS', 'Postgres']) process.kill(before[name]?.pid ?? 0, 'SIGKILL')
  const areRestarted = async () => {
    const now = (await readRunFile(directory.path))?.processes ?? {}
    const haveNewPids = ['query', 'NATS', 'Postgres'].every(name => now[name]?.pid !== before[name]?.pid)
    const response = await fetch(`${url}/api/models`).catch(() => undefined)
    return (haveNewPids && response?.ok) || undefined
  }
  const wait = { what: 'The restarted processes', milliseconds: LIMIT_MS, signal: AbortSignal.timeout(LIMIT_MS) }
  expect(await waitUntil(areRestarted, wait)).toBe(true)
  const database = (await readRunFile(directory.path))?.processes.Postgres?.pid ?? 0
  expect(await isProcessRunning(database, directory.path)).toBe(true)
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('query answers at the address itself, the launcher while it is away, and neither loses what ingest does', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()) })
  const url = await launcher.url
  const request = async (path: string, accept = '*/*') => {
    const response = await fetch(`${url}${path}`, { headers: { accept }, keepalive: false }).catch(() => undefined)
    return response && ([response.status, await response.text()] as const)
  }
  const pid = (await readRunFile(directory.path))?.processes.query?.pid ?? 0
  expect(await request('/api/way')).toEqual([200, `direct ${pid}`])
  expect((await request('/metrics'))?.[0]).toBe(404)
  process.kill(pid, 'SIGKILL')
  await waitFor('The launcher', 60_000, async () => (await request('/api/way'))?.[0] === 503)
  expect((await request('/api/way'))?.[1]).toContain(AWAY_MESSAGES.query)
  expect((await request('/', 'text/html'))?.[1]).toContain(AWAY_MESSAGES.query)
  expect(await request('/api/generate')).toEqual([200, 'ingest /api/generate'])
  await waitFor('Query', 60_000, async () => (await request('/api/way'))?.[1].startsWith('direct'))
  const restarted = (await readRunFile(directory.path))?.processes.query?.pid
  expect(await request('/api/way')).toEqual([200, `direct ${restarted}`])
  expect(await request('/api/generate')).toEqual([200, 'ingest /api/generate'])
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('stops when the process of DARKROOM_PARENT_PID is gone', async () => {
  await using directory = await createTestDirectory()
  const parent = Bun.spawn(['/bin/sleep', '600'])
  const env = { PORT: String(await findFreePort()), DARKROOM_PARENT_PID: String(parent.pid) }
  const launcher = launch(directory.path, env)
  await launcher.url
  parent.kill()
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('a later second Ctrl-C kills a service that is still stopping, and stops everything at once', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()), STUBBORN: 'ingest' })
  await launcher.url
  launcher.kill('SIGINT')
  // The time runs from when the launcher has noticed the first.
  const readNotes = async () => await readFile(join(directory.path, 'notes'), 'utf8').catch(() => '')
  await waitFor('The stop of ingest', LIMIT_MS, async () => (await readNotes()).includes('ingest stops'))
  await waitUntilAfterDebounce()
  expect((await findProcesses(directory.path)).length).toBeGreaterThan(2)
  launcher.kill('SIGINT')
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('opens without a service that exits again and again, says what is missing, and reports it when it runs', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()), BREAKS: 'ingest' })
  const url = await launcher.url
  expect((await readRunFile(directory.path))?.url).toBe(url)
  expect((await fetch(`${url}/api/models`)).status).toBe(200)
  const refused = await fetch(`${url}/api/generate`, { method: 'POST' })
  expect([refused.status, Problem.parse(await refused.json()).detail]).toEqual([503, AWAY_MESSAGES.ingest])
  await waitForLine(launcher, 'ingest does not run: what is made can be looked at', LINE_MS)
  const first = launcher.lines.findIndex(line => line.startsWith('  ingest ended (exit 1). It starts again in 1 s.'))
  expect(launcher.lines[first + 1]?.trim()).toBe('the setting FROBNICATE is wrong')

  await writeFile(join(directory.path, 'repaired'), '')
  await waitForLine(launcher, 'ingest runs again.', LINE_MS)
  expect((await fetch(`${url}/api/generate`)).status).toBe(200)
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('a stop waits for the calls that are paid; what is made can be looked at meanwhile, and nothing new is taken', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()), PAID: 'processor' })
  const url = await launcher.url
  launcher.kill('SIGTERM')
  await waitForLine(
    launcher,
    'Waiting for 2 pictures that Fake is making and that are paid for, at most 48 s. Press Ctrl-C again to give them up.',
    LINE_MS,
  )
  expect((await fetch(`${url}/api/models`)).status).toBe(200)
  expect((await fetch(`${url}/api/generate`, { method: 'POST' })).status).toBe(503)
  const second = launch(directory.path)
  expect(await second.exited).toBe(1)
  expect(second.lines.join('\n')).toContain('Darkroom is being started or stopped on this data already.')
  await writeFile(join(directory.path, 'answered'), '')
  expect(await launcher.exited).toBe(0)
  expect(launcher.lines.filter(line => line.includes('Waiting for'))).toHaveLength(1)
  expect(launcher.lines.filter(line => line.includes('Given up'))).toEqual([])
  const notes = (await readFile(join(directory.path, 'notes'), 'utf8')).trim().split('\n')
  expect(notes.toSorted()).toEqual(['ingest', 'processor', 'query'].map(name => `${name} stops, database there`))
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent.each([{}, { STUBBORN: 'processor' }])(
  'a later second Ctrl-C has the processor give up its calls, and kills it if it does not (%p)',
  async env => {
    await using directory = await createTestDirectory()
    const launcher = launch(directory.path, { PORT: String(await findFreePort()), PAID: 'processor', ...env })
    await launcher.url
    launcher.kill('SIGINT')
    await waitForLine(launcher, 'Waiting for 2 pictures', LINE_MS)
    await waitUntilAfterDebounce()
    launcher.kill('SIGINT')
    expect(await launcher.exited).toBe(0)
    expect(launcher.lines.filter(line => line.includes('Given up: 2 pictures that Fake is making'))).toHaveLength(1)
    expect(
      (await readFile(join(directory.path, 'notes'), 'utf8')).match(/processor stops, database there/g),
    ).toHaveLength(2)
    expect(await findProcesses(directory.path)).toEqual([])
  },
)

test('a Ctrl-C during the start stops the processes that have started', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: String(await findFreePort()) })
  const wait = {
    what: 'The first process',
    milliseconds: LIMIT_MS,
    signal: AbortSignal.timeout(LIMIT_MS),
    intervalMs: 5,
  }
  await waitUntil(
    async () => ((await findProcesses(join(directory.path, 'postgres'))).length > 0 ? true : undefined),
    wait,
  )
  launcher.kill('SIGINT')
  expect(await launcher.exited).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test('names an invalid setting and starts nothing', async () => {
  await using directory = await createTestDirectory()
  const launcher = launch(directory.path, { PORT: 'three' })
  expect(await launcher.exited).toBe(2)
  expect(launcher.lines.join('\n')).toContain('PORT: ')
  expect(await readdir(directory.path)).toEqual([])
})
