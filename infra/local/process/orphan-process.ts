import { readFile } from 'node:fs/promises'
import { waitUntil } from './wait-until.ts'

/**
 * Stops a process that an earlier launcher left running, if its command line still is the recorded one. The system reuses pids,
 * most of all after a reboot, so a pid alone proves nothing.
 *
 * @param options `commandText` must be in the command line; after five seconds the process is killed
 * @returns whether there was such a process
 * @throws DeadlineError if it does not exit after SIGKILL either; the signal's reason when it is aborted
 */
export async function stopOrphanProcess(options: {
  pid: number
  commandText: string
  stopSignal: NodeJS.Signals
  signal: AbortSignal
}): Promise<boolean> {
  const { pid, commandText } = options
  if (!(await isProcessRunning(pid, commandText))) return false
  sendSignal(pid, options.stopSignal)
  const checkExited = async () => ((await isProcessRunning(pid, commandText)) ? undefined : true)
  const wait = { what: `The end of process ${pid}`, milliseconds: 5_000, signal: options.signal }
  await waitUntil(checkExited, wait).catch(() => sendSignal(pid, 'SIGKILL'))
  return await waitUntil(checkExited, wait)
}

/** Returns whether the process runs and has the text in its command line. */
export async function isProcessRunning(pid: number, commandText: string): Promise<boolean> {
  const line = await readCommandLine(pid)
  // A zombie has no command line.
  return line !== '' && line.includes(commandText)
}

async function readCommandLine(pid: number): Promise<string> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  if (raw !== undefined) return raw.replaceAll('\0', ' ').trim()
  if (process.platform === 'linux') return ''
  const ps = Bun.spawn(['/bin/ps', '-p', String(pid), '-o', 'command='], { env: {}, stdout: 'pipe', stderr: 'ignore' })
  return (await new Response(ps.stdout).text()).trim()
}

/** Sends a signal to a process, which may have exited in the meantime. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has exited in the meantime.
  }
}
