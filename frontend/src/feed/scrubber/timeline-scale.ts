import type { Timeline } from '@darkroom/contracts/timeline'

/** A day that has generations, and the share of all generations that were made before it. */
export interface DayStop {
  /** `2026-11-22`, where the person is. */
  day: string
  share: number
}

/** Where a year or a month begins on the scale. */
export interface Mark {
  share: number
  /** Its year, if it is shown; a month is only a tick. */
  label: string | null
}

/** Every day that has generations, oldest first, spread over the scale by how many each has. */
export function computeStops({ days }: Timeline): DayStop[] {
  const all = days.reduce((sum, { count }) => sum + count, 0)
  let before = 0
  return days.toReversed().map(({ day, count }) => {
    const share = before / all
    before += count
    return { day, share }
  })
}

/** The last stop at or before a share of the scale. */
export function findStop(stops: readonly DayStop[], share: number): DayStop | undefined {
  return stops[
    Math.max(
      0,
      stops.findLastIndex(stop => stop.share <= share),
    )
  ]
}

/** The index of a day's stop, or of the last one before it. */
export function indexOfDay(stops: readonly DayStop[], day: string): number {
  return Math.max(
    0,
    stops.findLastIndex(stop => stop.day <= day),
  )
}

/**
 * Where years and months begin, so far apart that they can be told from each other. A year's label needs more room than a tick.
 *
 * @param height of the scale, in CSS pixels
 */
export function computeMarks(stops: readonly DayStop[], height: number): Mark[] {
  const marks: Mark[] = []
  let [lastLabel, lastTick] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [index, { day, share }] of stops.entries()) {
    const offset = share * height
    const isYear = stops[index - 1]?.day.slice(0, 4) !== day.slice(0, 4)
    const isMonth = stops[index - 1]?.day.slice(0, 7) !== day.slice(0, 7)
    const label = isYear && offset - lastLabel >= MIN_LABEL_GAP ? day.slice(0, 4) : null
    if (!isMonth || (label === null && offset - lastTick < MIN_TICK_GAP)) continue
    marks.push({ share, label })
    lastTick = offset
    if (label !== null) lastLabel = offset
  }
  return marks
}

/** The day of an instant, where the person is. */
export function toLocalDay(instant: string): string {
  const date = new Date(instant)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** When a day begins, where the person is, as an instant. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00`).toISOString()
}

const MIN_LABEL_GAP = 28
const MIN_TICK_GAP = 9
