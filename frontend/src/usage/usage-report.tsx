import type { Usage } from '@darkroom/contracts/history/usage'
import { createMemo, For, Show } from 'solid-js'
import { type AmountFormat, createAmountFormat, formatAmount } from './amounts.ts'
import { BudgetBar, BudgetTable } from './budget-bar.tsx'
import { DayPlot } from './day-plot.tsx'
import { formatDay, formatShortMonth, formatWeekday, getDay, listDays, type Month } from './month.ts'
import type { Names } from './names.ts'
import { createPlotScale } from './plot-scale.ts'
import { type CurrencyUsage, sumUsage, type UsageSum } from './usage-sums.ts'
import { ConnectionTable, DayTable, ModelTable } from './usage-tables.tsx'
import { formatEstimatedPart, listNotes } from './usage-words.ts'

interface MonthProps {
  month: Month
  present: Month
  /** Milliseconds since 1970. */
  now: number
  names: Names
}

interface UsageReportProps extends MonthProps {
  usage: Usage
}

/** The usage of a month: each currency apart, and the budget where it is that of this month. */
export function UsageReport(props: UsageReportProps) {
  const currencies = createMemo(() => sumUsage(props.usage))
  const isPresent = () => props.month === props.present
  const budget = () => (isPresent() ? props.usage.budget : null)
  const connectionBudgets = () => (isPresent() ? props.usage.connectionBudgets : [])
  const monthName = () => formatShortMonth(props.month, props.present)
  return (
    <>
      <div class="usage-summary">
        <div class="usage-totals">
          <For each={currencies()}>
            {({ currency, total }) => (
              <Total monthName={monthName()} total={total} format={createAmountFormat(total.micros, currency)} />
            )}
          </For>
          <Show when={currencies().length === 0}>
            <p class="usage-total">
              <span>Spent in {monthName()}</span>
              <strong>Nothing</strong>
            </p>
          </Show>
        </div>
        <Show when={budget()}>{shown => <BudgetBar budget={shown()} now={props.now} />}</Show>
      </div>
      <For each={currencies()}>
        {sums => <CurrencyReport {...props} sums={sums} isOnly={currencies().length === 1} />}
      </For>
      <Show when={connectionBudgets().length > 0}>
        <BudgetTable budgets={connectionBudgets()} now={props.now} />
        <p class="usage-notes">
          Budgets begin anew on {formatDay(connectionBudgets()[0]?.renewsAt ?? '')}. What would exceed one is refused
          before it is made.
        </p>
      </Show>
      <p class="usage-notes">
        <Show when={currencies().length === 0}>
          No model was called in {monthName()}. What you generate is counted here, with what it costs.{' '}
        </Show>
        Days are UTC.
      </p>
    </>
  )
}

interface TotalProps {
  monthName: string
  total: UsageSum
  format: AmountFormat
}

function Total(props: TotalProps) {
  const estimated = () => formatEstimatedPart(props.total, props.format)
  return (
    <p class="usage-total">
      <span>
        Spent in {props.monthName}
        <Show when={estimated()}>{part => `, ${part()}`}</Show>
      </span>
      <strong>{formatAmount(props.total.micros, props.format)}</strong>
    </p>
  )
}

interface CurrencyReportProps extends MonthProps {
  sums: CurrencyUsage
  isOnly: boolean
}

/** The usage in one currency: a plot by day, and tables by model and by connection. */
function CurrencyReport(props: CurrencyReportProps) {
  const format = () => createAmountFormat(props.sums.total.micros, props.sums.currency)
  const days = createMemo(() => listDays(props.month))
  const scale = createMemo(() => createPlotScale([...props.sums.days.values()].map(({ micros }) => micros)))
  const notes = () => listNotes(props.sums, { format: format(), nameOf: props.names.model })
  return (
    <section aria-label={`Usage in ${props.sums.currency}`}>
      <Show when={!props.isOnly}>
        <h2 class="usage-currency">{props.sums.currency}</h2>
      </Show>
      <Show when={scale()}>
        {shown => (
          <DayPlot days={days()} sums={props.sums.days} scale={shown()} format={format()} today={getDay(props.now)} />
        )}
      </Show>
      <DayTable
        sums={[...props.sums.days].map(([key, sum]) => ({ ...sum, key }))}
        format={format()}
        nameOf={formatWeekday}
      />
      <div class="usage-tables">
        <ModelTable sums={props.sums.models} format={format()} nameOf={props.names.model} />
        <ConnectionTable sums={props.sums.connections} format={format()} nameOf={props.names.connection} />
      </div>
      <For each={notes()}>{note => <p class="usage-notes">{note}</p>}</For>
    </section>
  )
}
