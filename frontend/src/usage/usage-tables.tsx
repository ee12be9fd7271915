import { createSignal, For, type JSX, Show } from 'solid-js'
import { formatDuration } from '../ui/format.ts'
import { type AmountFormat, roundToTotal } from './amounts.ts'
import type { KeyedSum, UsageSum } from './usage-sums.ts'
import { formatEstimatedPart, formatMade, formatSumCost } from './usage-words.ts'

interface UsageTableProps {
  sums: KeyedSum[]
  format: AmountFormat
  nameOf: (key: string) => string
}

/** The usage by model: its images, the time of a call, and its cost. */
export function ModelTable(props: UsageTableProps) {
  const columns: Column[] = [
    { title: 'Images', format: formatMade },
    { title: 'Time', format: ({ seconds, calls }) => (seconds > 0 ? formatDuration(seconds / calls) : '–') },
  ]
  return <SumTable {...props} title="By model" columns={columns} />
}

/** The usage by connection: its calls, those of them that failed, and its cost. */
export function ConnectionTable(props: UsageTableProps) {
  const columns: Column[] = [
    { title: 'Calls', format: ({ calls }) => calls.toLocaleString('en') },
    { title: 'Failed', format: ({ failedCalls }) => failedCalls.toLocaleString('en') },
  ]
  return <SumTable {...props} title="By connection" columns={columns} />
}

/** The usage by day, which the plot shows as bars: closed until somebody opens it. */
export function DayTable(props: UsageTableProps) {
  const [isOpen, setOpen] = createSignal(false)
  const columns: Column[] = [
    { title: 'Images', format: formatMade },
    { title: 'Failed', format: ({ failedCalls }) => failedCalls.toLocaleString('en') },
  ]
  return (
    <details class="usage-days" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>Days as a table</summary>
      <Show when={isOpen()}>
        <SumTable
          {...props}
          sums={props.sums.toSorted((a, b) => (a.key < b.key ? -1 : 1))}
          title="By day"
          columns={columns}
        />
      </Show>
    </details>
  )
}

interface Column {
  title: string
  format: (sum: UsageSum) => string
}

/** A table of sums with their costs. The costs are rounded such that they add up to the total that is shown. */
function SumTable(props: UsageTableProps & { title: string; columns: Column[] }): JSX.Element {
  const costs = () =>
    roundToTotal(
      props.sums.map(({ micros }) => micros),
      props.format,
    )
  const largest = () => Math.max(...props.sums.map(({ micros }) => micros))
  return (
    <table class="usage-table">
      <thead>
        <tr>
          <th scope="col">{props.title}</th>
          <For each={props.columns}>{({ title }) => <th scope="col">{title}</th>}</For>
          <th scope="col">Cost</th>
        </tr>
      </thead>
      <tbody>
        <For each={props.sums}>
          {(sum, index) => (
            <tr>
              <th scope="row">
                <span class="usage-name">
                  <span>{props.nameOf(sum.key)}</span>
                  <Show when={sum.micros > 0}>
                    <span class="share-bar">
                      <span style={{ width: `${(sum.micros / largest()) * 100}%` }}>
                        <span
                          class="share-estimated"
                          style={{ width: `${(sum.estimatedMicros / sum.micros) * 100}%` }}
                        />
                      </span>
                    </span>
                  </Show>
                </span>
              </th>
              <For each={props.columns}>{({ format }) => <td>{format(sum)}</td>}</For>
              <td class="usage-cost">
                {formatSumCost({ ...sum, micros: costs()[index()] ?? 0 }, props.format)}
                <Show when={formatEstimatedPart(sum, props.format)}>{part => <small>{part()}</small>}</Show>
              </td>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  )
}
