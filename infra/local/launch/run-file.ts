import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Child } from '../process/child-process.ts'
import { isRunning, stopStale } from '../process/orphan-process.ts'

const Process = z.object({ pid: z.int().positive(), command: z.string() })

const RunFile = z.object({
  /** The address people use; absent until the studio is open. */
  url: z.string().optional(),
  databaseUrl: z.string().optional(),
  natsUrl: z.string().optional(),
  /** Where each service listens, for health and metrics. */
  services: z.record(z.string(), z.url()).optional(),
  /** The launcher. */
  pid: z.int().positive(),
  startedAt: z.string(),
  processes: z.record(z.string(), Process),
})
export type RunFile = z.infer<typeof RunFile>

/** `run.json` of a data directory, as its launcher keeps it. */
export interface RunRecord {
  tell(facts: Pick<RunFile, 'url' | 'databaseUrl' | 'natsUrl' | 'services'>): Promise<void>
  /** Never fails: a part that runs is not stopped because that cannot be written down. */
  started(name: string, child: Child): Promise<void>
  remove(): Promise<void>
}

/** What runs on a data directory; undefined if nothing does. It may be out of date if a launcher was killed. */
export async function readRunFile(directory: string): Promise<RunFile | undefined> {
  try {
    return RunFile.parse(JSON.parse(await readFile(fileIn(directory), 'utf8')))
  } catch {
    return undefined
  }
}

/** Begins the record of a launcher, with which commands find the studio, and the next launcher what this one left behind. */
export function keepRunFile(directory: string): RunRecord {
  let run: RunFile = { pid: process.pid, startedAt: new Date().toISOString(), processes: {} }
  let written = Promise.resolve()
  const write = (next: RunFile) => {
    run = next
    written = written.catch(() => {}).then(() => replace(fileIn(directory), run))
    return written
  }
  return {
    tell: facts => write({ ...run, ...facts }),
    started: (name, child) => {
      const entry = { pid: child.pid, command: child.command.join(' ') }
      return write({ ...run, processes: { ...run.processes, [name]: entry } }).catch(() => {})
    },
    remove: async () => {
      await written.catch(() => {})
      await rm(fileIn(directory), { force: true })
    },
  }
}

/**
 * Stops the processes that a killed launcher left behind. Postgres and NATS know their own from their pid files.
 *
 * @param options `say` is told if there are any
 */
export async function stopLeftovers(
  directory: string,
  { signal, say }: { signal: AbortSignal; say: (line: string) => void },
): Promise<void> {
  const processes = Object.values((await readRunFile(directory))?.processes ?? {})
  const running = await Promise.all(processes.map(({ pid, command }) => isRunning(pid, command)))
  const left = processes.filter((_, at) => running[at])
  if (left.length > 0) say('Stopping what an earlier start has left running …')
  await Promise.all(left.map(({ pid, command }) => stopStale({ pid, mark: command, stopSignal: 'SIGTERM', signal })))
}

/** Written beside and renamed, so that no reader sees half of it; for its owner only, because there are passwords in it. */
async function replace(file: string, run: RunFile): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

function fileIn(directory: string): string {
  return join(directory, 'run.json')
}
