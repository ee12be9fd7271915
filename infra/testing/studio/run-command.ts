import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..', '..')

/** Runs a command of the studio as an operator would. */
export async function runCommand(
  file: 'backfill' | 'import',
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; out: string; said: string }> {
  const child = Bun.spawn([process.execPath, `infra/local/${file}.ts`, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, said }
}
