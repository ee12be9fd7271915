import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../../src/config.ts'
import { getFreeBytes } from '../../src/runtime/disk-space.ts'
import { formatMegabytes, LOW_SPACE_BYTES, MIN_START_BYTES } from '../launch/disk-space.ts'
import type { RunFile } from '../launch/run-file.ts'
import { reservePortFrom } from '../process/free-ports.ts'
import type { Check, CheckResult } from './checks.ts'

export interface DataDirCheckOptions {
  config: Config
  dataDir: string
  running: RunFile | undefined
}

const REQUEST_TIMEOUT_MS = 3_000

/** Creates the checks of the data directory, its disk, the studio's port and the studio that runs on the data. */
export function createDataDirChecks({ config, dataDir, running }: DataDirCheckOptions): Check[] {
  return [
    { name: 'Data', run: () => checkDataDir(dataDir) },
    { name: 'Disk', run: () => checkDiskSpace(dataDir) },
    { name: 'Port', run: () => checkPort(config, running) },
    { name: 'Studio', run: () => checkRunningStudio(running) },
  ]
}

async function checkDataDir(dataDir: string): Promise<CheckResult> {
  const existingFolder = await findExistingFolder(dataDir)
  const detail = existingFolder === dataDir ? dataDir : `${dataDir}, to be made`
  try {
    await access(existingFolder, constants.W_OK | constants.X_OK)
    return { status: 'good', detail }
  } catch {
    return {
      status: 'wrong',
      detail: `${existingFolder} cannot be written`,
      advice: 'Set DATA_DIR to a folder of this user.',
    }
  }
}

async function checkDiskSpace(dataDir: string): Promise<CheckResult> {
  const free = await getFreeBytes(await findExistingFolder(dataDir))
  const detail = `${formatMegabytes(free)} free`
  if (free >= LOW_SPACE_BYTES) return { status: 'good', detail }
  const advice = 'Make room, or set DATA_DIR to a folder on another disk, where a new studio begins.'
  return { status: free < MIN_START_BYTES ? 'wrong' : 'note', detail, advice }
}

async function checkPort({ PORT, HOST }: Config, running: RunFile | undefined): Promise<CheckResult> {
  if (running?.url && new URL(running.url).port === String(PORT))
    return { status: 'good', detail: `${PORT}, this studio's` }
  const reservedPort = await reservePortFrom(PORT, HOST)
  await reservedPort?.release()
  if (!reservedPort) return { status: 'wrong', detail: `${PORT} cannot be used`, advice: 'Set PORT to a free one.' }
  if (reservedPort.port === PORT) return { status: 'good', detail: `${PORT} is free` }
  return {
    status: 'note',
    detail: `${PORT} is taken`,
    advice: `The studio would be at ${reservedPort.port}; set PORT for another.`,
  }
}

async function checkRunningStudio(running: RunFile | undefined): Promise<CheckResult> {
  if (!running) return { status: 'note', detail: 'does not run', advice: '`bun start` starts it.' }
  const { url, services } = running
  if (!url || !services) return { status: 'note', detail: 'is being started or stopped', advice: 'Wait a moment.' }
  const { host } = new URL(url)
  const results = await Promise.all(Object.entries(services).map(service => findServiceProblem(service, host)))
  const problems = results.filter(problem => problem !== undefined)
  if (problems.length === 0) return { status: 'good', detail: `open at ${url}, all parts ready` }
  return {
    status: 'wrong',
    detail: problems.join('\n'),
    advice: 'What has died is started again by itself. Its log in `logs/` of the data folder says why.',
  }
}

/** Requests a service's readiness. @returns a message if it is not ready, else undefined */
async function findServiceProblem([name, address]: [string, string], host: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${address}/readyz`, {
      headers: { host },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    return response.ok ? undefined : `${name} is not ready: ${(await response.text()).slice(0, 200)}`
  } catch {
    return `${name} does not answer`
  }
}

/** Returns the folder itself, or the nearest existing one above it, in which it would be created. */
async function findExistingFolder(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    () => false,
  )
  return exists || dirname(folder) === folder ? folder : await findExistingFolder(dirname(folder))
}
