import type { Usage, UsageRow } from '@darkroom/contracts/history/usage'
import { readConnectionBudgets, readSpending } from '@darkroom/infra/connections/spending-rows'
import type { Database } from '@darkroom/infra/database/connection'
import type { Identity } from '@darkroom/infra/http/identity'
import { formatUsageCsv } from './usage-csv.ts'
import type { UsageQuery } from './usage-parameters.ts'
import { readUsageRows } from './usage-rows.ts'

/** The workspace whose usage is read; an administrator is shown the budgets with it. */
type UsageIdentity = Pick<Identity, 'workspaceId' | 'admin'>

export interface UsageDeps {
  database: Database
  /** Budget of the whole studio a month, in micro-units of USD; null if there is none. */
  budgetMicros: number | null
}

/**
 * Reads the usage of a workspace: sums by the dimensions of the query, and the total of each currency. Budgets are read for an administrator
 * alone: what is left of them shows what other workspaces have spent.
 */
export async function readUsage(deps: UsageDeps, identity: UsageIdentity, query: UsageQuery): Promise<Usage> {
  const [rows, budgets] = await Promise.all([
    readUsageRows(deps.database, identity.workspaceId, query),
    identity.admin ? readBudgets(deps) : NO_BUDGETS,
  ])
  return { ...query, rows, total: sumByCurrency(rows), ...budgets }
}

const NO_BUDGETS = { budget: null, connectionBudgets: [] }

async function readBudgets({
  database,
  budgetMicros,
}: UsageDeps): Promise<Pick<Usage, 'budget' | 'connectionBudgets'>> {
  const [spending, connectionBudgets] = await Promise.all([
    budgetMicros === null ? null : readSpending(database, null),
    readConnectionBudgets(database),
  ])
  const budget = budgetMicros === null || spending === null ? null : { limitMicros: budgetMicros, ...spending }
  return { budget, connectionBudgets }
}

/** Sums up rows by their currency, the largest first. They are of one statement, so that they add up to the total. */
function sumByCurrency(rows: readonly UsageRow[]): UsageRow[] {
  const totals = [...Map.groupBy(rows, ({ currency }) => currency).values()].map(rows => rows.reduce(addRows))
  return totals
    .map(total => ({ ...total, day: null, model: null, connection: null }))
    .sort((a, b) => b.micros - a.micros)
}

function addRows(a: UsageRow, b: UsageRow): UsageRow {
  return {
    ...a,
    calls: a.calls + b.calls,
    failedCalls: a.failedCalls + b.failedCalls,
    unknownCalls: a.unknownCalls + b.unknownCalls,
    images: a.images + b.images,
    videos: a.videos + b.videos,
    seconds: a.seconds + b.seconds,
    micros: a.micros + b.micros,
    reportedMicros: a.reportedMicros + b.reportedMicros,
    estimatedMicros: a.estimatedMicros + b.estimatedMicros,
    failedMicros: a.failedMicros + b.failedMicros,
    unpricedCalls: a.unpricedCalls + b.unpricedCalls,
  }
}

/** Responds with usage as JSON, or as CSV to a client that accepts only that. */
export function respondUsage(request: Request, usage: Usage): Response {
  const headers = { 'cache-control': 'no-store', vary: 'accept' }
  if (!request.headers.get('accept')?.includes('text/csv')) return Response.json(usage, { headers })
  const name = usage.from.slice(0, 7) === usage.to.slice(0, 7) ? usage.from.slice(0, 7) : `${usage.from}-${usage.to}`
  const disposition = `attachment; filename="usage-${name}.csv"`
  return new Response(formatUsageCsv(usage), {
    headers: { ...headers, 'content-type': 'text/csv; charset=utf-8', 'content-disposition': disposition },
  })
}
