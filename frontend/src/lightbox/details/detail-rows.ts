import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { formatDuration, formatLength, formatProviderName } from '../../ui/format.ts'
import { formatCost, formatMoney } from '../../ui/money.ts'
import type { MediaItem } from '../gallery.ts'

export interface DetailRow {
  name: string
  value: string
  /** Whether the value can be copied. */
  isCopied?: boolean
}

/** Lists the properties of an output: how it was made, then when and for how much. */
export function listDetails(media: MediaItem, model: Model | undefined): DetailRow[][] {
  return [listSettings(media, model), listCircumstances(media, model)]
}

function listSettings({ generation, output }: MediaItem, model: Model | undefined): DetailRow[] {
  const { parameters } = generation
  return present([
    ['Model', model?.name ?? generation.model],
    ['Ran as', generation.ranModel ?? undefined],
    ['Instead of', generation.insteadOf?.model],
    ['Connection', model && formatProviderName(model)],
    ['Size', formatSize(output.width, output.height, parameters.aspectRatio)],
    ['Length', formatMadeLength(parameters.duration, output.duration)],
    ...Object.entries(parameters.settings ?? {}).map(
      ([name, value]) => [model?.settings[name]?.title ?? name, formatValue(value)] as const,
    ),
    ['Left out', parameters.negativePrompt],
    ['Seed', parameters.seed],
    ['File', formatFile(output.mimeType, output.bytes)],
  ]).map(row => (row.name === 'Seed' ? { ...row, isCopied: true } : row))
}

function listCircumstances({ generation }: MediaItem, model: Model | undefined): DetailRow[] {
  const made = new Date(generation.createdAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  return present([
    ['Made', made],
    ['Made by', generation.author],
    ['Time taken', formatTimeTaken(generation)],
    ['Cost', formatOutputCost(generation, model)],
  ])
}

/** Formats what an output has cost, and all of its generation: `$0.04 of $0.16, as billed`. */
export function formatOutputCost(generation: Generation, model: Model | undefined): string | undefined {
  const { cost, outputs } = generation
  if (cost === null || cost.amount === 0) return formatCost(generation, model)
  const made = outputs.filter(({ state }) => state !== 'pending' && state !== 'saving' && state !== 'failed').length
  const each = { ...cost, amount: cost.amount / Math.max(1, made) }
  const source = cost.estimated ? 'estimated' : 'as billed'
  return made > 1 ? `${formatMoney(each)} of ${formatMoney(cost)}, ${source}` : `${formatMoney(cost)}, ${source}`
}

function formatTimeTaken({ startedAt, completedAt }: Generation): string | undefined {
  if (startedAt === null || completedAt === null) return undefined
  return formatDuration((Date.parse(completedAt) - Date.parse(startedAt)) / 1_000)
}

function formatSize(width: number | null, height: number | null, ratio: string | undefined): string | undefined {
  if (width === null || height === null) return ratio
  return `${width} × ${height}${ratio === undefined ? '' : `, ${ratio}`}`
}

/** Formats the length of a video: of one that is not as long as requested, both lengths. */
function formatMadeLength(requested: number | undefined, made: number | null): string | undefined {
  const [wanted, length] = [requested, made ?? undefined].map(value =>
    value === undefined ? value : formatLength(value),
  )
  if (length === undefined) return wanted && `${wanted} asked for`
  return wanted === undefined || wanted === length ? length : `${wanted} asked for, ${length} made`
}

function formatFile(mimeType: string | null, bytes: number | null): string | undefined {
  const type = mimeType?.split('/')[1]?.replace('jpeg', 'jpg').toUpperCase()
  const parts = [type, bytes === null ? undefined : formatBytes(bytes)].filter(part => part !== undefined)
  return parts.length > 0 ? parts.join(', ') : undefined
}

function formatBytes(bytes: number): string {
  return bytes < 100_000 ? `${Math.max(1, Math.round(bytes / 1_000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

function formatValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}

function present(rows: readonly (readonly [string, string | number | null | undefined])[]): DetailRow[] {
  return rows.flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [{ name, value: String(value) }],
  )
}
