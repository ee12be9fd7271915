import { resolve } from 'node:path'
import { ConfigError, dataDirectory, readConfig } from '../../src/config.ts'
import { readRunFile } from '../launch/run-file.ts'
import { isRunning } from '../process/orphan-process.ts'
import { type Check, type Found, lookAt } from './checks.ts'
import { placeChecks } from './data-dir-checks.ts'
import { partChecks } from './server-checks.ts'

const SETTINGS = 'Settings'

/** Looks at all that depends on the settings, which are looked at first. Needs the packages. */
export async function lookAtStudio(env: Record<string, string | undefined>): Promise<Found[]> {
  try {
    const config = readConfig(env)
    const dataDir = resolve(dataDirectory(config, env))
    const run = await readRunFile(dataDir)
    const running = run && (await isRunning(run.pid, 'bootstrap.ts')) ? run : undefined
    const settings: Check = { what: SETTINGS, look: () => ({ mark: 'good', state: 'understood' }) }
    const options = { config, dataDir, env, running }
    return await lookAt([settings, ...placeChecks(options), ...partChecks(options)])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [{ what: SETTINGS, mark: 'wrong', state: error.message, advice: 'README.md has a table of all settings.' }]
  }
}
