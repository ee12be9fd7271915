import { ok } from 'node:assert/strict'
import { waitFor } from '../wait-for.ts'

const STOP_MS = 60_000

/** Waits until a process is stopped, as by SIGSTOP. @throws Error when it is not within a minute */
export async function waitUntilStopped(pid: number): Promise<void> {
  ok(pid > 0)
  const isStopped = async () => {
    const child = Bun.spawn(['ps', '-o', 'state=', '-p', String(pid)], { stdout: 'pipe', stderr: 'ignore' })
    return (await new Response(child.stdout).text()).trim().startsWith('T')
  }
  await waitFor(`Process ${pid} to stop`, STOP_MS, isStopped, 50)
}
