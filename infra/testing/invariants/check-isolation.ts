import { FOREIGN_IDS } from '../data/foreign-generation.ts'
import type { TestStack } from '../studio/test-stack.ts'

/** Checks I9: a generation of another workspace is neither shown nor changed. */
export async function checkIsolation({ client, sql }: Pick<TestStack, 'client' | 'sql'>): Promise<string[]> {
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
    ...(list.includes(generation) ? ['I9 the list shows a generation of another workspace'] : []),
    ...(row && row.version !== 1 ? ['I9 a generation of another workspace was changed'] : []),
  ]
}

/** Checks I8: no row contains image data. */
export async function checkNoImageData({ sql }: Pick<TestStack, 'sql'>): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select g.id from generations g left join generation_raw r on r.generation_id = g.id
    where g::text ~* '(data:|;base64,)' or r::text ~* '(data:|;base64,)'`
  return rows.map(({ id }) => `I8 ${id} has image data in its row`)
}
