import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../process/server-process.ts'
import { unpackDebianPackage } from './debian.ts'
import { unpackNatsRelease } from './nats-release.ts'

export interface FindProgramOptions {
  /** Folder of downloaded programs. */
  cacheDir: string
  /** Folders to search, in the format of PATH; the environment's PATH unless given. */
  searchPath?: string
  signal: AbortSignal
  onMessage?: (line: string) => void
}

type Unpack = (folder: string, signal: AbortSignal) => Promise<string>

const PROGRAM = 'nats-server'

/** Download sources, in the order of preference. Each unpacks into an empty folder and returns the path of the program. */
const SOURCES: readonly { from: string; unpack: Unpack }[] = [
  { from: "Debian's package", unpack: unpackFromDebian },
  { from: 'its official release', unpack: unpackNatsRelease },
]

/**
 * Finds nats-server on the PATH, else in the cache, else downloads it.
 *
 * @throws StartError with the ways to install it
 */
export async function findNatsServer(options: FindProgramOptions): Promise<string> {
  const { cacheDir, signal, onMessage } = options
  const present = findInstalledNatsServer(cacheDir, options.searchPath)
  if (present) return present
  const reasons: string[] = []
  for (const { from, unpack } of SOURCES) {
    onMessage?.(`fetches nats-server from ${from}`)
    const reason = await fetchProgram(cacheDir, unpack, signal)
    if (reason === undefined) return join(cacheDir, PROGRAM)
    reasons.push(reason)
  }
  throw new StartError(formatHelp(reasons))
}

/** Finds a nats-server on the PATH, in the system folders or in the cache. */
export function findInstalledNatsServer(cacheDir: string, searchPath?: string): string | undefined {
  const onPath = Bun.which(PROGRAM, searchPath === undefined ? {} : { PATH: searchPath })
  if (onPath) return onPath
  // Debian installs it into a folder that is not on an ordinary user's PATH.
  const systemFolders = searchPath === undefined ? ['/usr/sbin', '/usr/local/sbin'] : []
  return [...systemFolders, cacheDir].map(folder => join(folder, PROGRAM)).find(existsSync)
}

/** Downloads the program from one source into the cache. @returns the reason of a failure, else undefined */
async function fetchProgram(cacheDir: string, unpack: Unpack, signal: AbortSignal): Promise<string | undefined> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    await rename(await unpack(folder, signal), join(cacheDir, PROGRAM))
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function unpackFromDebian(folder: string, signal: AbortSignal): Promise<string> {
  return join(await unpackDebianPackage('nats-server', folder, signal), 'usr/sbin', PROGRAM)
}

function formatHelp(reasons: string[]): string {
  return (
    'nats-server is not here and could not be fetched: install it with `apt-get install nats-server` or `brew install nats-server`, ' +
    'or put the program from https://github.com/nats-io/nats-server/releases on the PATH, or give the NATS_URL of a running one ' +
    `(${reasons.join('; ')}).`
  )
}
