import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..', '..')

/** Runs a command of the studio as an operator does. */
export async function runCommand(
  file:
    | 'backfill'
    | 'backup'
    | 'collect-garbage'
    | 'import'
    | 'providers/models-list'
    | 'providers/providers-check'
    | 'restore',
  args: string[],
  env: Record<string, string>,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, `infra/local/${file}.ts`, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { exitCode: await child.exited, stdout, stderr }
}
