import { KINDS, type Kind } from '@darkroom/contracts/enums'
import type { Model } from '@darkroom/contracts/model'
import { createUniqueId, For, type JSX, Show } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { formatDays, formatListCount, formatModels, KIND_LABELS, STATUS_LABELS } from './filter-words.ts'
import type { Library } from './library-state.ts'
import { isFiltered, STATUS_GROUPS, type StatusGroup } from './list-query.ts'

interface FilterBarProps {
  library: Library
  modelsById: ReadonlyMap<string, Model>
}

/** The line of filters below the header, with the size of the list. */
export default function FilterBar(props: FilterBarProps) {
  const { query, setFilter, clearFilter, count, setDialog } = props.library
  /** Clears the filter. The line stays, and its first chip has the focus of the button that goes away. */
  const clearAll = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    event.currentTarget.parentElement?.querySelector<HTMLElement>('select')?.focus()
    props.library.setFilterOpen(true)
    clearFilter()
  }
  const shownCount = () => (count()?.generations === 0 ? null : count())
  return (
    <div class="filter-bar" role="toolbar" aria-label="Filters">
      <div class="filters">
        <SelectChip<Kind>
          label="Kind"
          value={query().kind}
          options={KINDS}
          labels={KIND_LABELS}
          onChange={kind => setFilter({ kind })}
        />
        <ModelChip {...props} />
        <DaysChip {...props} />
        <Show when={query().section !== 'favourites'}>
          <ToggleChip label="Favourites" isSet={query().favourite} onChange={favourite => setFilter({ favourite })} />
        </Show>
        <ToggleChip
          label="With references"
          isSet={query().references}
          onChange={references => setFilter({ references })}
        />
        <SelectChip<StatusGroup>
          label="Status"
          value={query().status}
          options={STATUS_GROUPS}
          labels={STATUS_LABELS}
          onChange={status => setFilter({ status })}
        />
        <Show when={isFiltered(query())}>
          <button type="button" class="quiet" onClick={clearAll}>
            Clear all
          </button>
        </Show>
      </div>
      <p class="filter-count" role="status">
        <Show when={shownCount()}>{counted => <>{formatListCount(counted(), query().kind)}</>}</Show>
      </p>
      <Show when={query().section === 'trash' && count()?.generations !== 0}>
        <button type="button" class="quiet empty-trash" onClick={() => setDialog('empty-trash')}>
          Empty trash
        </button>
      </Show>
    </div>
  )
}

function ToggleChip(props: { label: string; isSet: boolean; onChange: (isSet: boolean) => void }) {
  return (
    <button
      type="button"
      class="filter"
      data-set={props.isSet}
      aria-pressed={props.isSet}
      onClick={() => props.onChange(!props.isSet)}
    >
      {props.label}
      <Show when={props.isSet}>
        <Icon name="close" />
      </Show>
    </button>
  )
}

interface SelectChipProps<Name extends string> {
  label: string
  value: Name | null
  options: readonly Name[]
  labels: Record<Name, string>
  onChange: (value: Name | null) => void
}

/** A filter by one of a few values: a native select, with a button that removes the chosen one. */
function SelectChip<Name extends string>(props: SelectChipProps<Name>) {
  return (
    <span class="filter" data-set={props.value !== null}>
      <select
        aria-label={props.label}
        onChange={event => props.onChange(props.options.find(name => name === event.currentTarget.value) ?? null)}
      >
        <option value="" selected={props.value === null}>
          {props.value === null ? props.label : `Any ${props.label.toLowerCase()}`}
        </option>
        <For each={props.options}>
          {name => (
            <option value={name} selected={props.value === name}>
              {props.labels[name]}
            </option>
          )}
        </For>
      </select>
      <ChipEnd label={props.label} isSet={props.value !== null} onClear={() => props.onChange(null)} />
    </span>
  )
}

function ChipEnd(props: { label: string; isSet: boolean; onClear: () => void }) {
  return (
    <Show when={props.isSet} fallback={<Icon name="expand" />}>
      <button
        type="button"
        class="filter-clear"
        aria-label={`Remove the filter ${props.label}`}
        onClick={event => {
          // The button goes away with the focus, which the chip's own control then has.
          event.currentTarget.parentElement?.querySelector<HTMLElement>('select, .filter-open')?.focus()
          props.onClear()
        }}
      >
        <Icon name="close" />
      </button>
    </Show>
  )
}

interface PanelChipProps {
  label: string
  /** The chosen values in words; null if none is set. */
  value: string | null
  onClear: () => void
  children: JSX.Element
}

/** A filter whose values are chosen in a panel. */
function PanelChip(props: PanelChipProps) {
  const id = createUniqueId()
  let anchor: HTMLSpanElement | undefined
  let panel: HTMLElement | undefined
  // Anchor positioning is not in every browser yet.
  const moveBelowChip = () => {
    const box = anchor?.getBoundingClientRect()
    if (!box || !panel) return
    panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - PANEL_WIDTH - 8))}px`
    panel.style.top = `${box.bottom + 8}px`
  }
  return (
    <span ref={anchor} class="filter" data-set={props.value !== null}>
      <button type="button" class="filter-open" popovertarget={id} aria-label={formatChipLabel(props)}>
        {props.value ?? props.label}
      </button>
      <ChipEnd label={props.label} isSet={props.value !== null} onClear={props.onClear} />
      <section
        ref={panel}
        id={id}
        class="filter-panel"
        popover="auto"
        aria-label={props.label}
        on:beforetoggle={moveBelowChip}
      >
        {props.children}
      </section>
    </span>
  )
}

/** Width of a panel in library.css, in CSS pixels. */
const PANEL_WIDTH = 280

function formatChipLabel({ label, value }: PanelChipProps): string {
  return value === null ? label : `${label}: ${value}`
}

function ModelChip(props: FilterBarProps) {
  const { query, setFilter } = props.library
  const isChosen = (id: string) => query().models.includes(id)
  const toggle = (id: string) => {
    const { models } = query()
    setFilter({ models: isChosen(id) ? models.filter(other => other !== id) : [...models, id] })
  }
  /** The models that are offered, and those of the filter that are not any more. */
  const listed = () => [...new Set([...props.modelsById.keys(), ...query().models])]
  return (
    <PanelChip label="Model" value={formatModels(query(), props.modelsById)} onClear={() => setFilter({ models: [] })}>
      <For each={listed()}>
        {id => (
          <label class="view-item">
            <input type="checkbox" checked={isChosen(id)} onChange={() => toggle(id)} />
            <span>{props.modelsById.get(id)?.name ?? id}</span>
          </label>
        )}
      </For>
    </PanelChip>
  )
}

function DaysChip(props: FilterBarProps) {
  const { query, setFilter } = props.library
  return (
    <PanelChip label="Dates" value={formatDays(query())} onClear={() => setFilter({ since: null, until: null })}>
      <label class="filter-day">
        <span>Since</span>
        <input
          type="date"
          value={query().since ?? ''}
          max={query().until ?? undefined}
          onChange={event => setFilter({ since: event.currentTarget.value || null })}
        />
      </label>
      <label class="filter-day">
        <span>Until</span>
        <input
          type="date"
          value={query().until ?? ''}
          min={query().since ?? undefined}
          onChange={event => setFilter({ until: event.currentTarget.value || null })}
        />
      </label>
    </PanelChip>
  )
}
