import type { Timeline } from '@darkroom/contracts/history/timeline'
import { type Accessor, createMemo, createSignal, For, onCleanup, onMount, Show } from 'solid-js'
import type { FeedLocation } from '../../store/feed-location.ts'
import type { FeedLayout } from '../feed-layout.ts'
import { indexAfterKey } from './key-moves.ts'
import { createPointerAim } from './pointer-aim.ts'
import {
  computeMarks,
  computeStops,
  type DayStop,
  findStop,
  indexOfDay,
  type Mark,
  startOfDay,
  toLocalDay,
} from './timeline-scale.ts'

interface ScrubberProps {
  timeline: Timeline
  feedLayout: Accessor<FeedLayout>
  /** Key of the row being read. */
  anchorKey: Accessor<string | undefined>
  goTo: (location: FeedLocation) => void
}

/** Every day that has images, at the edge of the page: shows the day being read, and moves the feed to any other. */
export function Scrubber(props: ScrubberProps) {
  const [height, setHeight] = createSignal(0)
  const stops = createMemo(() => computeStops(props.timeline))
  const marks = createMemo(() => computeMarks(stops(), height()))
  const readingDay = createMemo(() => getReadingDay(props.feedLayout(), props.anchorKey()))
  const { aimedIndex, handlers } = createPointerAim({ indexAt, onRelease: go })
  const index = createMemo(() => aimedIndex() ?? indexOfDay(stops(), readingDay()))
  const last = () => stops().length - 1
  let track: HTMLDivElement | undefined

  function indexAt(share: number): number | undefined {
    const found = findStop(stops(), share)
    return found && stops().indexOf(found)
  }

  function go(to: number) {
    const day = stops()[to]?.day
    if (day !== undefined) props.goTo(to >= last() ? 'newest' : { at: startOfDay(day) })
  }

  function onKeyDown(event: KeyboardEvent) {
    const to = indexAfterKey(event.key, index(), last())
    if (to === undefined) return
    event.preventDefault()
    go(to)
  }

  onMount(() => {
    const observer = new ResizeObserver(([entry]) => setHeight(entry?.contentRect.height ?? 0))
    if (track) observer.observe(track)
    onCleanup(() => observer.disconnect())
  })

  return (
    <div
      ref={track}
      class="scrubber"
      role="slider"
      tabIndex={0}
      aria-label="Jump to date"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={last()}
      aria-valuenow={index()}
      aria-valuetext={formatDay(stops()[index()]?.day ?? '')}
      data-aiming={aimedIndex() !== undefined}
      onPointerDown={handlers.onPointerDown}
      onPointerMove={handlers.onPointerMove}
      onPointerUp={handlers.onPointerUp}
      onPointerCancel={handlers.onPointerCancel}
      onKeyDown={onKeyDown}
    >
      <Marks marks={marks()} />
      <CurrentDay stop={stops()[index()]} trackHeight={height()} isAiming={aimedIndex() !== undefined} />
    </div>
  )
}

function Marks(props: { marks: readonly Mark[] }) {
  return (
    <For each={props.marks}>
      {mark => (
        <span class="scrubber-mark" data-tick={mark.label === null} style={{ top: `${mark.share * 100}%` }}>
          {mark.label}
        </span>
      )}
    </For>
  )
}

function CurrentDay(props: { stop: DayStop | undefined; trackHeight: number; isAiming: boolean }) {
  return (
    <Show when={props.stop}>
      {stop => (
        <span class="scrubber-here" style={{ transform: `translateY(${stop().share * props.trackHeight}px)` }}>
          {props.isAiming ? formatDay(stop().day) : formatShortDay(stop().day)}
        </span>
      )}
    </Show>
  )
}

function getReadingDay({ rows, indexOf }: FeedLayout, anchorKey = ''): string {
  const row = rows[indexOf.get(anchorKey) ?? rows.length - 1]
  return row ? toLocalDay(row.generation.createdAt) : ''
}

/** Formats a day in the user's language: `22 November 2026`. */
function formatDay(day: string): string {
  if (day === '') return ''
  return new Date(`${day}T12:00`).toLocaleDateString([], { day: 'numeric', month: 'long', year: 'numeric' })
}

function formatShortDay(day: string): string {
  return new Date(`${day}T12:00`).toLocaleDateString([], { day: 'numeric', month: 'short' })
}
