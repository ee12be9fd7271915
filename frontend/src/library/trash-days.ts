import { LIMITS } from '@darkroom/contracts/limits'

const DAY_MS = 86_400_000

/** Formats the time until a generation is deleted permanently: `3 days left`, `last day`. */
export function formatDaysLeft(deletedAt: string | null, now: number, trashDays: number = LIMITS.trashDays): string {
  const left = Date.parse(deletedAt ?? '') + trashDays * DAY_MS - now
  // The clock of this page may be behind.
  const days = Math.min(Math.ceil(left / DAY_MS), trashDays)
  if (Number.isNaN(days)) return ''
  if (days < 1) return 'deleted any moment'
  return days === 1 ? 'last day' : `${days} days left`
}

/** Formats for how long what is deleted stays in the trash. */
export function formatTrashDays(trashDays: number = LIMITS.trashDays): string {
  if (trashDays === 0) return 'Generations that you delete are deleted permanently soon after.'
  return `Generations that you delete stay here for ${trashDays === 1 ? 'a day' : `${trashDays.toLocaleString('en')} days`}. A picture that was deleted alone is restored from the menu of its generation.`
}
