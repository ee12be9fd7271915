import { resolve } from 'node:path'
import { readConfig, resolveDataDir } from '../../src/config.ts'
import { selectPartEnvironment } from '../../src/part-environment.ts'
import { isProcessAlive } from '../../src/runtime/process-liveness.ts'
import { readRunFile } from '../launch/run-file.ts'

/**
 * Runs a script of the processor for the studio that the settings name, else for the one on this data directory, else for the environment
 * alone. @returns its exit code
 */
export async function runProcessorCommand(script: string, options: readonly string[]): Promise<number> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  const run = await readRunFile(dataDir)
  // A launcher that was killed leaves its file: its database is not there.
  const database = config.DATABASE_URL ?? (run && isProcessAlive(run.pid) ? run.databaseUrl : undefined)
  const settings = { DATA_DIR: dataDir, ...(database === undefined ? {} : { DATABASE_URL: database }) }
  const child = Bun.spawn([process.execPath, '--no-env-file', script, ...options], {
    env: selectPartEnvironment('processor', { ...process.env, ...settings }),
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  return await child.exited
}
