import type { Dialect } from '@darkroom/contracts/connection'
import type { ModelSpec } from '@darkroom/contracts/model'
import { type Adapter, ProviderError } from '../../providers/adapter.ts'
import type { Upscaler } from '../../providers/local/upscaler.ts'
import { createAdapter } from '../create-adapter.ts'
import type { CheckedConnection } from './list-connections.ts'
import { createTranscript, type TranscriptEntry } from './transcript.ts'

/** The result of the free check of one connection. */
export interface CheckReport {
  connection: string
  isWorking: boolean
  steps: readonly CheckStep[]
  models: readonly ModelSpec[]
  transcript: readonly TranscriptEntry[]
}

/** One thing that was checked. */
export interface CheckStep {
  name: 'address' | 'key' | 'models' | 'dialect' | 'result'
  /** `unknown`: an earlier step has failed. */
  state: 'works' | 'fails' | 'unknown'
  /** Text for users. */
  detail: string
}

interface Findings {
  models: readonly ModelSpec[]
  dialect: Dialect | null
  error: ProviderError | null
  /** A sentence for users: what was found, or what is wrong and what to do. */
  note: string
}

const DEADLINE_MS = 60_000
const NO_KEY = 'It has no key. Enter one in Settings, Connections.'
const KEY_ERRORS = ['key_refused', 'no_permission']

/** Checks a connection and lists its models, which costs nothing. Never throws. */
export async function checkConnection(
  { obstacle, ...settings }: CheckedConnection,
  upscaler: Upscaler,
): Promise<CheckReport> {
  const transcript = createTranscript(settings.key === null ? [] : [settings.key])
  const adapter = obstacle === null ? createAdapter({ ...settings, fetch: transcript.fetch, upscaler }) : undefined
  const findings = adapter
    ? await runCheck(adapter, AbortSignal.timeout(DEADLINE_MS))
    : toFindings(new ProviderError('key_refused', { message: obstacle ?? NO_KEY }))
  const entries = transcript.entries()
  return {
    connection: settings.id,
    isWorking: findings.error === null,
    steps: createSteps(settings, findings, entries),
    models: findings.models,
    transcript: entries,
  }
}

async function runCheck(adapter: Adapter, signal: AbortSignal): Promise<Findings> {
  try {
    const result = await adapter.checkConnection(signal)
    if (!result.ok) return toFindings(result.error)
    const { note, dialect = null } = result
    return { models: await adapter.models(signal), dialect, error: null, note }
  } catch (cause) {
    return toFindings(cause instanceof ProviderError ? cause : new ProviderError('provider_misbehaved', { cause }))
  }
}

function toFindings(error: ProviderError): Findings {
  return { models: [], dialect: null, error, note: error.message }
}

type StepSettings = Pick<CheckedConnection, 'kind' | 'baseUrl' | 'key'>

function createSteps(
  { kind, baseUrl, key }: StepSettings,
  { models, dialect, error, note }: Findings,
  entries: readonly TranscriptEntry[],
): CheckStep[] {
  return [
    { name: 'address', ...describeAddress(baseUrl, entries) },
    { name: 'key', ...describeKey(key, error) },
    { name: 'models', state: error ? 'unknown' : 'works', detail: error ? 'not listed' : describeModels(models) },
    ...(kind === 'openai-compatible' ? [{ name: 'dialect' as const, ...describeDialect(dialect) }] : []),
    { name: 'result', state: error ? 'fails' : 'works', detail: note },
  ]
}

function describeAddress(baseUrl: string | null, entries: readonly TranscriptEntry[]): Omit<CheckStep, 'name'> {
  if (baseUrl === null) return { state: 'works', detail: 'none is needed' }
  if (entries.length === 0) return { state: 'unknown', detail: `${baseUrl} was not asked` }
  const isReached = entries.some(({ status }) => status !== null)
  return isReached
    ? { state: 'works', detail: `${baseUrl} answers` }
    : { state: 'fails', detail: `${baseUrl} does not answer` }
}

function describeKey(key: string | null, error: ProviderError | null): Omit<CheckStep, 'name'> {
  if (error && KEY_ERRORS.includes(error.code))
    return { state: 'fails', detail: key === null ? 'none that can be sent' : 'refused' }
  if (error) return { state: 'unknown', detail: 'not checked' }
  return { state: 'works', detail: key === null ? 'none is needed' : 'not refused' }
}

function describeDialect(dialect: Dialect | null): Omit<CheckStep, 'name'> {
  return dialect ? { state: 'works', detail: dialect.server ?? 'openai' } : { state: 'unknown', detail: 'not found' }
}

/** Describes models by what they cost and take: `3, price known of 2; sizes: grid 2, list 1; generate 3, edit 2`. */
function describeModels(models: readonly ModelSpec[]): string {
  if (models.length === 0) return 'none that makes images'
  const priced = models.filter(({ price }) => price.kind !== 'unknown').length
  const sizes = countNames(models.map(model => model.sizes.kind))
  return `${models.length}, price known of ${priced}; sizes: ${sizes}; ${countNames(models.flatMap(model => model.operations))}`
}

function countNames(names: readonly string[]): string {
  const counts = Object.entries(Object.groupBy(names, name => name))
  return counts.map(([name, found]) => `${name} ${found?.length ?? 0}`).join(', ')
}
