import { expect, test } from 'bun:test'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { createTestDirectory, type TestDirectory } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import { generateImage, isImageServed } from './generate-image.ts'
import { CLONE, type Launcher, startLauncher, watchLauncher } from './launcher.ts'
import { findProcesses, killProcessTree, waitUntilProcessesExit } from './processes.ts'

const PROCESSES = ['ingest', 'processor', 'query', 'NATS', 'Postgres']

async function start({ path }: TestDirectory): Promise<Launcher> {
  const env = { PATH: process.env.PATH ?? '', HOME: path, DATA_DIR: path, PORT: String(await findFreePort()) }
  return startLauncher({ env })
}

async function pidOf(name: string, dataDir: string): Promise<number | undefined> {
  return (await readRunFile(dataDir))?.processes[name]?.pid
}

async function killProcess(name: string, dataDir: string): Promise<void> {
  const before = (await pidOf(name, dataDir)) ?? 0
  process.kill(before, 'SIGKILL')
  await waitFor(`Another ${name}`, 60_000, async () => (await pidOf(name, dataDir)) !== before)
}

test.concurrent('restarts each part after a kill -9, and continues to work', async () => {
  await using directory = await createTestDirectory()
  await using launcher = await start(directory)
  const url = await launcher.url
  const images = [await generateImage(url)]
  for (const name of PROCESSES) {
    await killProcess(name, directory.path)
    images.push(await generateImage(url))
    expect(launcher.lines).toContain(`  ${name} ended (SIGKILL). It starts again in 1 s.`)
  }
  expect(await Promise.all(images.map(image => isImageServed(url, image)))).not.toContain(false)
  expect(await launcher.stop()).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent('recovers from a kill -9 of the launcher, and of all processes at once, as after a power cut', async () => {
  await using directory = await createTestDirectory()
  await using first = await start(directory)
  const images = [await generateImage(await first.url)]
  first.kill('SIGKILL')
  expect(await waitUntilProcessesExit(directory.path)).toBe(true)

  await using second = await start(directory)
  images.push(await generateImage(await second.url))
  expect(await killProcessTree(second.pid)).toBeGreaterThan(2 * PROCESSES.length)
  expect(await waitUntilProcessesExit(directory.path)).toBe(true)

  const otherProcess = Bun.spawn(['/bin/sleep', '600'])
  expect(await reassignPids(otherProcess.pid, directory.path)).toEqual(['nats.pid', 'postmaster.pid', 'run.json'])
  await using third = await start(directory)
  images.push(await generateImage(await third.url))
  const checks = images.map(async image => await isImageServed(await third.url, image))
  expect(await Promise.all(checks)).toEqual([true, true, true])
  expect(otherProcess.exitCode).toBeNull()
  otherProcess.kill()
  expect(await third.stop()).toBe(0)
  expect(await findProcesses(directory.path)).toEqual([])
})

test.concurrent.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'stops in order when npx, which started it, ends by %s',
  async signal => {
    await using directory = await createTestDirectory()
    const settings = { DATA_DIR: directory.path, PORT: String(await findFreePort()) }
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...settings }
    await using launcher = watchLauncher(['npx', '-y', 'bun@1.4', 'run', 'start'], { env, cwd: CLONE })
    await launcher.url
    launcher.kill(signal)
    await launcher.exited
    expect(await waitUntilProcessesExit(directory.path)).toBe(true)
    expect(launcher.lines.at(-1)).toBe('  Stopped. Everything is kept.')
    expect(await readRunFile(directory.path)).toBeUndefined()
  },
)

test.concurrent('goes on under nohup when the shell that started it is killed and the terminal is closed', async () => {
  await using directory = await createTestDirectory()
  const settings = { HOME: directory.path, DATA_DIR: directory.path, PORT: String(await findFreePort()) }
  // A script and not `sh -c`, which would be one of the processes between npx and the studio if npx runs these tests.
  const script = join(directory.path, 'start.sh')
  await writeFile(script, 'nohup "$@" & wait\n')
  const command = ['/bin/sh', script, process.execPath, join(CLONE, 'infra/local/bootstrap.ts'), 'start']
  await using launcher = watchLauncher(command, { env: { PATH: process.env.PATH ?? '', ...settings } })
  const url = await launcher.url
  const { pid = 0 } = (await readRunFile(directory.path)) ?? {}
  launcher.kill('SIGKILL')
  process.kill(pid, 'SIGHUP')
  const images = [await generateImage(url), await generateImage(url)]
  expect(await Promise.all(images.map(image => isImageServed(url, image)))).toEqual([true, true])
  expect(launcher.lines.filter(line => line.includes('Stopping'))).toEqual([])
  process.kill(pid, 'SIGTERM')
  await launcher.exited
  expect(await waitUntilProcessesExit(directory.path)).toBe(true)
})

/** Replaces the process ids on disk by another process's, as after a reboot. @returns the files that had them */
async function reassignPids(pid: number, dataDir: string): Promise<string[]> {
  const left = (await readdir(dataDir, { recursive: true })).filter(name => /(^|\/)(\w+\.pid|run\.json)$/.test(name))
  for (const name of left) {
    const text = await readFile(join(dataDir, name), 'utf8')
    await writeFile(join(dataDir, name), text.replace(/^\d+/, String(pid)).replaceAll(/("pid": )\d+/g, `$1${pid}`))
  }
  return left.map(name => name.replace(/.*\//, '')).sort()
}
