import { link, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import type { TestStudio } from '../../testing/studio/test-studio.ts'

/** SQL of the folder of a generation's images. The last rows of a month may be rendered with the first ones of the next. */
const HALF_MONTH = `to_char(created_at, 'YYYYMM') || case when extract(day from created_at) < 16 then 'a' else 'b' end`

/** Deadline of the statement that changes every document. */
const STATEMENT_MS = 180_000

/**
 * Gives every half of a month images of its own, which are links to the ones that all generations of a test studio share: what the browser
 * has of one it has of no other.
 */
export async function separateHalfMonths(studio: TestStudio): Promise<void> {
  const log = createLog({ service: 'bench', level: 'error' })
  const options = { url: studio.databaseUrl, name: 'darkroom-bench', connections: 1, statementMs: STATEMENT_MS, log }
  const database = openDatabase(options)
  try {
    const name = database.unsafe(HALF_MONTH)
    await database`
      update generation_documents set document = replace(document::text, '/gen/seed/1/', '/gen/seed/' || ${name} || '/')`
    const halves = await database<{ name: string }[]>`select distinct ${name} as name from generation_documents`
    await linkImages(join(studio.dataDir, 'objects/w', LOCAL_OWNER.workspaceId, 'gen/seed'), halves)
    await database`vacuum analyze generation_documents`
  } finally {
    await database.end({ timeout: 2 })
  }
}

async function linkImages(folder: string, halves: readonly { name: string }[]): Promise<void> {
  const shared = join(folder, '1')
  const files = await readdir(shared)
  for (const { name } of halves) {
    await mkdir(join(folder, name))
    await Promise.all(files.map(file => link(join(shared, file), join(folder, name, file))))
  }
}
