import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../process/server-process.ts'
import { unpackDebianPackage } from './debian.ts'
import type { FindProgramOptions } from './nats-server.ts'

const PROGRAM = 'caddy'

/**
 * Finds Caddy 2.6 or newer, the reverse proxy of a studio on a server, for the tests of its configuration: on the PATH, else in
 * the cache, else downloaded from Debian.
 *
 * @throws StartError with the ways to install it
 */
export async function findCaddy(options: FindProgramOptions): Promise<string> {
  const { cacheDir, signal, onMessage } = options
  const present = findInstalledCaddy(cacheDir, options.searchPath)
  if (present) return present
  onMessage?.("fetches caddy from Debian's package")
  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    const root = await unpackDebianPackage(PROGRAM, folder, signal)
    await rename(join(root, 'usr/bin', PROGRAM), join(cacheDir, PROGRAM))
    return join(cacheDir, PROGRAM)
  } catch (cause) {
    signal.throwIfAborted()
    const help = 'caddy is not here and could not be fetched: have `apt-get install caddy` run, or put it on the PATH.'
    throw new StartError(help, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Finds a Caddy on the PATH or in the cache. */
export function findInstalledCaddy(cacheDir: string, searchPath?: string): string | undefined {
  const onPath = Bun.which(PROGRAM, searchPath === undefined ? {} : { PATH: searchPath })
  if (onPath) return onPath
  const cached = join(cacheDir, PROGRAM)
  return existsSync(cached) ? cached : undefined
}
