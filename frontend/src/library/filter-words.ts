import type { GenerationCount } from '@darkroom/contracts/history/library'
import type { Model } from '@darkroom/contracts/model'
import { formatCount } from '../ui/format.ts'
import type { ListFilter, StatusGroup } from './list-query.ts'

export const STATUS_LABELS: Record<StatusGroup, string> = {
  running: 'In progress',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

export const KIND_LABELS = { image: 'Images', video: 'Videos' } as const

/** Formats the days of a filter: `Since Sep 1, 2026`, `Until Oct 3, 2026`, `Sep 1, 2026 to Oct 3, 2026`; null if none is set. */
export function formatDays({ since, until }: Pick<ListFilter, 'since' | 'until'>): string | null {
  if (since !== null && until !== null)
    return since === until ? formatDay(since) : `${formatDay(since)} to ${formatDay(until)}`
  if (since !== null) return `Since ${formatDay(since)}`
  return until === null ? null : `Until ${formatDay(until)}`
}

/** Formats the models of a filter by their names: `FLUX.2 pro, Imagen 4`, `FLUX.2 pro and 3 more`; null if none is set. */
export function formatModels({ models }: Pick<ListFilter, 'models'>, byId: ReadonlyMap<string, Model>): string | null {
  const [first, ...others] = models.map(id => byId.get(id)?.name ?? id)
  if (first === undefined) return null
  return others.length > 1 ? `${first} and ${others.length} more` : [first, ...others].join(', ')
}

/** Describes a filter in one line, for a list that has no match: `“valley”, images, FLUX.2 pro, since Sep 1, 2026`. */
export function describeFilter(filter: ListFilter, byId: ReadonlyMap<string, Model>): string {
  const { text, kind, favourite, references, status } = filter
  const parts = [
    text === '' ? null : `“${text}”`,
    kind && KIND_LABELS[kind].toLowerCase(),
    formatModels(filter, byId),
    lowerFirst(formatDays(filter)),
    favourite ? 'favourites' : null,
    references ? 'with references' : null,
    status && STATUS_LABELS[status].toLowerCase(),
  ]
  return parts.filter(part => part !== null).join(', ')
}

/** Formats the size of a list: `38 generations · 124 images`. */
export function formatListCount({ generations, outputs }: GenerationCount, kind: ListFilter['kind']): string {
  const made =
    kind === null ? `${outputs.toLocaleString('en')} picture${outputs === 1 ? '' : 's'}` : formatCount(outputs, kind)
  return `${generations.toLocaleString('en')} generation${generations === 1 ? '' : 's'} · ${made}`
}

function formatDay(day: string): string {
  return new Date(`${day}T12:00`).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' })
}

function lowerFirst(text: string | null): string | null {
  return text && `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

/** Formats a size in bytes: `820 KB`, `31.4 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} KB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`
}
