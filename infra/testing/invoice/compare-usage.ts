import { Usage, type UsageRow } from '@darkroom/contracts/history/usage'
import type { TestStack } from '../studio/test-stack.ts'
import type { BilledCall } from './compare-invoice.ts'

/** Sums of one model of the fake provider, in micro-units, from both sides. */
interface ModelSums {
  /** By `GET /api/usage`. */
  shown: { micros: number; reported: number; unknownCalls: number }
  /** By the rows of the calls. */
  rows: { micros: number; reported: number; unknownCalls: number }
  /** The calls that are not listed as unknown, by usage and by the invoice. */
  known: { shown: number; invoice: number }
}

const CONNECTION = 'fake'

/**
 * Compares what `GET /api/usage` shows for the fake provider with the calls that were compared with its invoice: to the micro-unit, by
 * model, by connection and in total. What differs from the invoice is among the calls that usage counts as unknown.
 *
 * @returns the contradictions
 */
export async function compareUsage(
  stack: Pick<TestStack, 'sql' | 'client'>,
  calls: readonly BilledCall[],
): Promise<string[]> {
  const [byModel, byConnection, byDay] = await Promise.all([
    readUsage(stack, 'model,connection'),
    readUsage(stack, 'connection'),
    readUsage(stack, 'day'),
  ])
  const models = new Set([
    ...calls.map(({ model }) => model),
    ...selectFake(byModel.rows).map(({ model }) => model ?? ''),
  ])
  const contradictions = [...models].flatMap(model => compareModel(sumModel(byModel.rows, calls, model), model))
  const [ofModels, ofConnection] = [selectFake(byModel.rows), selectFake(byConnection.rows)].map(sumMicros)
  const [inAll, ofDays, total] = [byModel.rows, byDay.rows, byModel.total].map(sumMicros)
  return [
    ...contradictions,
    ...(ofModels === ofConnection ? [] : [`usage shows ${ofModels} by model and ${ofConnection} by connection`]),
    ...(inAll === total && ofDays === total
      ? []
      : [`usage shows ${inAll} by model, ${ofDays} by day, and ${total} in all`]),
  ]
}

/** Reads the usage of all days with a call. */
async function readUsage({ sql, client }: Pick<TestStack, 'sql' | 'client'>, by: string): Promise<Usage> {
  const [days] = await sql<{ from: string; to: string }[]>`
    select coalesce(min(made_at), now())::date::text as from, coalesce(max(made_at), now())::date::text as to
    from (select made_at at time zone 'UTC' as made_at from call_costs) calls`
  const response = await client.fetch(`/api/usage?by=${by}&from=${days?.from}&to=${days?.to}`)
  return Usage.parse(await response.json())
}

function sumModel(shown: readonly UsageRow[], all: readonly BilledCall[], model: string): ModelSums {
  const row = selectFake(shown).find(row => row.model === model)
  const calls = all.filter(call => call.model === model)
  const [known, unknown] = [calls.filter(call => !call.isUnknown), calls.filter(call => call.isUnknown)]
  return {
    shown: { micros: row?.micros ?? 0, reported: row?.reportedMicros ?? 0, unknownCalls: row?.unknownCalls ?? 0 },
    rows: {
      micros: sum(calls, ({ ledger }) => ledger),
      reported: sum(calls, ({ reported }) => reported),
      unknownCalls: sum(calls, ({ unknownTries }) => unknownTries),
    },
    known: {
      shown: (row?.micros ?? 0) - sum(unknown, ({ ledger }) => ledger),
      invoice: sum(known, ({ invoice }) => invoice),
    },
  }
}

function compareModel({ shown, rows, known }: ModelSums, model: string): string[] {
  return [
    ...(Bun.deepEquals(shown, rows)
      ? []
      : [`usage shows ${JSON.stringify(shown)} of ${model}, and its calls are ${JSON.stringify(rows)}`]),
    ...(known.shown === known.invoice
      ? []
      : [`usage shows ${known.shown} of ${model} beside unknown calls, and the invoice ${known.invoice}`]),
  ]
}

function selectFake(rows: readonly UsageRow[]): UsageRow[] {
  return rows.filter(({ connection }) => connection === CONNECTION)
}

function sumMicros(rows: readonly UsageRow[]): number {
  return sum(rows, ({ micros }) => micros)
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
