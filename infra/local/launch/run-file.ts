import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ChildProcess } from '../process/child-process.ts'
import { isProcessRunning, stopOrphanProcess } from '../process/orphan-process.ts'
import { stopOrphanProcessor } from './orphan-processor.ts'

const RecordedProcess = z.object({ pid: z.int().positive(), command: z.string() })

const RunFile = z.object({
  /** Public URL of the studio; absent until it is open. */
  url: z.string().optional(),
  databaseUrl: z.string().optional(),
  natsUrl: z.string().optional(),
  /** Base URL of each service, for health and metrics. */
  services: z.record(z.string(), z.url()).optional(),
  /** Process id of the launcher. */
  pid: z.int().positive(),
  startedAt: z.string(),
  processes: z.record(z.string(), RecordedProcess),
})
export type RunFile = z.infer<typeof RunFile>

/** Writer of a data directory's `run.json`, used by its launcher. */
export interface RunRecord {
  update(changes: Pick<RunFile, 'url' | 'databaseUrl' | 'natsUrl' | 'services'>): Promise<void>
  /** Never fails: a process that runs is not stopped because the file cannot be written. */
  recordProcess(name: string, child: ChildProcess): Promise<void>
  remove(): Promise<void>
}

/** Reads `run.json` of a data directory. It may be stale if a launcher was killed. @returns undefined if there is none */
export async function readRunFile(directory: string): Promise<RunFile | undefined> {
  try {
    return RunFile.parse(JSON.parse(await readFile(runFilePath(directory), 'utf8')))
  } catch {
    return undefined
  }
}

/** Creates the record of a launcher. Commands find the studio by it, and the next launcher finds orphan processes by it. */
export function createRunRecord(directory: string): RunRecord {
  let run: RunFile = { pid: process.pid, startedAt: new Date().toISOString(), processes: {} }
  let lastWrite = Promise.resolve()
  const write = (next: RunFile) => {
    run = next
    lastWrite = lastWrite.catch(() => {}).then(() => replaceRunFile(runFilePath(directory), run))
    return lastWrite
  }
  return {
    update: changes => write({ ...run, ...changes }),
    recordProcess: (name, child) => {
      const entry = { pid: child.pid, command: child.command.join(' ') }
      return write({ ...run, processes: { ...run.processes, [name]: entry } }).catch(() => {})
    },
    remove: async () => {
      await lastWrite.catch(() => {})
      await rm(runFilePath(directory), { force: true })
    },
  }
}

/**
 * Stops the processes that a killed launcher left running. Postgres and NATS find their own orphans by pid files.
 *
 * @param options `onMessage` is called if there are any
 */
export async function stopOrphanProcesses(
  directory: string,
  { signal, onMessage }: { signal: AbortSignal; onMessage: (line: string) => void },
): Promise<void> {
  const { processes = {}, services } = (await readRunFile(directory)) ?? {}
  const entries = Object.entries(processes)
  const running = await Promise.all(entries.map(([, { pid, command }]) => isProcessRunning(pid, command)))
  const orphans = entries.filter((_, at) => running[at])
  if (orphans.length > 0) onMessage('Stopping what an earlier start has left running …')
  const url = services?.processor
  await Promise.all(
    orphans.map(([name, { pid, command }]) =>
      name === 'processor' && url !== undefined
        ? stopOrphanProcessor({ pid, command, url }, { signal, onMessage })
        : stopOrphanProcess({ pid, commandText: command, stopSignal: 'SIGTERM', signal }),
    ),
  )
}

/** Writes the file beside and renames it, so that readers never see half of it. Only its owner may read it: it has passwords. */
async function replaceRunFile(file: string, run: RunFile): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

function runFilePath(directory: string): string {
  return join(directory, 'run.json')
}
