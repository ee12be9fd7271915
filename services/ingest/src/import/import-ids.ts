/** Namespace of the UUIDv5 of external ids. */
const NAMESPACE = '5f4d1a52-7a0e-5c0b-9a3e-6d61726b726d'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** Returns the client id of an external id: the id itself if it is a UUID, else its UUIDv5. */
export function toClientId(externalId: string): string {
  return UUID.test(externalId) ? externalId.toLowerCase() : createUuidV5(externalId)
}

/**
 * Derives the id of an imported generation: a UUIDv7 of its creation time. The id is the same in every import: a repeated import
 * overwrites the objects of one that broke off, and leaves no orphans.
 */
export function deriveGenerationId(clientId: string, workspaceId: string, createdAt: string): string {
  const hash = computeHash('sha256', `${workspaceId}/${clientId}`)
  const time = Math.max(0, Date.parse(createdAt)).toString(16).padStart(12, '0').slice(-12)
  return formatUuid(Buffer.concat([Buffer.from(time, 'hex'), hash.subarray(0, 10)]), 7)
}

/** @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5 */
function createUuidV5(name: string): string {
  const namespace = Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex')
  return formatUuid(computeHash('sha1', Buffer.concat([namespace, Buffer.from(name)])).subarray(0, 16), 5)
}

function formatUuid(bytes: Buffer, version: number): string {
  const marked = Buffer.from(bytes)
  marked[6] = ((marked[6] ?? 0) & 0x0f) | (version << 4)
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80
  return marked.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function computeHash(algorithm: 'sha1' | 'sha256', text: string | Buffer): Buffer {
  return Buffer.from(new Bun.CryptoHasher(algorithm).update(text).digest())
}
