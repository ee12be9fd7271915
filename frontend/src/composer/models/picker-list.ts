import type { Kind } from '@darkroom/contracts/enums'
import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Model } from '@darkroom/contracts/model'
import { isUsable, orderByLikeness } from '@darkroom/contracts/other-model/nearest-model'
import { getCurrency } from '@darkroom/contracts/price'
import { formatProviderName } from '../../ui/format.ts'
import { formatPrice } from '../../ui/money.ts'
import { formatInputs } from '../attachments/reference-roles.ts'
import { adaptToModel, type Draft } from '../draft.ts'
import { estimateDraftMicros } from '../estimates.ts'

export interface PickerQuery {
  /** Words that a model's name or connection contains. */
  text: string
  /** Null for all kinds. */
  kind: Kind | null
}

/** A model as the picker shows it. */
export interface PickerRow {
  connection: string
  /** Reasons not to choose it: `retires 15 Jan`, `OpenAI: no credit`. */
  warnings: string[]
  isUsable: boolean
  takes: Takes
  seconds: string
  price: string
}

/** The inputs that a model takes beside a prompt, in words; null for each that it does not take. */
export interface Takes {
  references: string | null
  mask: string | null
  video: string | null
}

/** Returns the models that match a query: favourites first, otherwise in the order of the list. */
export function selectModels(
  models: readonly Model[],
  { text, kind }: PickerQuery,
  favourites: ReadonlySet<string>,
): { favourites: Model[]; others: Model[] } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const matching = models.filter(model => (kind === null || model.kind === kind) && matches(model, words))
  return {
    favourites: matching.filter(({ id }) => favourites.has(id)),
    others: matching.filter(({ id }) => !favourites.has(id)),
  }
}

/** Returns whether there are models of both kinds. */
export function hasBothKinds(models: readonly Model[]): boolean {
  return models.some(({ kind }) => kind === 'image') && models.some(({ kind }) => kind === 'video')
}

/** Facts that a row of the picker depends on beside its model and the draft. */
export interface PickerContext {
  models: readonly Model[]
  /** Time of day, in ms since 1970. */
  now: number
}

/** Describes a model for the picker. Its price is that of one output with the settings of the draft that it takes. */
export function describeModel(model: Model, draft: Draft, { models, now }: PickerContext): PickerRow {
  const connection = formatProviderName(model)
  const warning = CONNECTION_WARNINGS[model.connectionState ?? '']
  const micros = estimateDraftMicros(adaptToModel(draft, model), model, { count: 0 })
  return {
    connection,
    warnings: [
      ...(warning === undefined ? [] : [`${connection}: ${warning}`]),
      ...(model.retiresAt === null ? [] : [formatRetirement(model, models, now)]),
    ],
    isUsable: warning === undefined,
    takes: describeTakes(model),
    seconds: formatSeconds(estimateSeconds(model, 1)),
    price: formatPrice(micros, getCurrency(model.price) ?? 'USD'),
  }
}

const DAY_MS = 86_400_000
/** Days from which on they are counted. */
const COUNTED_DAYS = 60

/** Formats the day on which a model is switched off, or the days left, and the most similar one that stays: `3 days left, then: FLUX.2`. */
export function formatRetirement(model: Model, models: readonly Model[], now: number): string {
  const time = Date.parse(model.retiresAt ?? '')
  const left = Math.ceil((time - now) / DAY_MS)
  const nearest = findSuccessor(model, models)
  return `${formatDaysLeft(time, left)}${nearest ? `, then: ${nearest.name}` : ''}`
}

function formatDaysLeft(time: number, left: number): string {
  if (Number.isNaN(time)) return 'retires soon'
  if (left > COUNTED_DAYS)
    return `retires ${new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })}`
  if (left <= 0) return 'retires today'
  return left === 1 ? '1 day left' : `${left} days left`
}

/** Returns the most similar model that does not retire, and whose connection works. */
function findSuccessor(model: Model, models: readonly Model[]): Model | undefined {
  const others = models.filter(
    other => other.id !== model.id && other.retiresAt === null && other.kind === model.kind && isUsable(other),
  )
  const able = others.filter(({ operations }) => model.operations.every(operation => operations.includes(operation)))
  return orderByLikeness(able.length > 0 ? able : others, model)[0]
}

/** Reasons not to choose a model, by the state of its connection. A short limit is none. */
const CONNECTION_WARNINGS: Record<string, string> = {
  'wrong-key': 'key not accepted',
  'no-permission': 'no permission',
  'no-credit': 'no credit',
  unreachable: 'not reachable',
  failing: 'failing',
  'not-served': 'not set up',
}

function matches({ id, name, connectionName = '' }: Model, words: readonly string[]): boolean {
  const searched = `${name} ${connectionName} ${id}`.toLowerCase()
  return words.every(word => searched.includes(word))
}

function describeTakes(model: Model): Takes {
  const images = formatInputs(model)
  return {
    references: images === '' ? null : `takes ${images}`,
    mask: model.mask === 'none' ? null : 'takes a mask',
    video: model.kind === 'video' ? 'makes video' : null,
  }
}

function formatSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
}
