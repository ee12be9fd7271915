import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { hasTimelineWork, sumUpTimelineDays } from '@darkroom/infra/generations/timeline-sums'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { insertRow, type RowOverrides } from '../rows.fixture.ts'
import { FilterParameters, parseFilter } from './filter-parameters.ts'
import { readTimeline } from './timeline.ts'

/** Timelines from sums equal those that are counted row by row, whatever the zone, and whatever has changed since. */

const WORKSPACE = crypto.randomUUID()
const OTHER = crypto.randomUUID()
/** Offsets of quarter hours, a change of time, a day that did not exist, and an offset that is no quarter of an hour (1970). */
const ZONES = ['UTC', 'Asia/Kathmandu', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Africa/Monrovia']
const FILTERS: [parameters: Record<string, string>, condition: string][] = [
  [{}, 'true'],
  [{ kind: 'video' }, `kind = 'video'`],
  [{ kind: 'image' }, `kind = 'image'`],
  [{ model: 'rare' }, `model = 'rare'`],
  [{ status: 'failed' }, `status = 'failed'`],
  [{ favourite: 'true' }, 'favourite'],
  [{ references: 'true' }, 'has_references'],
  [{ favourite: 'false' }, 'not favourite'],
  [{ model: 'rare,demo', kind: 'image' }, `model in ('rare', 'demo') and kind = 'image'`],
]
/** Beginnings of hours with generations: ordinary days, changes of time, and the days of the zones above. */
const TIMES = ['1970-03-01T00', '2011-12-29T23', '2011-12-30T09', '2025-03-30T00', '2025-10-26T00', '2026-03-05T18']
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  const times = TIMES.flatMap(hour => Array.from({ length: 12 }, (_, at) => addMinutes(`${hour}:00:00Z`, at * 14.9)))
  for (const workspace of [WORKSPACE, OTHER])
    for (const [at, createdAt] of [...times, new Date().toISOString()].entries())
      await insertRow(sql, workspace, { ...describeRow(at), createdAt })
})
afterAll(() => stack.disposeAsync())

test('counts the same from sums as row by row, after every change, and again when it is summed up', async () => {
  await expectCounted()
  expect(await sumUp()).toBeGreaterThan(3)
  expect(await hasTimelineWork(sql)).toBe(false)
  await expectCounted()
  const [trashed, purged, retried] = (
    await sql<{ id: string }[]>`
      select id from generations where workspace_id = ${WORKSPACE} order by created_at offset 20 limit 3`
  ).map(row => row.id)
  const changes = [
    () => sql`update generations set deleted_at = now(), version = version + 1 where id = ${trashed ?? ''}`,
    () => sql`delete from generations where id = ${purged ?? ''}`,
    () => sql`update generations set status = 'queued', version = version + 1 where id = ${retried ?? ''}`,
    () => insertRow(sql, WORKSPACE, { createdAt: '2011-12-30T10:00:00Z', favourite: true }),
    () => insertRow(sql, WORKSPACE, { createdAt: '1999-12-31T23:59:59.999Z', model: 'rare' }),
  ]
  for (const change of changes) {
    await change()
    expect(await hasTimelineWork(sql)).toBe(true)
    await expectCounted()
  }
  expect(await sumUp()).toBe(1)
  await expectCounted()
})

test('a change of today, or of what no list filters by, marks no day', async () => {
  await sumUp()
  await insertRow(sql, WORKSPACE)
  await sql`update generations set version = version + 1 where workspace_id = ${WORKSPACE}`
  expect(await hasTimelineWork(sql)).toBe(false)
  await expectCounted()
})

test('sums up nothing while a transaction changes a day, and what it has written afterwards', async () => {
  await sumUp()
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const { promise: isWritten, resolve: written } = Promise.withResolvers<void>()
  const insertion = transaction(sql, async tx => {
    await insertRow(tx, WORKSPACE, { createdAt: '2025-03-30T02:30:00Z' })
    await tx`set constraints all immediate`
    written()
    await mayCommit
  })
  await isWritten
  expect(await transaction(sql, sumUpTimelineDays)).toBe('locked')
  commit()
  await insertion
  await sumUp()
  expect(await hasTimelineWork(sql)).toBe(false)
  await expectCounted()
})

/** Sums up all days. @returns the number of transactions */
async function sumUp(): Promise<number> {
  let count = 0
  while ((await hasTimelineWork(sql)) && (await transaction(sql, sumUpTimelineDays)) !== null) count++
  return count
}

async function expectCounted(): Promise<void> {
  for (const zone of ZONES) {
    for (const [parameters, condition] of FILTERS) {
      const { days } = JSON.parse(await readTimeline(sql, { ...parseTestFilter(parameters), zone }))
      const counted = await sql`
        select (created_at at time zone ${zone})::date::text as day, count(*)::int as count from generation_documents
        where workspace_id = ${WORKSPACE} and deleted_at is null and ${sql.unsafe(condition)} group by 1 order by 1 desc`
      expect([zone, parameters, days]).toEqual([zone, parameters, counted.map(row => ({ ...row }))])
    }
  }
}

function parseTestFilter(parameters: Record<string, string>) {
  return parseFilter(FilterParameters.parse(parameters), WORKSPACE)
}

function describeRow(at: number): RowOverrides {
  return {
    kind: at % 5 === 0 ? 'video' : 'image',
    model: at % 4 === 0 ? 'rare' : 'demo',
    status: at % 7 === 0 ? 'failed' : 'completed',
    favourite: at % 3 === 0,
    reference: at % 6 === 0 ? 'https://example.com/a.png' : null,
    deleted: at % 11 === 0,
  }
}

function addMinutes(time: string, minutes: number): string {
  return new Date(Date.parse(time) + minutes * 60_000).toISOString()
}
