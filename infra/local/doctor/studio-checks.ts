import { resolve } from 'node:path'
import { ConfigError, readConfig, resolveDataDir } from '../../src/config.ts'
import { readRunFile } from '../launch/run-file.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { type Check, type NamedCheckResult, runChecks } from './checks.ts'
import { createDataDirChecks } from './data-dir-checks.ts'
import { createFfmpegCheck } from './ffmpeg-check.ts'
import { createServerChecks } from './server-checks.ts'

const SETTINGS_NAME = 'Settings'

/** Runs the checks that depend on the settings. Invalid settings are the only result then. Needs the packages. */
export async function runStudioChecks(env: Record<string, string | undefined>): Promise<NamedCheckResult[]> {
  try {
    const config = readConfig(env)
    const dataDir = resolve(resolveDataDir(config, env))
    const run = await readRunFile(dataDir)
    const running = run && (await isProcessRunning(run.pid, 'bootstrap.ts')) ? run : undefined
    const settings: Check = { name: SETTINGS_NAME, run: () => ({ status: 'good', detail: 'understood' }) }
    const options = { config, dataDir, running }
    const ffmpeg = createFfmpegCheck(config.FFMPEG_PATH)
    return await runChecks([settings, ...createDataDirChecks(options), ...createServerChecks(options), ffmpeg])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [
      { name: SETTINGS_NAME, status: 'wrong', detail: error.message, advice: 'README.md has a table of all settings.' },
    ]
  }
}
