import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Usage } from '@darkroom/contracts/history/usage'
import { sumUpNextDay } from '@darkroom/infra/connections/cost-sums'
import { readSpending } from '@darkroom/infra/connections/spending-rows'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { readUsage, respondUsage } from './usage.ts'
import { parseUsageQuery } from './usage-parameters.ts'
import { readUsageRows } from './usage-rows.ts'

const NOW = new Date('2026-11-20T10:00:00Z')
const OWNER = crypto.randomUUID()
const ADMIN = { workspaceId: OWNER, admin: true }
const STRANGER = { workspaceId: crypto.randomUUID(), admin: false }
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
  await writeCalls()
})
afterAll(() => stack.disposeAsync())

test('sums up the calls of the month by day, with what the provider reported, else what was estimated', async () => {
  const usage = Usage.parse(await readUsage({ database: sql, budgetMicros: null }, ADMIN, parseUsageQuery({}, NOW)))
  expect([usage.from, usage.to, usage.by, usage.budget]).toEqual(['2026-11-01', '2026-11-30', ['day'], null])
  expect(usage.rows.map(({ day, micros, calls }) => [day, micros, calls])).toEqual([
    ['2026-11-01', 40_000, 1],
    ['2026-11-02', 130_000, 4],
    ['2026-11-30', 7, 1],
  ])
  expect(usage.total).toMatchObject([
    {
      calls: 6,
      failedCalls: 2,
      unknownCalls: 1,
      images: 2,
      videos: 1,
      micros: 170_007,
      reportedMicros: 30_007,
      estimatedMicros: 140_000,
      failedMicros: 40_000,
      unpricedCalls: 0,
      seconds: 60,
    },
  ])
})

test('sums up by model and connection; every sum is that of the whole', async () => {
  for (const by of [['model'], ['connection'], ['connection', 'model'], ['day', 'model', 'connection']]) {
    const usage = await readUsage({ database: sql, budgetMicros: 1 }, ADMIN, parseUsageQuery({ by }, NOW))
    expect(usage.rows.reduce((sum, { micros }) => sum + micros, 0)).toBe(170_007)
    expect(usage.budget?.limitMicros).toBe(1)
  }
  const { rows } = await readUsage(
    { database: sql, budgetMicros: null },
    ADMIN,
    parseUsageQuery({ by: ['connection'] }, NOW),
  )
  expect(rows.map(({ connection, day, calls }) => [connection, day, calls])).toEqual([
    ['openai', null, 5],
    ['=cmd', null, 1],
  ])
})

test('counts what is another workspace’s or another month’s nowhere', async () => {
  const october = await readUsage(
    { database: sql, budgetMicros: null },
    ADMIN,
    parseUsageQuery({ from: '2026-10-01' }, NOW),
  )
  expect([october.to, october.total[0]?.micros]).toEqual(['2026-10-31', 999])
  const stranger = await readUsage({ database: sql, budgetMicros: 1 }, STRANGER, parseUsageQuery({}, NOW))
  expect([stranger.rows, stranger.total, stranger.budget, stranger.connectionBudgets]).toEqual([[], [], null, []])
})

test('shows what is left of the budgets of connections to an administrator alone', async () => {
  await sql`
    insert into connections (id, kind, name, source, budget_micros, assumed_micros, draft, created_at)
    values ('spent', 'openai', 'Studio key', 'stored', 100000, 7, false, '2026-01-01'),
      ('unspent', 'fal', 'fal', 'stored', 0, null, false, '2026-01-02'), ('free', 'fal', 'none', 'stored', null, null, false, now()),
      ('draft', 'fal', 'draft', 'stored', 5, null, true, now())`
  const now = new Date().toISOString()
  await sql`
    insert into call_costs ${sql([
      { ...call(now, 'finished', { reported: 60_000, connection: 'spent' }), workspace_id: STRANGER.workspaceId },
      call(now, 'finished', { connection: 'spent' }),
      call(now, 'not-billed', { estimated: 900, connection: 'spent' }),
    ])}`
  const deps = { database: sql, budgetMicros: null }
  const { budget, connectionBudgets } = await readUsage(deps, ADMIN, parseUsageQuery({}, NOW))
  expect(budget).toBeNull()
  expect(connectionBudgets.map(({ renewsAt: _, ...shown }) => shown)).toEqual([
    { connection: 'spent', name: 'Studio key', limitMicros: 100_000, spentMicros: 60_007, reservedMicros: 0 },
    { connection: 'unspent', name: 'fal', limitMicros: 0, spentMicros: 0, reservedMicros: 0 },
  ])
  expect(connectionBudgets[0]?.renewsAt).toMatch(/^\d{4}-\d\d-01T00:00:00/)
  expect((await readUsage(deps, { ...ADMIN, admin: false }, parseUsageQuery({}, NOW))).connectionBudgets).toEqual([])
  await sql`delete from call_costs where connection = 'spent'`
})

test('usage and spending are the same to the micro-unit once days are summed up, and after a late bill', async () => {
  const readAll = async () => [
    await Promise.all(
      [OWNER, STRANGER.workspaceId].map(id =>
        readUsageRows(
          sql,
          id,
          parseUsageQuery({ from: '2025-11-01', to: '2026-11-30', by: ['day', 'model', 'connection'] }, NOW),
        ),
      ),
    ),
    await readSpending(sql, null),
    await readSpending(sql, 'past'),
  ]
  await writePast()
  const before = await readAll()
  let days = 0
  while (await transaction(sql, sumUpNextDay)) days++
  expect(days).toBeGreaterThan(2)
  const [summed] = await sql<{ calls: number }[]>`select sum(calls)::int as calls from cost_sums`
  expect(summed?.calls).toBeGreaterThan(3)
  expect(await readAll()).toEqual(before)

  await sql`update call_costs set reported_micros = 123456, outcome = 'finished' where connection = 'past' and outcome is null`
  const reopened = await readAll()
  expect(reopened).not.toEqual(before)
  expect(await transaction(sql, sumUpNextDay)).toBe(true)
  expect(await transaction(sql, sumUpNextDay)).toBe(false)
  expect(await readAll()).toEqual(reopened)
  await sql`delete from call_costs where connection = 'past'`
  await sql`delete from cost_days`
})

test('writes CSV that no spreadsheet runs, with exact amounts', async () => {
  const usage = await readUsage(
    { database: sql, budgetMicros: null },
    ADMIN,
    parseUsageQuery({ by: ['connection'] }, NOW),
  )
  const response = respondUsage(new Request('http://localhost/', { headers: { accept: 'text/csv' } }), usage)
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="usage-2026-11.csv"')
  const lines = (await response.text()).split('\r\n')
  expect(lines[2]).toBe(`,,'=cmd,USD,1,0,0,1,0,10.0,0.000007,0.000007,0.000000,0.000000,0,reported`)
  expect(lines[1]).toEndWith(',0.170000,0.030000,0.140000,0.040000,0,partly estimated')
  expect(lines).toHaveLength(4)
})

test.each([
  [{ from: '2026-11-02', to: '2026-11-01' }, 'to'],
  [{ from: '2020-01-01', to: '2026-11-01' }, 'to'],
  [{ by: ['colour'] }, 'by'],
])('refuses a range that makes no sense: %o', (parameters, path) => {
  expect(() => parseUsageQuery(parameters, NOW)).toThrow(
    expect.objectContaining({ errors: [expect.objectContaining({ path })] }),
  )
})

/** Writes calls of every outcome. None of their generations is there any more. */
async function writeCalls(): Promise<void> {
  const rows = [
    call('2026-11-01T00:00:00Z', 'finished', { estimated: 40_000 }),
    call('2026-11-02T00:00:00Z', 'finished', { estimated: 20_000, reported: 30_000, kind: 'video' }),
    call('2026-11-02T12:00:00Z', 'unknown', { estimated: 60_000, outputs: 0 }),
    call('2026-11-02T12:00:01Z', 'not-billed', { estimated: 50_000, outputs: 0 }),
    call('2026-11-02T23:59:59Z', 'failed', { estimated: 40_000, outputs: 0 }),
    call('2026-11-30T23:59:59Z', 'finished', { reported: 7, connection: '=cmd' }),
    call('2026-10-31T23:59:59Z', 'finished', { reported: 999 }),
    { ...call('2026-11-05T00:00:00Z', 'finished', { reported: 5 }), workspace_id: crypto.randomUUID() },
  ]
  await sql`insert into call_costs ${sql(rows)}`
}

/** Writes calls of the last days before now, of two workspaces: with open bills, without prices, in another currency. */
async function writePast(): Promise<void> {
  const past = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const rows = [
    call(past(3), 'finished', { reported: 3, estimated: 9 }),
    call(past(3), 'failed', { estimated: 5, outputs: 0 }),
    { ...call(past(4), 'unknown', { estimated: 70, outputs: 0 }), outcome: null, ended_at: null },
    call(past(4), 'finished', {}),
    { ...call(past(4), 'finished', { reported: 11 }), currency: 'EUR' },
    { ...call(past(5), 'finished', { reported: 13, kind: 'video' }), workspace_id: STRANGER.workspaceId },
    call(past(0), 'finished', { reported: 17 }),
  ]
  for (const row of rows) await sql`insert into call_costs ${sql({ ...row, connection: 'past' })}`
}

function call(
  at: string,
  outcome: string,
  facts: { estimated?: number; reported?: number; outputs?: number; kind?: string; connection?: string },
) {
  const { estimated = null, reported = null, outputs = 1, kind = 'image', connection = 'openai' } = facts
  return {
    generation_id: crypto.randomUUID(),
    call: 0,
    attempt: 1,
    workspace_id: OWNER,
    connection,
    model: `${connection}/m`,
    kind,
    count: 1,
    estimated_micros: estimated,
    reported_micros: reported,
    made_at: at,
    ended_at: new Date(Date.parse(at) + 10_000).toISOString(),
    outcome,
    outputs,
  }
}
