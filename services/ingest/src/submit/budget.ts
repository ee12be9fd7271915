import { readSpending, type Spending } from '@darkroom/infra/connections/spending-rows'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type ConnectionLimits, lockBudgets, readLimits, readReserved } from './budget-rows.ts'

export interface BudgetDeps {
  /** Budget of the whole studio a month, in micro-units of USD; null if there is none. */
  budgetMicros: number | null
}

/** A cost that is about to arise at a connection. */
export interface PlannedCost {
  connection: string
  /** Estimated price of one output, in micro-units; 0 if it is free, null if it is unknown. */
  outputMicros: number | null
  /** Currency of that price. Budgets are in USD: a price in another one is not known here. */
  currency: string
}

/**
 * Checks that a submission that is not written yet fits into the budgets.
 *
 * @throws ProblemError `budget_reached`
 */
export async function assertWithinBudgets(
  db: Queryable,
  deps: BudgetDeps,
  cost: PlannedCost & { outputs: number },
): Promise<void> {
  const { budgets, outputMicros } = await readBudgets(db, deps, cost)
  const micros = outputMicros * cost.outputs
  for (const budget of budgets) {
    const { spentMicros, reservedMicros, renewsAt } = await readSpending(db, budget.connection)
    assertFits(budget, { spentMicros, reservedMicros: reservedMicros + micros, renewsAt }, micros)
  }
}

/**
 * Checks that a generation, whose rows this transaction has written, fits into the budgets. Transactions that check this wait for one
 * another, so that two do not spend the same money.
 *
 * @throws ProblemError `budget_reached`
 */
export async function assertStillWithinBudgets(
  tx: Transaction,
  deps: BudgetDeps,
  cost: PlannedCost & GenerationKey,
): Promise<void> {
  const { budgets } = await readBudgets(tx, deps, cost)
  if (budgets.length === 0) return
  await lockBudgets(tx)
  const micros = await readReserved(tx, cost)
  if (micros === 0) return
  for (const budget of budgets) assertFits(budget, await readSpending(tx, budget.connection), micros)
}

interface Budget {
  limitMicros: number
  /** Connection whose budget it is; null for that of the studio. */
  connection: string | null
  /** Name of the connection. */
  name: string | null
}

/** Reads the budgets that apply, none for what is free. @throws ProblemError `budget_reached` if one applies and no price is known */
async function readBudgets(
  db: Queryable,
  { budgetMicros }: BudgetDeps,
  { connection, outputMicros, currency }: PlannedCost,
): Promise<{ budgets: Budget[]; outputMicros: number }> {
  if (outputMicros === 0) return { budgets: [], outputMicros }
  const limits = await readLimits(db, connection)
  const budgets = listBudgets(connection, budgetMicros, limits)
  const known = (currency === 'USD' ? outputMicros : null) ?? limits?.assumedMicros ?? null
  if (known !== null) return { budgets, outputMicros: known }
  if (budgets.length === 0) return { budgets, outputMicros: 0 }
  throw new ProblemError('budget_reached', formatUnknownPrice(limits?.name ?? connection))
}

function listBudgets(connection: string, studio: number | null, limits: ConnectionLimits | undefined): Budget[] {
  const own = limits?.budgetMicros ?? null
  return [
    ...(studio === null ? [] : [{ limitMicros: studio, connection: null, name: null }]),
    ...(own === null ? [] : [{ limitMicros: own, connection, name: limits?.name ?? connection }]),
  ]
}

/** @param spending with what is about to be spent; @param micros what is about to be spent */
function assertFits(budget: Budget, { spentMicros, reservedMicros, renewsAt }: Spending, micros: number): void {
  const left = budget.limitMicros - (spentMicros + reservedMicros - micros)
  if (micros > left)
    throw new ProblemError('budget_reached', formatBudgetReached(budget, Math.max(left, 0), micros, renewsAt))
}

/**
 * Formats the sentence of a budget that is reached.
 *
 * @param renewsAt beginning of the next month (UTC)
 */
function formatBudgetReached({ limitMicros, name }: Budget, left: number, micros: number, renewsAt: string): string {
  const renewal = new Date(renewsAt)
  const month = formatMonth(new Date(renewal.getTime() - DAY_MS))
  const budget = `the ${formatUsd(limitMicros, Math.round)} ${name === null ? '' : `of “${name}” `}for ${month}`
  const rest = left === 0 ? 'Nothing' : formatUsd(left, Math.floor)
  return `${rest} of ${budget} is left; this would cost about ${formatUsd(micros, Math.ceil)}. The budget begins anew on 1 ${formatMonth(renewal)} (UTC).`
}

function formatUnknownPrice(name: string): string {
  return `What this model costs is not known, so it is not made under a budget. Set a price to assume for “${name}” under Connections in Settings.`
}

const DAY_MS = 86_400_000

function formatMonth(date: Date): string {
  return date.toLocaleDateString('en-US', { month: 'long', timeZone: 'UTC' })
}

/** Formats an amount in dollars and cents; in hundredths of a cent where it is less than ten cents and no whole number of cents. */
export function formatUsd(micros: number, round: (value: number) => number): string {
  const isFine = micros < 100_000 && micros % 10_000 !== 0
  if (!isFine) return `$${(round(micros / 10_000) / 100).toFixed(2)}`
  return `$${(round(micros / 100) / 10_000).toFixed(4).replace(/0$/, '')}`
}
