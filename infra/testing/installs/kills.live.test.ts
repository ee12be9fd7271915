import { expect, test } from 'bun:test'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { until } from '../../local/process/wait-until.ts'
import { type TestDirectory, testDirectory } from '../test-resources.ts'
import { draw, hasPicture } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { allGone, cutPower, processesOf } from './processes.ts'

const LIMIT_MS = 240_000
const PARTS = ['ingest', 'processor', 'query', 'NATS', 'Postgres']

async function start({ path }: TestDirectory): Promise<Launcher> {
  const env = { PATH: process.env.PATH ?? '', HOME: path, DATA_DIR: path, PORT: String(await freePort()) }
  return startLauncher({ env })
}

async function pidOf(part: string, dataDir: string): Promise<number | undefined> {
  return (await readRunFile(dataDir))?.processes[part]?.pid
}

async function killPart(part: string, dataDir: string): Promise<void> {
  const before = (await pidOf(part, dataDir)) ?? 0
  process.kill(before, 'SIGKILL')
  const again = async () => ((await pidOf(part, dataDir)) !== before ? true : undefined)
  await until(again, { what: `Another ${part}`, milliseconds: 20_000, signal: AbortSignal.timeout(LIMIT_MS) })
}

test.concurrent(
  'after a kill -9 of each part: it comes back by itself, and the studio works on',
  async () => {
    await using directory = await testDirectory()
    await using launcher = await start(directory)
    const url = await launcher.open
    const pictures = [await draw(url)]
    for (const part of PARTS) {
      await killPart(part, directory.path)
      pictures.push(await draw(url))
      expect(launcher.lines).toContain(`  ${part} ended (SIGKILL). It starts again in 1 s.`)
    }
    expect(await Promise.all(pictures.map(picture => hasPicture(url, picture)))).not.toContain(false)
    expect(await launcher.stop()).toBe(0)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

test.concurrent(
  'after a kill -9 of the launcher, then of all there is at once, as when the machine stops',
  async () => {
    await using directory = await testDirectory()
    await using first = await start(directory)
    const pictures = [await draw(await first.open)]
    first.kill('SIGKILL')
    expect(await allGone(directory.path)).toBe(true)

    await using second = await start(directory)
    pictures.push(await draw(await second.open))
    expect(await cutPower(second.pid)).toBeGreaterThan(2 * PARTS.length)
    expect(await allGone(directory.path)).toBe(true)

    const stranger = Bun.spawn(['/bin/sleep', '60'])
    expect(await giveNumbersTo(stranger.pid, directory.path)).toEqual(['nats.pid', 'postmaster.pid', 'run.json'])
    await using third = await start(directory)
    pictures.push(await draw(await third.open))
    const kept = pictures.map(async picture => await hasPicture(await third.open, picture))
    expect(await Promise.all(kept)).toEqual([true, true, true])
    expect(stranger.exitCode).toBeNull()
    stranger.kill()
    expect(await third.stop()).toBe(0)
    expect(await processesOf(directory.path)).toEqual([])
  },
  LIMIT_MS,
)

/** After a boot the numbers that were left behind are somebody else's. @returns the files they were in */
async function giveNumbersTo(pid: number, dataDir: string): Promise<string[]> {
  const left = (await readdir(dataDir, { recursive: true })).filter(name => /(^|\/)(\w+\.pid|run\.json)$/.test(name))
  for (const name of left) {
    const text = await readFile(join(dataDir, name), 'utf8')
    await writeFile(join(dataDir, name), text.replace(/^\d+/, String(pid)).replaceAll(/("pid": )\d+/g, `$1${pid}`))
  }
  return left.map(name => name.replace(/.*\//, '')).sort()
}
