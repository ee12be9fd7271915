/** The name space of what comes from other systems. */
const NAMESPACE = '5f4d1a52-7a0e-5c0b-9a3e-6d61726b726d'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The client's id of an external id: itself if it is a UUID, else its UUIDv5. */
export function toClientId(externalId: string): string {
  return UUID.test(externalId) ? externalId.toLowerCase() : createUuidV5(externalId)
}

/**
 * The id of an imported generation: a UUIDv7 of when it was made. It is the same whenever it is imported, so that an import
 * that broke off leaves no object that the next one does not find.
 */
export function deriveGenerationId(clientId: string, workspaceId: string, createdAt: Date): string {
  const hash = computeHash('sha256', `${workspaceId}/${clientId}`)
  const time = Math.max(0, createdAt.getTime()).toString(16).padStart(12, '0').slice(-12)
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
