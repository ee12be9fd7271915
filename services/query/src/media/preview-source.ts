import type { Database } from '@darkroom/infra/database/connection'

const PREVIEW_KEY = /^w\/([0-9a-f-]{36})\/ref\/([0-9a-f]{64})\.w\d+\.webp$/

/** Returns the key of the reference that a preview key belongs to; undefined for any other key or an unknown reference. */
export async function findPreviewSource(database: Database, key: string): Promise<string | undefined> {
  const [, workspaceId, sha256] = PREVIEW_KEY.exec(key) ?? []
  if (!workspaceId || !sha256) return undefined
  const [row] = await database<{ key: string }[]>`
    select key from reference_images where workspace_id = ${workspaceId} and sha256 = decode(${sha256}, 'hex')`
  return row?.key
}
