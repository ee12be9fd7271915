import { join } from 'node:path'
import { runCommand } from '../process/command.ts'
import { StartError } from '../process/server-process.ts'

const VERSION = '2.12.15'
const FETCH_TIMEOUT_MS = 120_000

/** Checksums published by the vendor. @see https://github.com/nats-io/nats-docker/blob/main/2.12.x/alpine3.22/Dockerfile */
const RELEASES: Record<string, { arch: string; sha256: string }> = {
  'linux-x64': { arch: 'amd64', sha256: '58ab8131f819263897e2fc38e503e1b755b63bcafeecc7d12582487df48ca15e' },
  'linux-arm64': { arch: 'arm64', sha256: 'b724db99fefbf8f5c808baa82819ee50350aee9734017e4a478f7e545cef3ab6' },
}

/**
 * Downloads the official release of nats-server, verifies its checksum and unpacks it.
 *
 * @param folder an empty folder
 * @returns the path of the program
 * @throws StartError if there is no release for this platform, the server answers with an error, or the checksum differs
 */
export async function unpackNatsRelease(folder: string, signal: AbortSignal): Promise<string> {
  const release = RELEASES[`${process.platform}-${process.arch}`]
  if (!release) throw new StartError(`no checked release for ${process.platform}-${process.arch}`)
  const name = `nats-server-v${VERSION}-linux-${release.arch}`
  const archive = join(folder, 'release.tar.gz')
  await Bun.write(archive, await download(`${name}.tar.gz`, release.sha256, signal))
  await runCommand(['tar', '-xzf', archive, '-C', folder], { signal })
  return join(folder, name, 'nats-server')
}

async function download(file: string, sha256: string, signal: AbortSignal): Promise<Uint8Array> {
  const url = `https://github.com/nats-io/nats-server/releases/download/v${VERSION}/${file}`
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]) })
  if (!response.ok) throw new StartError(`${url} answered ${response.status}`)
  const bytes = await response.bytes()
  if (new Bun.CryptoHasher('sha256').update(bytes).digest('hex') === sha256) return bytes
  throw new StartError(`${url} is not the file that was published`)
}
