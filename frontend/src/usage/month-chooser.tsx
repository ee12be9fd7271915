import { For } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { addMonths, formatMonth, listMonths, type Month } from './month.ts'

interface MonthChooserProps {
  month: Month
  present: Month
  onSelect: (month: Month) => void
}

/** The choice of a month: the one before, the one after, or any by its name. */
export function MonthChooser(props: MonthChooserProps) {
  const isPresent = () => props.month === props.present
  return (
    <div class="month-chooser">
      <button
        type="button"
        class="quiet icon-only"
        aria-label="Month before"
        onClick={() => props.onSelect(addMonths(props.month, -1))}
      >
        <Icon name="previous" />
      </button>
      <div class="chip month-select">
        <select aria-label="Month" onChange={event => props.onSelect(event.currentTarget.value)}>
          <For each={listMonths(props.present, props.month)}>
            {month => (
              <option value={month} selected={month === props.month}>
                {formatMonth(month)}
              </option>
            )}
          </For>
        </select>
        <Icon name="expand" />
      </div>
      <button
        type="button"
        class="quiet icon-only"
        aria-label="Month after"
        aria-disabled={isPresent()}
        onClick={() => isPresent() || props.onSelect(addMonths(props.month, 1))}
      >
        <Icon name="next" />
      </button>
    </div>
  )
}
