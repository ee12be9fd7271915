import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { ImportMessage, type ImportReport } from '@darkroom/contracts/history/import-report'
import { ROOT } from '../root.ts'
import { createImportOutput } from './import-output.ts'

const IMPORT_SCRIPT = join(ROOT, 'services', 'ingest', 'src', 'import', 'main.ts')

/**
 * Runs the process of an import, and writes its failures and its progress to standard error. A signal to this process is sent on: the
 * import stops after the batch that it is at.
 *
 * @param input what it reads from standard input
 * @returns the report; undefined if the process ended without one
 */
export async function runImportProcess(
  args: string[],
  env: Record<string, string>,
  input = '',
): Promise<ImportReport | undefined> {
  const child = Bun.spawn([process.execPath, '--no-env-file', IMPORT_SCRIPT, ...args], {
    env,
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const stop = () => child.kill('SIGTERM')
  process.on('SIGTERM', stop).on('SIGINT', stop)
  const output = createImportOutput(process.stderr)
  let report: ImportReport | undefined
  for await (const line of createInterface({ input: Readable.fromWeb(child.stdout) })) {
    const message = parseMessage(line)
    if (message?.type === 'report') report = message.report
    else if (message) output.write(message)
  }
  output.end()
  process.off('SIGTERM', stop).off('SIGINT', stop)
  await child.exited
  return report
}

/** Returns the message of a line; undefined if a process that was ended has written a part of it. */
function parseMessage(line: string): ImportMessage | undefined {
  try {
    return ImportMessage.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
