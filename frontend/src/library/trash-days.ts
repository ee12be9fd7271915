const DAY_MS = 86_400_000
/** Days after which the studio deletes what is in the trash, unless it is set up otherwise. */
const TRASH_DAYS = 30

/** Formats the time until a generation is deleted permanently: `3 days left`, `last day`. */
export function formatDaysLeft(deletedAt: string | null, now: number): string {
  const left = Date.parse(deletedAt ?? '') + TRASH_DAYS * DAY_MS - now
  // The clock of this page may be behind.
  const days = Math.min(Math.ceil(left / DAY_MS), TRASH_DAYS)
  if (Number.isNaN(days)) return ''
  if (days < 1) return 'deleted any moment'
  return days === 1 ? 'last day' : `${days} days left`
}
