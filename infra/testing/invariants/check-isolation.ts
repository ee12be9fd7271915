import type { Database } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import type { TestStack } from '../studio/test-stack.ts'

export const FOREIGN_IDS = {
  workspace: '00000000-0000-7000-8000-0000000000ff',
  generation: '00000000-0000-7000-8000-0000000000fe',
}
const PROMPT = 'nobody else may see this'

/** Puts a generation of another workspace into the database, so that there is something not to be shown. */
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

/** I9: nobody is shown another's, or may change it. */
export async function checkIsolation({ client, sql }: TestStack): Promise<string[]> {
  const { workspace, generation } = FOREIGN_IDS
  const requests: [path: string, method: string][] = [
    [`/api/generations/${generation}`, 'GET'],
    [`/media/remote/${generation}/0`, 'GET'],
    [`/media/w/${workspace}/gen/${generation}/1/0.png`, 'GET'],
    [`/api/generate/${generation}/retry`, 'POST'],
    [`/api/generate/${generation}/cancel`, 'POST'],
  ]
  const exposed = await Promise.all(
    requests.map(async ([path, method]) => {
      const { status } = await client.fetch(path, { method })
      return status === 404 ? [] : [`I9 ${method} ${path} was answered by ${status}`]
    }),
  )
  const list = await (await client.fetch('/api/generations?limit=100')).text()
  const [row] = await sql<{ version: number }[]>`select version from generations where id = ${generation}`
  return [
    ...exposed.flat(),
    ...(list.includes(generation) ? ['I9 the list shows what is another workspace’s'] : []),
    ...(row && row.version !== 1 ? ['I9 what is another workspace’s was changed'] : []),
  ]
}

/** I8: no row carries a picture. */
export async function checkNoImageData({ sql }: TestStack): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select g.id from generations g left join generation_raw r on r.generation_id = g.id
    where g::text ~* '(data:|;base64,)' or r::text ~* '(data:|;base64,)'`
  return rows.map(({ id }) => `I8 ${id} carries a picture in its row`)
}
