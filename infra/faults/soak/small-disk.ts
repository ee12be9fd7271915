import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SIZE = '900m'
/** Mounts a file system in memory at `$1`, for this process and its children alone, and runs the rest. */
const SCRIPT = `mount --make-rprivate / && mount -t tmpfs -o size=${SIZE} tmpfs "$1" && shift && exec "$@"`

/** Returns whether this process may mount a file system of its own. */
export function canMount(): boolean {
  return process.platform === 'linux' && Bun.spawnSync(['unshare', '-m', 'true']).exitCode === 0
}

/** Runs this program again with `--data-dir` on a small file system of its own. @returns its exit code */
export async function runOnSmallDisk(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-soak-'))
  const command = [process.execPath, ...process.argv.slice(1), '--data-dir', folder]
  const child = Bun.spawn(['unshare', '-m', 'sh', '-c', SCRIPT, 'sh', folder, ...command], {
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => child.kill(name))
  return await child.exited.finally(() => rm(folder, { recursive: true, force: true }))
}
