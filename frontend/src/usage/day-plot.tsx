import { createSignal, For, Show } from 'solid-js'
import type { AmountFormat } from './amounts.ts'
import { formatDay, formatWeekday } from './month.ts'
import { listLabels, moveDay, type PlotScale } from './plot-scale.ts'
import { NOTHING, type UsageSum } from './usage-sums.ts'
import { formatTick, listDayFacts } from './usage-words.ts'

interface DayPlotProps {
  days: string[]
  sums: ReadonlyMap<string, UsageSum>
  scale: PlotScale
  format: AmountFormat
  today: string
}

/**
 * The cost of each day as a bar, and a line above with the facts of one day: the one under the pointer, else the selected one. It is one
 * tab stop, a slider of the days.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/slider/
 */
export function DayPlot(props: DayPlotProps) {
  const [selected, setSelected] = createSignal<number>()
  const [hovered, setHovered] = createSignal<number>()
  const sumOf = (day: string) => props.sums.get(day) ?? NOTHING
  const current = () => Math.min(selected() ?? findFirstShown(props), props.days.length - 1)
  const shown = () => props.days[hovered() ?? current()] ?? ''
  const formatTickOf = (tick: number) =>
    formatTick(tick, { currency: props.format.currency, digits: props.scale.digits })
  const longestTick = () => Math.max(...props.scale.ticks.map(tick => formatTickOf(tick).length))
  const factsOf = (day: string) => listDayFacts(sumOf(day), props.format)
  const describeDay = (day: string) => `${formatWeekday(day)}: ${factsOf(day).join(', ')}`
  const hasSome = (field: 'failedMicros' | 'estimatedMicros') =>
    [...props.sums.values()].some(({ [field]: micros }) => micros > 0)

  let bars: HTMLDivElement | undefined

  /** Returns the index of the day under the pointer. */
  function findDay({ clientX }: MouseEvent): number | undefined {
    const { left = 0, width = 0 } = bars?.getBoundingClientRect() ?? {}
    const index = Math.floor(((clientX - left) / width) * props.days.length)
    return index in props.days ? index : hovered()
  }

  function onKeyDown(event: KeyboardEvent) {
    const target = moveDay(event.key, current(), props.days.length)
    if (target === undefined) return
    event.preventDefault()
    setHovered(undefined)
    setSelected(target)
  }

  return (
    <div class="day-plot">
      <div class="day-line">
        <p class="day-facts">
          <strong>{formatWeekday(shown())}</strong>
          <For each={factsOf(shown())}>{fact => <span>{fact}</span>}</For>
        </p>
        <Legend hasEstimated={hasSome('estimatedMicros')} hasFailed={hasSome('failedMicros')} />
      </div>
      <div
        class="plot-frame"
        style={{ '--tick-width': `${longestTick()}ch` }}
        role="slider"
        tabIndex={0}
        aria-label="Cost by day"
        aria-orientation="horizontal"
        aria-valuemin={1}
        aria-valuemax={props.days.length}
        aria-valuenow={current() + 1}
        aria-valuetext={describeDay(props.days[current()] ?? '')}
        onKeyDown={onKeyDown}
        onPointerMove={event => setHovered(findDay(event))}
        onPointerLeave={() => setHovered(undefined)}
        onClick={event => setSelected(findDay(event))}
      >
        <PlotLines scale={props.scale} formatTick={formatTickOf} />
        <div ref={bars} class="plot-days">
          <For each={props.days}>
            {day => (
              <div class="plot-day" data-day={day} data-shown={day === shown()}>
                <Bar sum={sumOf(day)} top={props.scale.top} />
              </div>
            )}
          </For>
        </div>
        <DayLabels days={props.days} today={props.today} />
      </div>
    </div>
  )
}

/** Returns the index of the day that is selected first: today, else the last one with a call. */
function findFirstShown({ days, sums, today }: DayPlotProps): number {
  const present = days.indexOf(today)
  return present >= 0 ? present : days.findLastIndex(day => sums.has(day))
}

function Legend(props: { hasEstimated: boolean; hasFailed: boolean }) {
  return (
    <Show when={props.hasEstimated || props.hasFailed}>
      <p class="plot-legend">
        <span class="legend-made">{props.hasEstimated ? 'billed' : 'made'}</span>
        <Show when={props.hasEstimated}>
          <span class="legend-estimated">estimated</span>
        </Show>
        <Show when={props.hasFailed}>
          <span class="legend-failed">{props.hasEstimated ? 'for failed calls' : 'billed, but failed'}</span>
        </Show>
      </p>
    </Show>
  )
}

function PlotLines(props: { scale: PlotScale; formatTick: (tick: number) => string }) {
  return (
    <div class="plot-lines">
      <For each={props.scale.ticks}>
        {tick => (
          <div class="plot-line" style={{ bottom: `${(tick / props.scale.top) * 100}%` }}>
            <span>{props.formatTick(tick)}</span>
          </div>
        )}
      </For>
    </div>
  )
}

function Bar(props: { sum: UsageSum; top: number }) {
  const percent = (part: number, whole: number) => `${(part / whole) * 100}%`
  return (
    <Show when={props.sum.micros > 0}>
      <div class="plot-bar" style={{ height: percent(props.sum.micros, props.top) }}>
        <Show when={props.sum.estimatedMicros > 0}>
          <div class="plot-estimated" style={{ height: percent(props.sum.estimatedMicros, props.sum.micros) }} />
        </Show>
        <Show when={props.sum.failedMicros > 0}>
          <div class="plot-failed hatched" style={{ height: percent(props.sum.failedMicros, props.sum.micros) }} />
        </Show>
      </div>
    </Show>
  )
}

function DayLabels(props: { days: string[]; today: string }) {
  // The first label begins where the plot does, the others are centred.
  const position = (index: number) => ({ left: index === 0 ? '0' : `${((index + 0.5) / props.days.length) * 100}%` })
  return (
    <div class="plot-labels">
      <For each={listLabels(props.days, props.today)}>
        {index => (
          <span style={position(index)} data-first={index === 0} data-today={props.days[index] === props.today}>
            {props.days[index] === props.today ? 'today' : formatDay(props.days[index] ?? '')}
          </span>
        )}
      </For>
    </div>
  )
}
