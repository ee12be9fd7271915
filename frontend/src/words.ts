import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Kind } from '@darkroom/contracts/vocabulary'

/** `0.8 s`, `8.4 s`, `42 s`, `2 min 5 s` */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const rest = whole % 60
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`
}

/** What a person may expect, without false exactness: `about 9 s`, `about 2 min` */
export function estimate(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`
  return `about ${Math.round(seconds / 60)} min`
}

export function money(cost: { amount: number; currency: string }): string {
  const digits = cost.amount !== 0 && cost.amount < 0.1 ? 3 : 2
  try {
    const options = { style: 'currency', currency: cost.currency, maximumFractionDigits: digits } as const
    return new Intl.NumberFormat('en', options).format(cost.amount)
  } catch {
    return `${cost.amount.toFixed(digits)} ${cost.currency}`
  }
}

/** `1 image`, `4 videos` */
export function count(many: number, kind: Kind): string {
  return `${many} ${kind}${many === 1 ? '' : 's'}`
}

/** Model, settings, time taken and cost of a generation, in the order they are read. */
export function summary(generation: Generation, model: Model | undefined): string[] {
  const { parameters, outputs, cost } = generation
  const facts = [
    model?.name ?? generation.model,
    parameters.aspectRatio,
    outputs.length > 1 ? String(outputs.length) : undefined,
    parameters.duration === undefined ? undefined : duration(parameters.duration),
    parameters.seed === undefined ? undefined : `seed ${parameters.seed}`,
    taken(generation),
    cost ? money(cost) : undefined,
  ]
  return facts.filter(fact => fact !== undefined)
}

/** How many of a generation's outputs can be looked at. */
export function readyCount(generation: Generation): number {
  return generation.outputs.filter(output => output.state === 'stored' || output.state === 'temporary').length
}

/** `2 of 4 ready`, for as long as not all are. */
export function readiness(generation: Generation): string {
  return `${readyCount(generation)} of ${generation.outputs.length} ready`
}

/** What is happening to outputs that are not there yet, in a word or a few. */
export function stage({ status, waiting }: Generation): string {
  if (waiting) return WAITING[waiting.reason]
  return STAGES[status]
}

const WAITING: Record<NonNullable<Generation['waiting']>['reason'], string> = {
  'provider-queue': 'in the provider’s queue',
  'rate-limited': 'waiting: the provider asked for a pause',
  'provider-down': 'waiting: the provider is not answering',
}

const STAGES: Record<Generation['status'], string> = {
  queued: 'queued',
  processing: 'generating',
  uploading: 'saving',
  completed: 'not made',
  failed: 'not made',
  cancelled: 'cancelled',
}

/** The hour and minute of an instant, where the person is. */
export function clock(instant: string): string {
  return new Date(instant).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })
}

function taken({ startedAt, completedAt, status }: Generation): string | undefined {
  if (status !== 'completed' || startedAt === null || completedAt === null) return undefined
  return duration((Date.parse(completedAt) - Date.parse(startedAt)) / 1_000)
}
