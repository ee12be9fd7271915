import type { Timeline } from '@darkroom/contracts/history/timeline'

/** A day that has generations, and the share of all generations that were made before it. */
export interface DayStop {
  /** `2026-11-22`, in the user's time zone. */
  day: string
  share: number
  count: number
}

/** Computes a stop for every day that has generations, oldest first, spaced by their numbers of generations. */
export function computeStops({ days }: Timeline): DayStop[] {
  const all = days.reduce((sum, { count }) => sum + count, 0)
  let before = 0
  return days.toReversed().map(({ day, count }) => {
    const share = before / all
    before += count
    return { day, share, count }
  })
}

/** Finds the last stop at or before a share of the scale. */
export function findStop(stops: readonly DayStop[], share: number): DayStop | undefined {
  return stops[
    Math.max(
      0,
      stops.findLastIndex(stop => stop.share <= share),
    )
  ]
}

/** Returns the index of a day's stop, or of the last one before it. */
export function indexOfDay(stops: readonly DayStop[], day: string): number {
  return Math.max(
    0,
    stops.findLastIndex(stop => stop.day <= day),
  )
}

/** Returns the day of an instant in the user's time zone. */
export function toLocalDay(instant: string): string {
  const date = new Date(instant)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** Returns the instant at which a day begins in the user's time zone. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00`).toISOString()
}
