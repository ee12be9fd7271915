import { readFile } from 'node:fs/promises'
import { waitUntil } from './wait-until.ts'

/**
 * Stops what an earlier launcher left behind: a process under a recorded number, if its command line still is the one that was
 * recorded. Numbers are given anew, after a reboot above all, so a number alone proves nothing.
 *
 * @param options `mark` must be in the command line, `signal` asks it to stop; after five seconds it is killed
 * @returns whether there was one
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

/** Whether the process is there and has the text in its command line. */
export async function isProcessRunning(pid: number, commandText: string): Promise<boolean> {
  const line = await readCommandLine(pid)
  // One that has ended but was not collected yet has no command line.
  return line !== '' && line.includes(commandText)
}

async function readCommandLine(pid: number): Promise<string> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  if (raw !== undefined) return raw.replaceAll('\0', ' ').trim()
  if (process.platform === 'linux') return ''
  const ps = Bun.spawn(['/bin/ps', '-p', String(pid), '-o', 'command='], { stdout: 'pipe', stderr: 'ignore' })
  return (await new Response(ps.stdout).text()).trim()
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It went by itself in the meantime.
  }
}
