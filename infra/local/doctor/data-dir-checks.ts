import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../../src/config.ts'
import { freeBytes, LEAST_BYTES, LOW_BYTES, megabytes } from '../launch/disk-space.ts'
import type { RunFile } from '../launch/run-file.ts'
import { holdPortFrom } from '../process/free-ports.ts'
import type { Check, Finding } from './checks.ts'

export interface PlaceOptions {
  config: Config
  dataDir: string
  running: RunFile | undefined
}

const ASK_MS = 3_000

/** Where the studio keeps its data and where people reach it. */
export function placeChecks({ config, dataDir, running }: PlaceOptions): Check[] {
  return [
    { what: 'Data', look: () => lookAtData(dataDir) },
    { what: 'Disk', look: () => lookAtDisk(dataDir) },
    { what: 'Port', look: () => lookAtPort(config, running) },
    { what: 'Studio', look: () => lookAtStudio(running) },
  ]
}

async function lookAtData(dataDir: string): Promise<Finding> {
  const place = await nearest(dataDir)
  const state = place === dataDir ? dataDir : `${dataDir}, to be made`
  try {
    await access(place, constants.W_OK | constants.X_OK)
    return { mark: 'good', state }
  } catch {
    return { mark: 'wrong', state: `${place} cannot be written`, advice: 'Set DATA_DIR to a folder of this user.' }
  }
}

async function lookAtDisk(dataDir: string): Promise<Finding> {
  const free = await freeBytes(await nearest(dataDir))
  const state = `${megabytes(free)} free`
  if (free >= LOW_BYTES) return { mark: 'good', state }
  const advice = 'Make room, or set DATA_DIR to a folder on another disk.'
  return { mark: free < LEAST_BYTES ? 'wrong' : 'note', state, advice }
}

async function lookAtPort({ PORT, HOST }: Config, running: RunFile | undefined): Promise<Finding> {
  if (running?.url && new URL(running.url).port === String(PORT))
    return { mark: 'good', state: `${PORT}, this studio's` }
  const held = await holdPortFrom(PORT, HOST)
  await held?.release()
  if (!held) return { mark: 'wrong', state: `${PORT} cannot be used`, advice: 'Set PORT to a free one.' }
  if (held.port === PORT) return { mark: 'good', state: `${PORT} is free` }
  return {
    mark: 'note',
    state: `${PORT} is taken`,
    advice: `The studio would be at ${held.port}; set PORT for another.`,
  }
}

async function lookAtStudio(running: RunFile | undefined): Promise<Finding> {
  if (!running) return { mark: 'note', state: 'does not run', advice: '`bun start` starts it.' }
  const { url, services } = running
  if (!url || !services) return { mark: 'note', state: 'is being started or stopped', advice: 'Wait a moment.' }
  const { host } = new URL(url)
  const answers = await Promise.all(Object.entries(services).map(service => complaint(service, host)))
  const complaints = answers.filter(answer => answer !== undefined)
  if (complaints.length === 0) return { mark: 'good', state: `open at ${url}, all parts ready` }
  return { mark: 'wrong', state: complaints.join('\n'), advice: 'It starts again what has died; its logs say more.' }
}

/** @returns what a service lacks, or undefined if it is ready */
async function complaint([name, address]: [string, string], host: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${address}/readyz`, { headers: { host }, signal: AbortSignal.timeout(ASK_MS) })
    return answer.ok ? undefined : `${name} is not ready: ${(await answer.text()).slice(0, 200)}`
  } catch {
    return `${name} does not answer`
  }
}

/** The folder itself, or the one that it would be made in. */
async function nearest(folder: string): Promise<string> {
  const isThere = await access(folder).then(
    () => true,
    () => false,
  )
  return isThere || dirname(folder) === folder ? folder : await nearest(dirname(folder))
}
