import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'

/** Access to the traces that a request may leave in a studio: rows, objects and restarted processes. */
export interface StudioProbe {
  /** Counts the rows of each table and the objects, and reads the process ids. */
  takeSnapshot(): Promise<Record<string, number>>
  /** Inserts a generation of another workspace. @returns its id */
  insertForeignGeneration(workspaceId: string): Promise<string>
  close(): Promise<void>
}

const PROCESSES = ['ingest', 'processor', 'query', 'NATS', 'Postgres'] as const

/** Opens a studio's database and folder. */
export function openStudioProbe(studio: TestStudio): StudioProbe {
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url: studio.databaseUrl, name: 'test', connections: 1, log })
  const rows = async () => {
    const [counts] = await sql<Record<string, number>[]>`
      select (select count(*)::int from generations) as generations,
             (select count(*)::int from generation_raw) as raw,
             (select count(*)::int from generation_outputs) as outputs,
             (select count(*)::int from generation_events) as events,
             (select count(*)::int from generation_references) as uses,
             (select count(*)::int from reference_images) as "references",
             (select sum(version)::int from generations) as versions,
             (select count(*)::int from outbox) as outbox`
    return counts ?? {}
  }
  return {
    takeSnapshot: async () => ({
      ...(await rows()),
      objects: await countObjects(studio.dataDir),
      ...(await readPids(studio)),
    }),
    insertForeignGeneration: async workspaceId => {
      const id = Bun.randomUUIDv7()
      await sql`
        with made as (
          insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
          values (${id}, ${workspaceId}, ${id}, ${id}, '', 'completed', 'image', 'demo', 'demo', 'of somebody else', 1)
        )
        insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id})`
      return id
    },
    close: () => sql.end({ timeout: 1 }),
  }
}

async function countObjects(dataDir: string): Promise<number> {
  const entries = await readdir(join(dataDir, 'objects'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).length
}

async function readPids(studio: TestStudio): Promise<Record<string, number>> {
  return Object.fromEntries(await Promise.all(PROCESSES.map(async part => [part, await studio.pidOf(part)] as const)))
}
