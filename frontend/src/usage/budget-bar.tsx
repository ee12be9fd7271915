import { type Budget, forecastBudget } from './forecast.ts'
import { formatBudgetLeft, formatWhole } from './usage-words.ts'

/** The budget of the studio: spent, and hatched what will be at the end of the month if it goes on like this. */
export function BudgetBar(props: { budget: Budget; now: number }) {
  const forecast = () => forecastBudget(props.budget, props.now)
  return (
    <div class="usage-budget">
      <p>
        <span>Budget {formatWhole(props.budget.limitMicros)} a month</span>
        <span>{formatBudgetLeft(props.budget, forecast())}</span>
      </p>
      <div class="budget-bar" aria-hidden="true">
        <div class="budget-spent" style={{ width: `${forecast().spentShare * 100}%` }} />
        <div class="budget-forecast hatched" style={{ width: `${forecast().forecastShare * 100}%` }} />
      </div>
    </div>
  )
}
