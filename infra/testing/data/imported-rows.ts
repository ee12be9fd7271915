import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import type { Queryable } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'

/** Inserts a completed generation of the local owner as another system left it. @returns its id */
export async function insertImportedGeneration(
  db: Queryable,
  parameters: unknown,
  { createdAt = '2024-05-01T10:00:00Z', prompt = 'an old prompt' } = {},
): Promise<string> {
  const id = crypto.randomUUID()
  const { workspaceId, userId } = LOCAL_OWNER
  await db`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                             parameters, num_outputs, created_at, completed_at)
    values (${id}, ${workspaceId}, ${userId}, ${id}, '', 'completed', 'image', 'old-model', 'imported', ${prompt}, '{}', 0,
            ${createdAt}, ${createdAt})`
  await db`insert into generation_jobs (generation_id) values (${id})`
  await db`
    insert into generation_raw (generation_id, parameters, created_at)
    values (${id}, ${JSON.stringify(parameters)}::text::jsonb, ${createdAt})`
  return id
}

/** Creates an image that differs from all others. */
export async function createUniqueImage(width: number, height: number): Promise<Buffer> {
  const raw = { width, height, channels: 3 } as const
  return await sharp(randomBytes(width * height * 3), { raw })
    .png()
    .toBuffer()
}

export function toDataUrl(bytes: Uint8Array, prefix = 'data:image/png;base64,'): string {
  return `${prefix}${Buffer.from(bytes).toString('base64')}`
}
