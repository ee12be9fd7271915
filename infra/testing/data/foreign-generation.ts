import type { Database } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'

/** Ids of the one generation of another workspace. */
export const FOREIGN_IDS = {
  workspace: '00000000-0000-7000-8000-0000000000ff',
  generation: '00000000-0000-7000-8000-0000000000fe',
}
const PROMPT = 'nobody else may see this'

/** Inserts a generation of another workspace, which no response may show. */
export async function insertForeignGeneration(sql: Database): Promise<void> {
  await transaction(sql, async tx => {
    const { workspace, generation } = FOREIGN_IDS
    await tx`
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, num_outputs,
                               status, completed_at)
      values (${generation}, ${workspace}, ${generation}, ${generation}, '', 'image', 'fake-image', 'fake', ${PROMPT}, 1,
              'failed', now())`
    await tx`insert into generation_jobs (generation_id) values (${generation})`
    await tx`insert into generation_outputs (generation_id, index, kind) values (${generation}, 0, 'image')`
  })
}
