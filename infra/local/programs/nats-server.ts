import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../process/server-process.ts'
import { unpackDebianPackage } from './debian.ts'
import { unpackNatsRelease } from './nats-release.ts'

export interface FindProgramOptions {
  /** Folder where what was fetched is kept. */
  cacheDir: string
  /** Folders to look in, as in PATH; the environment's if it is not given. */
  searchPath?: string
  signal: AbortSignal
  onMessage?: (line: string) => void
}

type Unpack = (folder: string, signal: AbortSignal) => Promise<string>

const PROGRAM = 'nats-server'

/** Each unpacks somewhere into an empty folder and gives back where the program is. */
const SOURCES: readonly { from: string; unpack: Unpack }[] = [
  { from: "Debian's package", unpack: unpackFromDebian },
  { from: 'its official release', unpack: unpackNatsRelease },
]

/**
 * The nats-server program: the one on the PATH, else one that was fetched before, else fetched now.
 *
 * @throws PartError with the ways to get it
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

/** A nats-server that is there already: on the PATH, where Debian puts it, or in the cache. */
export function findInstalledNatsServer(cacheDir: string, searchPath?: string): string | undefined {
  const onPath = Bun.which(PROGRAM, searchPath === undefined ? {} : { PATH: searchPath })
  if (onPath) return onPath
  // Debian keeps it where an ordinary user's PATH does not look.
  const systemFolders = searchPath === undefined ? ['/usr/sbin', '/usr/local/sbin'] : []
  return [...systemFolders, cacheDir].map(folder => join(folder, PROGRAM)).find(existsSync)
}

/** @returns why it did not work, or undefined if it did */
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
