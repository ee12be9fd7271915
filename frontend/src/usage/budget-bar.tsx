import type { ConnectionBudget, UsageBudget } from '@darkroom/contracts/history/usage'
import { For } from 'solid-js'
import { forecastBudget } from './forecast.ts'
import { formatBudgetLeft, formatDollars, formatLeft, formatWhole } from './usage-words.ts'

/** The budget of the studio: spent, reserved, and hatched what will be at the end of the month if it goes on like this. */
export function BudgetBar(props: { budget: UsageBudget; now: number }) {
  const forecast = () => forecastBudget(props.budget, props.now)
  return (
    <div class="usage-budget">
      <p>
        <span>Budget {formatWhole(props.budget.limitMicros)} a month</span>
        <span>{formatBudgetLeft(props.budget, forecast())}</span>
      </p>
      <Bar budget={props.budget} now={props.now} />
    </div>
  )
}

interface BudgetTableProps {
  budgets: ConnectionBudget[]
  now: number
}

/** The budgets of connections: of each what is spent and left of it. */
export function BudgetTable(props: BudgetTableProps) {
  return (
    <table class="usage-table budget-table">
      <thead>
        <tr>
          <th scope="col">Connection budgets</th>
          <th scope="col">Spent</th>
          <th scope="col">Reserved</th>
          <th scope="col">Left</th>
        </tr>
      </thead>
      <tbody>
        <For each={props.budgets}>
          {budget => (
            <tr>
              <th scope="row">
                <span class="usage-name">
                  <span>
                    {budget.name}
                    <small>{formatWhole(budget.limitMicros)} a month</small>
                  </span>
                  <Bar budget={budget} now={props.now} />
                </span>
              </th>
              <td>{formatDollars(budget.spentMicros)}</td>
              <td>{budget.reservedMicros > 0 ? formatDollars(budget.reservedMicros) : '–'}</td>
              <td class="usage-cost">{formatLeft(budget)}</td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  )
}

function Bar(props: { budget: UsageBudget; now: number }) {
  const forecast = () => forecastBudget(props.budget, props.now)
  const percent = (share: number) => ({ width: `${share * 100}%` })
  return (
    <span class="budget-bar" aria-hidden="true">
      <span class="budget-spent" style={percent(forecast().spentShare)} />
      <span class="budget-reserved" style={percent(forecast().reservedShare)} />
      <span class="budget-forecast hatched" style={percent(forecast().forecastShare)} />
    </span>
  )
}
