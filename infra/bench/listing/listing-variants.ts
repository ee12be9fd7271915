import { sanitizeParameters } from '@darkroom/contracts/parameters'
import { Elysia } from 'elysia'
import { openDatabase } from '../../src/database/connection.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { createIdentify } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'

/**
 * The other variants of the list, each in a process of its own, named by its argument:
 *
 * - `seed`: the seed's table, with the parameters in the row. Whole rows are read with their outputs, sanitized in JavaScript
 *   and written as JSON; by cursor, or by OFFSET if `skip` is given
 * - `built`: the studio's tables, with JSON made in SQL for each request
 * - `postgrest`: the studio's tables by the statement that PostgREST sends for rows with their outputs, whose JSON is one text
 * - `bare`: a constant text of `bytes` bytes from the database, over `Bun.serve` alone
 * - `floor`: the same over the HTTP app of every service
 */

const url = process.env.DATABASE_URL ?? ''
const sql = openDatabase({ url, name: 'bench', log: createLog({ service: 'bench', level: 'silent' }) })

const VARIANTS: Record<string, (query: URLSearchParams) => Promise<string>> = {
  seed: listFromSeed,
  built: listWithBuiltJson,
  postgrest: listAsPostgrest,
  bare: readConstant,
  floor: readConstant,
}
const [, , name = ''] = process.argv
const variant = VARIANTS[name]
if (!variant) throw new Error(`no variant is named ${name}`)

const address = { port: Number(process.env.QUERY_PORT), hostname: '127.0.0.1' }
if (name === 'floor') createService(variant).listen(address)
else Bun.serve({ ...address, fetch: request => respond(variant, request) })

async function respond(handler: typeof readConstant, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/readyz') return new Response('ok')
  return new Response(await handler(searchParams), { headers: { 'content-type': 'application/json' } })
}

function createService(handler: typeof readConstant) {
  const config = {
    PORT: address.port,
    PUBLIC_URL: process.env.PUBLIC_URL,
    BODY_MEMORY_MB: 64,
    OPERATOR_HOSTS: [`127.0.0.1:${address.port}`],
  }
  const log = createLog({ service: 'bench', level: 'silent' })
  const stopping = new AbortController().signal
  const identify = createIdentify({})
  const http = createHttpApp(
    { config, log, metrics: createMetrics('bench'), checks: {}, identify, stopping },
    {
      'GET /': { access: 'workspace' },
    },
  )
  return new Elysia({ normalize: false }).use(http).get('/', async ({ request }) => await respond(handler, request))
}

interface SeedRow {
  id: string
  createdAt: Date
  parameters: unknown
}

async function listFromSeed(query: URLSearchParams): Promise<string> {
  const limit = Number(query.get('limit'))
  const [before, skip] = [query.get('before'), Number(query.get('skip') ?? 0)]
  const rows = await sql<SeedRow[]>`
    select * from seed_generations where user_id = 'owner'
      ${before ? sql`and (created_at, id) < (select created_at, id from seed_generations where id = ${before})` : sql``}
    order by created_at desc, id desc limit ${limit + 1} offset ${skip}`
  const page = rows.slice(0, limit)
  const outputs = await sql<{ generation_id: string }[]>`
    select * from seed_outputs where generation_id = any(${page.map(row => row.id)}::uuid[]) order by index`
  const byGeneration = Map.groupBy(outputs, output => output.generation_id)
  const generations = page.map(row => ({
    ...row,
    parameters: sanitizeParameters(row.parameters),
    outputs: byGeneration.get(row.id) ?? [],
  }))
  return JSON.stringify({ generations, nextCursor: rows.length > limit ? page.at(-1)?.id : null })
}

async function listWithBuiltJson(query: URLSearchParams): Promise<string> {
  const before = query.get('before')
  const rows = await sql<{ document: string }[]>`
    select generation_document(g)::text as document from generations g
    where g.workspace_id = (select workspace_id from generations limit 1) and g.deleted_at is null
      ${before ? sql`and (g.created_at, g.id) < (select created_at, id from generations where id = ${before})` : sql``}
    order by g.created_at desc, g.id desc limit ${Number(query.get('limit')) + 1}`
  return `{"generations":[${rows.map(row => row.document).join(',')}]}`
}

/** @see https://docs.postgrest.org/en/stable/references/api/resource_embedding.html */
async function listAsPostgrest(query: URLSearchParams): Promise<string> {
  const before = query.get('before')
  const [row] = await sql<{ body: string }[]>`
    with pgrst_source as (
      select g.id, g.client_id, g.version, g.status, g.kind, g.model, g.prompt, g.parameters, g.error, g.created_at,
        g.started_at, g.completed_at, coalesce(o.outputs, '[]') as outputs
      from generations g left join lateral (
        select json_agg(o) as outputs from (
          select index, state, key, width, height, bytes, mime_type, favourite
          from generation_outputs where generation_id = g.id order by index
        ) o
      ) o on true
      where g.workspace_id = (select workspace_id from generations limit 1) and g.deleted_at is null
        ${before ? sql`and (g.created_at, g.id) < (select created_at, id from generations where id = ${before})` : sql``}
      order by g.created_at desc, g.id desc limit ${Number(query.get('limit'))}
    )
    select count(_postgrest_t) as page_total, coalesce(json_agg(_postgrest_t), '[]')::text as body
    from (select * from pgrst_source) _postgrest_t`
  return row?.body ?? '[]'
}

async function readConstant(query: URLSearchParams): Promise<string> {
  const [row] = await sql<{ text: string }[]>`select repeat('x', ${Number(query.get('bytes'))}) as text`
  return row?.text ?? ''
}
