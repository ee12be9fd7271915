import type { Database } from '../../src/database/connection.ts'
import type { InvoiceLine } from '../fake-provider/invoice.ts'

/** The bill for a call by both sides, in micro-units. A call that was refused and made again is one call. */
export interface BilledCall {
  /** Its idempotency key. */
  key: string
  model: string
  /** By the rows of the studio: reported, else estimated; 0 for one that is not billed. */
  ledger: number
  /** By the provider's invoice. */
  invoice: number
  /** Part of `ledger` that the provider has reported. */
  reported: number
  /** Whether the studio lists the call as one whose outcome is unknown. */
  isUnknown: boolean
  /** Number of its tries that are listed so. */
  unknownTries: number
  /** Whether the studio has the cost from the provider. */
  isReported: boolean
}

interface LedgerRow extends Omit<BilledCall, 'invoice'> {
  isOpen: boolean
}

/** The comparison of a ledger with an invoice. */
export interface InvoiceReport {
  calls: BilledCall[]
  /** Calls whose bills differ and that are not listed as unknown, and contradictions of the ledger. */
  violations: string[]
}

/** Compares the costs of all calls of the fake provider with its invoice, call by call and to the micro-unit. */
export async function compareInvoice(sql: Database, invoice: readonly InvoiceLine[]): Promise<InvoiceReport> {
  const rows = await readLedger(sql)
  const calls = joinCalls(rows, invoice)
  const open = rows.filter(({ isOpen }) => isOpen)
  const different = calls.filter(({ ledger, invoice, isUnknown }) => ledger !== invoice && !isUnknown)
  return {
    calls,
    violations: [
      ...different.map(call => `the bills differ: ${JSON.stringify(call)}`),
      ...open.map(({ key }) => `${key} has no outcome`),
      ...(await findWrongSums(sql)),
    ],
  }
}

async function readLedger(sql: Database): Promise<LedgerRow[]> {
  return await sql<LedgerRow[]>`
    select generation_id || ':' || call as key, max(model) as model,
      sum(case when outcome = 'not-billed' then 0 else coalesce(reported_micros, estimated_micros) end)::float8 as ledger,
      coalesce(sum(reported_micros) filter (where outcome is distinct from 'not-billed'), 0)::float8 as reported,
      coalesce(bool_or(outcome = 'unknown'), false) as "isUnknown",
      (count(*) filter (where outcome = 'unknown'))::int as "unknownTries", bool_or(outcome is null) as "isOpen",
      bool_or(reported_micros is not null) as "isReported"
    from call_costs where connection = 'fake' group by generation_id, call`
}

function joinCalls(rows: readonly LedgerRow[], invoice: readonly InvoiceLine[]): BilledCall[] {
  const ledger = new Map(rows.map(row => [row.key, row]))
  const lines = Map.groupBy(invoice, ({ idempotencyKey }) => idempotencyKey ?? '')
  return [...new Set([...ledger.keys(), ...lines.keys()])].map(key => {
    const row = ledger.get(key)
    const billed = lines.get(key) ?? []
    return {
      key,
      model: row?.model ?? billed[0]?.model ?? '',
      ledger: row?.ledger ?? 0,
      invoice: billed.reduce((total, { micros }) => total + micros, 0),
      reported: row?.reported ?? 0,
      isUnknown: row?.isUnknown ?? false,
      unknownTries: row?.unknownTries ?? 0,
      isReported: row?.isReported ?? false,
    }
  })
}

/** Finds generations whose cost is not the sum of their calls. */
async function findWrongSums(sql: Database): Promise<string[]> {
  const rows = await sql<{ id: string; shown: string; summed: string }[]>`
    select g.id, g.cost::text as shown, c.micros::text as summed
    from generations g join (
      select generation_id, sum(case when outcome = 'not-billed' then 0 else coalesce(reported_micros, estimated_micros) end) as micros
      from call_costs group by generation_id
    ) c on c.generation_id = g.id
    where g.provider = 'fake' and round((g.cost ->> 'amount')::numeric * 1000000) is distinct from c.micros`
  return rows.map(({ id, shown, summed }) => `${id} shows ${shown}, and its calls cost ${summed}`)
}
