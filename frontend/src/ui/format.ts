import type { Kind } from '@darkroom/contracts/enums'
import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import type { PixelSize } from '@darkroom/contracts/size'

const DAY_MS = 24 * 3_600_000

/** Formats a duration: `0.8 s`, `8.4 s`, `42 s`, `2 min 5 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const rest = whole % 60
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`
}

/** Formats the length of a video: `0.4 s`, `5 s`, `2 min 5 s`. */
export function formatLength(seconds: number): string {
  return seconds >= 1 && seconds < 60 ? `${Math.round(seconds)} s` : formatDuration(seconds)
}

/** Formats the length of a video as its player does: `0:05`, `1:20`. */
export function formatClockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Formats a resolution: `1024 px`, `2K`, `1536 × 1024`, `auto`. */
export function formatResolution(resolution: number | string): string {
  return typeof resolution === 'number' ? `${resolution} px` : resolution.replace(/^(\d+)x(\d+)$/, '$1 × $2')
}

/** Formats a size in pixels: `1216 × 832`. */
export function formatPixels({ width, height }: PixelSize): string {
  return `${width} × ${height}`
}

/** Formats an estimated duration without false precision: `about 9 s`, `about 2 min`. */
export function formatEstimate(seconds: number): string {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`
  return `about ${Math.round(seconds / 60)} min`
}

/** Returns the reason why an old submission is not sent automatically; null if it is recent. @param now ms since 1970 */
export function formatStaleSubmission({ createdAt }: Generation, now: number): string | null {
  const submittedAt = new Date(createdAt)
  if (now - submittedAt.getTime() < DAY_MS) return null
  const day = submittedAt.toLocaleDateString('en', { day: 'numeric', month: 'long' })
  return `It could not be reached when this was asked for, on ${day}. Is it still wanted?`
}

/** Formats a number of outputs: `1 image`, `4 videos`. */
export function formatCount(amount: number, kind: Kind): string {
  return `${amount} ${kind}${amount === 1 ? '' : 's'}`
}

/** The facts of a generation as a row shows them. */
export interface GenerationFacts {
  /** Model and settings: `FLUX.2 pro`, `3:2`, `4 images`. */
  settings: string[]
  timeTaken: string | undefined
}

/** Returns the facts of a generation. */
export function formatFacts(generation: Generation, model: Model | undefined): GenerationFacts {
  const facts = [
    model?.name ?? generation.model,
    ...formatOtherModel(generation),
    generation.parameters.aspectRatio,
    formatOutputs(generation),
  ]
  return { settings: facts.filter(fact => fact !== undefined), timeTaken: formatTimeTaken(generation) }
}

/** Says which model really ran, and in the place of which one it was made. */
function formatOtherModel({ ranModel, insteadOf }: Generation): string[] {
  return [
    ...(ranModel ? [`ran as ${toOwnName(ranModel)}`] : []),
    ...(insteadOf ? [`instead of ${toOwnName(insteadOf.model)}`] : []),
  ]
}

function toOwnName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/** Formats the outputs of a generation: `4 images`, `3 videos of 5 s`. */
function formatOutputs({ outputs, kind, parameters }: Generation): string {
  const count = formatCount(outputs.filter(({ state }) => state !== 'deleted').length, kind)
  return parameters.duration === undefined ? count : `${count} of ${formatLength(parameters.duration)}`
}

/** Describes an output for screen readers by its number and the beginning of its prompt: `picture 2 of 4: a paper boat…`. */
export function describeOutput({ prompt, outputs }: Generation, { index, kind }: Output): string {
  return `${kind === 'video' ? 'video' : 'picture'} ${index + 1} of ${outputs.length}: ${formatPromptStart(prompt)}`
}

/** Returns the beginning of a prompt, cut between words. */
export function formatPromptStart(prompt: string, length = 60): string {
  const line = prompt.replaceAll(/\s+/g, ' ').trim()
  if (line.length <= length) return line
  const cut = line.slice(0, length)
  const end = cut.lastIndexOf(' ')
  return `${cut.slice(0, end > length / 2 ? end : length).trimEnd()}…`
}

/** Counts the outputs of a generation that can be shown. */
export function countReady(generation: Generation): number {
  return generation.outputs.filter(output => output.state === 'stored' || output.state === 'temporary').length
}

/** Formats the number of outputs that are ready: `2 of 4 ready`. */
export function formatReadyCount(generation: Generation): string {
  return `${countReady(generation)} of ${generation.outputs.length} ready`
}

/** Returns the name of a model's connection: `Replicate`, or `The provider` if it is unknown. */
export function formatProviderName(model: Model | undefined): string {
  if (model?.connectionName) return model.connectionName
  const id = model?.connection
  return id ? `${id.charAt(0).toUpperCase()}${id.slice(1)}` : 'The provider'
}

/** Returns the stage of a generation that is not finished, in a word or a few. */
export function formatStage({ status, waiting }: Generation, provider: string): string {
  if (!waiting) return STATUS_LABELS[status]
  const formatWaiting = WAITING_MESSAGES[waiting.reason]
  // A page that is older than the studio may not know the reason.
  return formatWaiting
    ? formatWaiting(provider, waiting.until === null ? null : formatTime(waiting.until))
    : STATUS_LABELS[status]
}

/** Formats the time in which an output that only the provider stores will be gone: `Not saved yet, 42 min left`. @param now ms since 1970 */
export function formatExpiry({ expiresAt }: Output, now: number): string {
  return expiresAt === null ? 'Not saved yet' : `Not saved yet, ${formatTimeLeft(Date.parse(expiresAt) - now)}`
}

/**
 * Formats where an output is that is not saved yet, and until when: `Google, which deletes it in 42 min`.
 *
 * @param now ms since 1970; without it the text is as long as it can become
 */
export function formatDeadline({ expiresAt }: Output, provider: string, now?: number): string {
  if (expiresAt === null) return lowercaseArticle(provider)
  const left = now === undefined ? 'less than a minute left' : formatTimeLeft(Date.parse(expiresAt) - now)
  const when = left === 'gone any moment' ? 'any moment' : `in ${left.replace(' left', '')}`
  return `${lowercaseArticle(provider)}, which deletes it ${when}`
}

/** Returns the note on an output that the provider had deleted before it was stored. */
export function formatLost(provider: string): string {
  return `Deleted by ${lowercaseArticle(provider)} before it could be saved.`
}

function formatTimeLeft(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (milliseconds <= 0) return 'gone any moment'
  if (minutes < 1) return 'less than a minute left'
  if (minutes < 90) return `${minutes} min left`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h left` : `${Math.floor(hours / 24)} days left`
}

function lowercaseArticle(provider: string): string {
  return provider.replace(/^The /, 'the ')
}

const WAITING_MESSAGES: Record<
  NonNullable<Generation['waiting']>['reason'],
  (provider: string, until: string | null) => string
> = {
  'provider-queue': provider => `queued at ${lowercaseArticle(provider)}`,
  'connection-full': provider => `waits for a free place at ${lowercaseArticle(provider)}`,
  'rate-limited': (provider, until) => `${provider} asks to wait${until === null ? '' : `, again at ${until}`}`,
  'provider-down': (provider, until) =>
    `${provider} is not answering; trying again${until === null ? '' : ` at ${until}`}`,
  'provider-restarted': provider => `${provider} was started again and has forgotten it; asking again`,
  'not-configured': provider => `${provider} is not set up here any more; waiting until it is`,
  'key-refused': provider => `${provider} does not accept the key; waiting for another in Settings`,
  'no-credit': provider => `no credit left at ${lowercaseArticle(provider)}; add some, then check it in Settings`,
  'disk-full': () => 'the disk is nearly full; waiting for room',
  'storage-down': () => 'made; waiting for the storage to take it',
  recovering: provider => `fetching what ${lowercaseArticle(provider)} had answered`,
}

const STATUS_LABELS: Record<Generation['status'], string> = {
  queued: 'queued',
  processing: 'generating',
  uploading: 'saving',
  completed: 'not made',
  failed: 'not made',
  cancelled: 'cancelled',
}

/** Formats an instant as hour and minute, in the user's time zone. */
function formatTime(instant: string): string {
  return new Date(instant).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })
}

function formatTimeTaken({ startedAt, completedAt, status }: Generation): string | undefined {
  if (status !== 'completed' || startedAt === null || completedAt === null) return undefined
  return formatDuration((Date.parse(completedAt) - Date.parse(startedAt)) / 1_000)
}
