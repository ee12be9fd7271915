import { randomBytes } from 'node:crypto'
import type { Queryable } from '@darkroom/infra/database/connection'
import sharp from 'sharp'

export interface OldRow {
  workspaceId?: string
  createdAt?: string
  prompt?: string
}

/** Writes a completed generation of another system with the given full parameters, for tests. @returns its id */
export async function insertOldRow(db: Queryable, parameters: unknown, row: OldRow = {}): Promise<string> {
  const { workspaceId = crypto.randomUUID(), createdAt = '2024-05-01T10:00:00Z', prompt = 'an old prompt' } = row
  const id = crypto.randomUUID()
  await db`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                             parameters, num_outputs, created_at, completed_at)
    values (${id}, ${workspaceId}, ${id}, ${id}, '', 'completed', 'image', 'old-model', 'imported', ${prompt}, '{}', 0,
            ${createdAt}, ${createdAt})`
  await db`insert into generation_jobs (generation_id) values (${id})`
  await db`
    insert into generation_raw (generation_id, parameters, created_at)
    values (${id}, ${JSON.stringify(parameters)}::text::jsonb, ${createdAt})`
  return id
}

/** Creates an image with random pixels. */
export async function createImage(format: 'png' | 'jpeg' | 'webp' = 'png', side = 24): Promise<Buffer> {
  const raw = { width: side, height: side, channels: 3 } as const
  return await sharp(randomBytes(side * side * 3), { raw })
    .toFormat(format)
    .toBuffer()
}

export function toDataUrl(bytes: Uint8Array, prefix = 'data:image/png;base64,'): string {
  return `${prefix}${Buffer.from(bytes).toString('base64')}`
}

export function computeSha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
}
