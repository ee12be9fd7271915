import type { Timeline } from '@darkroom/contracts/timeline'

/** A day that has generations, and the share of all generations that were made before it. */
export interface Stop {
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
export function stopsOf({ days }: Timeline): Stop[] {
  const all = days.reduce((sum, { count }) => sum + count, 0)
  let before = 0
  return days.toReversed().map(({ day, count }) => {
    const share = before / all
    before += count
    return { day, share }
  })
}

/** The last stop at or before a share of the scale. */
export function stopAt(stops: readonly Stop[], share: number): Stop | undefined {
  return stops[
    Math.max(
      0,
      stops.findLastIndex(stop => stop.share <= share),
    )
  ]
}

/** The index of a day's stop, or of the last one before it. */
export function indexOfDay(stops: readonly Stop[], day: string): number {
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
export function marksOf(stops: readonly Stop[], height: number): Mark[] {
  const marks: Mark[] = []
  let [lastLabel, lastTick] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [index, { day, share }] of stops.entries()) {
    const place = share * height
    const isYear = stops[index - 1]?.day.slice(0, 4) !== day.slice(0, 4)
    const isMonth = stops[index - 1]?.day.slice(0, 7) !== day.slice(0, 7)
    const label = isYear && place - lastLabel >= LABEL_ROOM ? day.slice(0, 4) : null
    if (!isMonth || (label === null && place - lastTick < TICK_ROOM)) continue
    marks.push({ share, label })
    lastTick = place
    if (label !== null) lastLabel = place
  }
  return marks
}

/** The day of an instant, where the person is. */
export function dayOf(instant: string): string {
  const date = new Date(instant)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** When a day begins, where the person is, as an instant. */
export function beginOf(day: string): string {
  return new Date(`${day}T00:00`).toISOString()
}

const LABEL_ROOM = 28
const TICK_ROOM = 9
