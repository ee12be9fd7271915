import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../process/server-process.ts'
import { listDebianDependencies, unpackDebianPackage } from './debian.ts'
import type { FindProgramOptions } from './nats-server.ts'

/** PgBouncer, and the folder of the libraries that it was unpacked with. */
export interface PgBouncer {
  program: string
  /** Folder for `LD_LIBRARY_PATH`; undefined for an installed one. */
  libraryDir: string | undefined
}

const PROGRAM = 'pgbouncer'
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
/** The libraries it needs that are not on every Debian. */
const LIBRARY_PACKAGE = /^lib(event|c-?ares)/

/**
 * Finds PgBouncer, the pooler that tests run between the services and Postgres: on the PATH, else in the cache, else downloaded
 * from Debian with its libraries.
 *
 * @throws StartError with the ways to install it
 */
export async function findPgBouncer(options: FindProgramOptions): Promise<PgBouncer> {
  const { cacheDir, signal, onMessage } = options
  const present = findInstalledPgBouncer(cacheDir, options.searchPath)
  if (present) return present
  onMessage?.("fetches pgbouncer from Debian's package")
  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    await rename(await unpackWithLibraries(folder, signal), join(cacheDir, PROGRAM))
    return getUnpacked(cacheDir)
  } catch (cause) {
    signal.throwIfAborted()
    const help =
      'pgbouncer is not here and could not be fetched: have `apt-get install pgbouncer` run, or put it on the PATH.'
    throw new StartError(help, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Finds a PgBouncer on the PATH, in the system folders or in the cache. */
export function findInstalledPgBouncer(cacheDir: string, searchPath?: string): PgBouncer | undefined {
  const onPath = Bun.which(PROGRAM, searchPath === undefined ? {} : { PATH: searchPath })
  // Debian installs it into a folder that is not on an ordinary user's PATH.
  const folders = searchPath === undefined ? SYSTEM_FOLDERS : []
  const program = onPath ?? folders.map(folder => join(folder, PROGRAM)).find(existsSync)
  if (program) return { program, libraryDir: undefined }
  const unpacked = getUnpacked(cacheDir)
  return existsSync(unpacked.program) ? unpacked : undefined
}

function getUnpacked(cacheDir: string): PgBouncer {
  const libraryDir = join(cacheDir, PROGRAM)
  return { program: join(libraryDir, PROGRAM), libraryDir }
}

/** Unpacks the program and its libraries. @returns the folder with all of them */
async function unpackWithLibraries(folder: string, signal: AbortSignal): Promise<string> {
  const unpack = async (name: string) => {
    const own = join(folder, `package-${name}`)
    await mkdir(own)
    return { own, root: await unpackDebianPackage(name, own, signal) }
  }
  const { own, root } = await unpack(PROGRAM)
  const target = join(folder, PROGRAM)
  await mkdir(target)
  await rename(join(root, 'usr/sbin', PROGRAM), join(target, PROGRAM))
  const libraries = (await listDebianDependencies(own, signal)).filter(name => LIBRARY_PACKAGE.test(name))
  for (const name of libraries) {
    const { root: libraryRoot } = await unpack(name)
    const files = new Bun.Glob('usr/lib/*/*.so*').scan({ cwd: libraryRoot, onlyFiles: false, followSymlinks: false })
    for await (const file of files) await rename(join(libraryRoot, file), join(target, file.split('/').at(-1) ?? ''))
  }
  return target
}
