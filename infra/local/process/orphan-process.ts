import { readFile } from 'node:fs/promises'
import { until } from './wait-until.ts'

/**
 * Stops what an earlier launcher left behind: a process under a recorded number, if its command line still is the one that was
 * recorded. Numbers are given anew, after a reboot above all, so a number alone proves nothing.
 *
 * @param options `mark` must be in the command line, `signal` asks it to stop; after five seconds it is killed
 * @returns whether there was one
 */
export async function stopStale(options: {
  pid: number
  mark: string
  stopSignal: NodeJS.Signals
  signal: AbortSignal
}): Promise<boolean> {
  const { pid, mark } = options
  if (!(await isRunning(pid, mark))) return false
  send(pid, options.stopSignal)
  const gone = async () => ((await isRunning(pid, mark)) ? undefined : true)
  const wait = { what: `The end of process ${pid}`, milliseconds: 5_000, signal: options.signal }
  await until(gone, wait).catch(() => send(pid, 'SIGKILL'))
  return await until(gone, wait)
}

/** Whether the process is there and has the text in its command line. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  const line = await commandLine(pid)
  // One that has ended but was not collected yet has no command line.
  return line !== '' && line.includes(mark)
}

async function commandLine(pid: number): Promise<string> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  if (raw !== undefined) return raw.replaceAll('\0', ' ').trim()
  if (process.platform === 'linux') return ''
  const ps = Bun.spawn(['/bin/ps', '-p', String(pid), '-o', 'command='], { stdout: 'pipe', stderr: 'ignore' })
  return (await new Response(ps.stdout).text()).trim()
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It went by itself in the meantime.
  }
}
