/** A key that Darkroom has made, and the row that may name its object. */
export interface ObjectKey {
  key: string
  row: { kind: 'output'; generationId: string } | { kind: 'reference'; workspaceId: string; sha256: string }
  /** Key of the original without its extension, if the object is a preview; else null. */
  original: string | null
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** A rehost has an attempt of its own, `<attempt>-<tries>`. */
const OUTPUT_KEY = new RegExp(`^w/${UUID}/gen/(${UUID})/\\d+(?:-\\d+)?/\\d+(\\.w\\d+)?\\.[a-z0-9]+$`)
const REFERENCE_KEY = new RegExp(`^w/(${UUID})/ref/([0-9a-f]{64})(\\.w\\d+)?\\.[a-z0-9]+$`)
const PREVIEW_SUFFIX = /\.w\d+\.webp$/

/** Parses a key of an output, a reference or a preview; null for any other key. */
export function parseObjectKey(key: string): ObjectKey | null {
  const original = PREVIEW_SUFFIX.test(key) ? key.replace(PREVIEW_SUFFIX, '') : null
  const [, generationId] = OUTPUT_KEY.exec(key) ?? []
  if (generationId) return { key, row: { kind: 'output', generationId }, original }
  const [, workspaceId, sha256] = REFERENCE_KEY.exec(key) ?? []
  if (workspaceId && sha256) return { key, row: { kind: 'reference', workspaceId, sha256 }, original }
  return null
}
