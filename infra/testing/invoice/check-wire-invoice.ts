import { deepStrictEqual, ok } from 'node:assert/strict'
import type { Database } from '../../src/database/connection.ts'
import type { WireFake } from '../provider-fakes/wire-fake.ts'

interface CostRow {
  prompt: string
  trace: string | null
  outcome: string
  reportedMicros: number | null
}

/**
 * Compares the costs of all calls of a connection with the invoice of its fake, line by line. What is on the invoice alone is among the
 * unknown calls.
 *
 * @returns the result in a few words
 * @throws AssertionError
 */
export async function checkWireInvoice(
  sql: Database,
  connection: string,
  fake: Pick<WireFake, 'billed'>,
): Promise<string> {
  const rows = await sql<CostRow[]>`
    select g.prompt, c.trace, c.outcome, c.reported_micros as "reportedMicros"
    from call_costs c join generations g on g.id = c.generation_id where c.connection = ${connection}`
  const bills = new Map(fake.billed().map(({ trace, micros }) => [trace, micros]))
  const differences = rows.flatMap(row => {
    const billed = row.trace === null ? undefined : bills.get(row.trace)
    const expected = billed === undefined ? 0 : billed
    const isRight = row.outcome === 'not-billed' ? billed === undefined : (row.reportedMicros ?? expected) === expected
    return isRight ? [] : [{ ...row, billed }]
  })
  deepStrictEqual(differences, [])
  const traces = new Set(rows.map(({ trace }) => trace))
  const unmatched = [...bills.keys()].filter(trace => !traces.has(trace)).length
  const traceless = rows.filter(({ outcome, trace }) => outcome !== 'not-billed' && trace === null)
  const known = traceless.filter(({ outcome }) => outcome !== 'unknown').map(({ prompt }) => prompt)
  ok(
    unmatched <= traceless.length - known.length,
    `${unmatched} calls are on the invoice alone; no trace is noted of ${known.join()}`,
  )
  return `${bills.size} billed, ${unmatched} of them unknown here`
}
