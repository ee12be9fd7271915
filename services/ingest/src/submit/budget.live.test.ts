import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import type { Price } from '@darkroom/contracts/model'
import { Problem } from '@darkroom/contracts/problem'
import { readSpending } from '@darkroom/infra/connections/spending-rows'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { demoModel } from './model.fixture.ts'

const LIMIT = 400_000
const PRICE = 40_000
const IMAGE_DATA_URL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

let ingest: TestIngest
beforeAll(async () => {
  ingest = await openTestIngest()
})
afterAll(() => ingest[Symbol.asyncDispose]())

test('of many submissions at once, from two workspaces, as many are accepted as fit into the budget of the studio', async () => {
  await using studio = await openTestIngest({ budgetMicros: LIMIT })
  const model = await addModel(studio, { price: perOutput() })
  const other = await addModel(studio, { price: perOutput() })
  const clientIds = Array.from({ length: 24 }, () => crypto.randomUUID())
  const responses = await Promise.all(
    clientIds.map((clientId, index) => {
      const body = { clientId, prompt: 'many', model: index % 2 ? model : other }
      return studio.request('POST', '/api/generate', body, index % 3 ? 'owner' : 'stranger')
    }),
  )
  const statuses = responses.map(({ status }) => status)
  expect(statuses.filter(status => status === 202)).toHaveLength(LIMIT / PRICE)
  expect(statuses.filter(status => status === 402)).toHaveLength(24 - LIMIT / PRICE)
  expect(await readSpending(studio.sql, null)).toMatchObject({ spentMicros: 0, reservedMicros: LIMIT })

  // What was accepted is answered again, and what is free is always made.
  const index = statuses.indexOf(202)
  const again = { clientId: clientIds[index], prompt: 'many', model: index % 2 ? model : other }
  expect((await studio.request('POST', '/api/generate', again, index % 3 ? 'owner' : 'stranger')).status).toBe(200)
  expect((await studio.request('POST', '/api/generate', { prompt: 'free', model: 'demo' })).status).toBe(202)

  const before = await countRows(studio)
  const referenceImages = [IMAGE_DATA_URL]
  const refused = await studio.request('POST', '/api/generate', { prompt: 'one more', model, referenceImages })
  expect(refused.status).toBe(402)
  expect(Problem.parse(await refused.json())).toMatchObject({
    code: 'budget_reached',
    detail: `Nothing of the $0.40 for ${monthName(0)} is left; this would cost about $0.04. The budget begins anew on 1 ${monthName(1)} (UTC).`,
  })
  expect(await countRows(studio)).toEqual(before)
  expect(await Array.fromAsync(studio.store.list(''))).toEqual([])
})

test('the budget of a connection counts what its calls have cost, and reserves what is still to be made', async () => {
  const model = await addModel(ingest, { price: perOutput(), budget: LIMIT })
  const connection = model.split('/')[0] ?? ''
  const spending = () => readSpending(ingest.sql, connection)
  const first = await accept(model, 5)
  expect(await spending()).toMatchObject({ spentMicros: 0, reservedMicros: 5 * PRICE })
  await openCall(first, connection, { call: 0, first: 0, count: 2 })
  expect(await spending()).toMatchObject({ spentMicros: 2 * PRICE, reservedMicros: 3 * PRICE })
  await endCall(first, 0, { outcome: 'finished', reported: 50_000 })
  expect(await spending()).toMatchObject({ spentMicros: 50_000, reservedMicros: 3 * PRICE })
  // A call that failed is paid, and its output is made again.
  await openCall(first, connection, { call: 1, first: 2, count: 1 })
  await endCall(first, 1, { outcome: 'failed' })
  expect(await spending()).toMatchObject({ spentMicros: 50_000 + PRICE, reservedMicros: 3 * PRICE })
  const refused = await submit(model, 6)
  expect(refused.status).toBe(402)
  expect(Problem.parse(await refused.json()).detail).toStartWith(
    `$0.19 of the $0.40 of “${connection}” for ${monthName(0)} is left; this would cost about $0.24.`,
  )
  const second = await accept(model, 4)
  expect((await submit(model, 1)).status).toBe(402)
  // A cancel frees what was not begun.
  expect((await act(second, 'cancel')).status).toBe(200)
  expect(await spending()).toMatchObject({ spentMicros: 50_000 + PRICE, reservedMicros: 3 * PRICE })
  await ingest.sql`update call_costs set outcome = 'not-billed' where generation_id = ${first} and call = 0`
  expect(await spending()).toMatchObject({ spentMicros: PRICE })
  await accept(model, 6)
  // It is of this connection alone.
  await accept(await addModel(ingest, { price: perOutput() }), 10)
})

test('retry and complete are refused beyond the budget and change nothing; a check is not', async () => {
  const model = await addModel(ingest, { price: perOutput(), budget: 2 * PRICE })
  const connection = model.split('/')[0] ?? ''
  const id = await accept(model, 2)
  await openCall(id, connection, { call: 0, first: 0, count: 1 })
  await endRow(id, 'failed', ['failed', 'failed'])
  expect(await readSpending(ingest.sql, connection)).toMatchObject({ spentMicros: PRICE, reservedMicros: 0 })
  const before = await readRows(id)
  const refused = await act(id, 'retry')
  expect(refused.status).toBe(402)
  expect(Problem.parse(await refused.json()).detail).toStartWith(`$0.04 of the $0.08 `)
  expect(await readRows(id)).toEqual(before)

  await endRow(id, 'completed', ['stored', 'failed'])
  expect((await act(id, 'complete')).status).toBe(202)
  expect(await readSpending(ingest.sql, connection)).toMatchObject({ spentMicros: PRICE, reservedMicros: PRICE })
  // The call that was open without a number is closed as unknown, in its bill as well.
  const [cost] =
    await ingest.sql`select outcome, ended_at is not null as ended from call_costs where generation_id = ${id}`
  expect({ ...cost }).toEqual({ outcome: 'unknown', ended: true })

  await endRow(id, 'failed', ['failed', 'failed'])
  await ingest.sql`update connections set budget_micros = 0 where id = ${connection}`
  expect((await act(id, 'retry')).status).toBe(402)
  await ingest.sql`update provider_calls set request_id = 'r' where generation_id = ${id}`
  expect((await act(id, 'check')).status).toBe(202)
  await endRow(id, 'failed', ['failed', 'failed'])
  await ingest.sql`update connections set budget_micros = null where id = ${connection}`
  expect((await act(id, 'retry')).status).toBe(202)
})

test('a generation of an older version, of a model that is free, is made again under any budget', async () => {
  const model = await addModel(ingest, { price: { kind: 'free' }, budget: 0 })
  const id = await accept(model, 1)
  await endRow(id, 'failed', ['failed'])
  await ingest.sql`update generations set output_micros = null where id = ${id}`
  expect((await act(id, 'retry')).status).toBe(202)
})

test('a model of unknown price is refused under a budget, unless its connection assumes one', async () => {
  for (const price of [{ kind: 'unknown' }, { kind: 'quoted', currency: 'USD' }, perOutput('EUR')] as const) {
    const model = await addModel(ingest, { price })
    const connection = model.split('/')[0] ?? ''
    const free = Generation.parse(await (await submit(model, 1)).json())
    expect(free.cost).toEqual(price.kind === 'per-output' ? { amount: 0.04, currency: 'EUR', estimated: true } : null)
    await ingest.sql`update connections set budget_micros = ${LIMIT} where id = ${connection}`
    const refused = await submit(model, 1)
    expect(refused.status).toBe(402)
    expect(Problem.parse(await refused.json()).detail).toBe(
      `What this model costs is not known, so it is not made under a budget. Set a price to assume for “${connection}” under Connections in Settings.`,
    )
    await endRow(free.id, 'failed', ['failed'])
    expect((await act(free.id, 'retry')).status).toBe(402)
    await ingest.sql`update connections set assumed_micros = 100_000 where id = ${connection}`
    await accept(model, 3)
    expect(await readSpending(ingest.sql, connection)).toMatchObject({ reservedMicros: 300_000 })
    expect((await act(free.id, 'retry')).status).toBe(202)
    expect((await submit(model, 1)).status).toBe(402)
  }
})

test('a cancel says about how much may be billed', async () => {
  const model = await addModel(ingest, { price: perOutput() })
  const connection = model.split('/')[0] ?? ''
  const id = await accept(model, 3)
  await openCall(id, connection, { call: 0, first: 0, count: 2 })
  const cancelled = (await (await act(id, 'cancel')).json()) as { note: string }
  expect(cancelled.note).toEndWith('may bill it. That would be about $0.08.')
  const document = await ingest.sql<{ cost: Generation['cost'] }[]>`select cost from generations where id = ${id}`
  expect(document[0]?.cost).toEqual({ amount: 0.08, currency: 'USD', estimated: true })
})

test('without a model the first one of a connection that was added is used, else the one of the studio', async () => {
  await using studio = await openTestIngest()
  const readModel = async () => {
    const response = await studio.request('POST', '/api/generate', { prompt: 'any' })
    return Generation.parse(await response.json()).model
  }
  expect(await readModel()).toBe('demo')
  const first = await addModel(studio, { price: perOutput(), position: 1 })
  expect(await readModel()).toBe(first)
  await addModel(studio, { price: perOutput(), position: 0 })
  expect(await readModel()).toBe(first)
})

let connections = 0

/** Adds a connection with one model. @returns the model's id */
async function addModel(
  { sql }: TestIngest,
  options: { price: Price; budget?: number; position?: number },
): Promise<string> {
  connections += 1
  const connection = `server-${connections}`
  const capability = { ...demoModel, id: `${connection}/m`, connection, provider: connection, price: options.price }
  await sql`
    insert into connections (id, kind, name, source, budget_micros)
    values (${connection}, 'openai-compatible', ${connection}, 'stored', ${options.budget ?? null})`
  await sql`
    insert into models (id, provider, position, capability)
    values (${capability.id}, ${connection}, ${options.position ?? 0}, ${sql.json(capability)})`
  return capability.id
}

function perOutput(currency = 'USD') {
  return { kind: 'per-output', currency, micros: PRICE } as const
}

async function submit(model: string, numOutputs: number): Promise<Response> {
  return await ingest.request('POST', '/api/generate', { prompt: 'a prompt', model, parameters: { numOutputs } })
}

async function accept(model: string, numOutputs: number): Promise<string> {
  const response = await submit(model, numOutputs)
  expect(response.status).toBe(202)
  return Generation.parse(await response.json()).id
}

async function act(id: string, action: string): Promise<Response> {
  return await ingest.request('POST', `/api/generate/${id}/${action}`)
}

/** Records a call that is being made, as a processor does. */
async function openCall(id: string, connection: string, call: { call: number; first: number; count: number }) {
  await ingest.sql`
    insert into provider_calls (generation_id, call, first_index, count, submitted_at, attempt)
    values (${id}, ${call.call}, ${call.first}, ${call.count}, now(), 1)`
  await ingest.sql`
    insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, estimated_micros)
    values (${id}, ${call.call}, 1, ${ingest.owner.workspaceId}, ${connection}, 'm', 'image', ${call.count}, ${PRICE * call.count})`
}

async function endCall(id: string, call: number, end: { outcome: string; reported?: number }): Promise<void> {
  const { outcome, reported = null } = end
  await ingest.sql`
    update provider_calls set finished_at = now(), outcome = ${outcome} where generation_id = ${id} and call = ${call}`
  await ingest.sql`
    update call_costs set outcome = ${outcome}, reported_micros = ${reported}, ended_at = now()
    where generation_id = ${id} and call = ${call}`
}

/** Ends a generation, with its outputs in these states. */
async function endRow(id: string, status: string, outputs: string[]): Promise<void> {
  await ingest.sql`update generations set status = ${status} where id = ${id}`
  for (const [index, state] of outputs.entries()) {
    const key = state === 'stored' ? `w/${id}/${index}.png` : null
    await ingest.sql`
      update generation_outputs set state = ${state}, key = ${key} where generation_id = ${id} and index = ${index}`
  }
}

async function readRows(id: string): Promise<unknown> {
  return await ingest.sql`
    select to_json(g) as generation, to_json(j) as job, (select json_agg(o order by index) from generation_outputs o where o.generation_id = g.id) as outputs,
      (select json_agg(c) from call_costs c where c.generation_id = g.id) as costs, (select count(*) from outbox) as messages
    from generations g join generation_jobs j on j.generation_id = g.id where g.id = ${id}`
}

async function countRows({ sql }: TestIngest): Promise<unknown> {
  return await sql`
    select (select count(*) from generations) as generations, (select count(*) from outbox) as messages,
      (select count(*) from reference_images) as "references"`
}

/** Returns the name of this month (UTC), or of one after it. */
function monthName(offset: number): string {
  const now = new Date()
  const date = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1))
  return date.toLocaleDateString('en-US', { month: 'long', timeZone: 'UTC' })
}
