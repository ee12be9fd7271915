import { StartError } from '../process/server-process.ts'
import type { ImageReference } from './image-reference.ts'

export interface RegistryOptions {
  signal: AbortSignal
  /** Base URL of a registry; `https://<host>` unless given. */
  toUrl?: (host: string) => string
}

/** An index of several platforms first: its digest is the same on every machine. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024
const TIMEOUT_MS = 20_000

/**
 * Asks a registry for the digest of an image, without credentials. The digest is computed from the manifest itself; that of the
 * response's header has to be the same.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 * @throws StartError with a sentence for users
 */
export async function resolveDigest(image: ImageReference, options: RegistryOptions): Promise<string> {
  const { toUrl = host => `https://${host}` } = options
  const url = `${toUrl(image.registry)}/v2/${image.repository}/manifests/${image.tag}`
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const first = await fetch(url, { headers: { accept: ACCEPT }, signal })
    const token = first.status === 401 ? await requestToken(first, signal) : undefined
    const headers = { accept: ACCEPT, authorization: `Bearer ${token}` }
    return await readDigest(token === undefined ? first : await fetch(url, { headers, signal }))
  } catch (cause) {
    options.signal.throwIfAborted()
    throw new StartError(`${image.text} at ${image.registry}: ${formatCause(cause)}`, { cause })
  }
}

/** Requests an anonymous token where the registry says. @see https://distribution.github.io/distribution/spec/auth/token/ */
async function requestToken(refusal: Response, signal: AbortSignal): Promise<string> {
  const challenge = refusal.headers.get('www-authenticate') ?? ''
  const values = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]))
  const { realm, service, scope } = values
  if (!challenge.toLowerCase().startsWith('bearer') || !realm)
    throw new Error('it wants a login that is not known here')
  const url = new URL(realm)
  if (url.protocol !== new URL(refusal.url).protocol)
    throw new Error('it sends its login to an address that is not encrypted')
  if (service) url.searchParams.set('service', service)
  if (scope) url.searchParams.set('scope', scope)
  const response = await fetch(url, { signal })
  const { token, access_token: accessToken } = (await response.json()) as { token?: string; access_token?: string }
  if (!response.ok || !(token ?? accessToken)) throw new Error(`its login answers ${response.status}`)
  return token ?? accessToken ?? ''
}

async function readDigest(response: Response): Promise<string> {
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  const manifest = await readLimited(response)
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(manifest).digest('hex')}`
  const declared = response.headers.get('docker-content-digest')
  if (declared !== null && declared !== digest) throw new Error('its manifest is not the one that it names')
  if (!isManifest(manifest)) throw new Error('what it answers is no manifest')
  return digest
}

async function readLimited(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_MANIFEST_BYTES) throw new Error('its manifest is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function isManifest(bytes: Uint8Array): boolean {
  try {
    const { schemaVersion, manifests, layers } = JSON.parse(new TextDecoder().decode(bytes))
    return schemaVersion === 2 && (Array.isArray(manifests) || Array.isArray(layers))
  } catch {
    return false
  }
}

function formatCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
