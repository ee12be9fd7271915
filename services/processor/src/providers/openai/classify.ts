import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import type { Setting } from '@darkroom/contracts/model'
import { describeSetting } from '@darkroom/contracts/model-fields'
import type { z } from 'zod'
import { quoteProvider, withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { createModelSpecs } from './model-specs.ts'
import { type ApiError, ErrorBody, type ModerationDetails } from './wire.ts'

/**
 * Maps a refusal of OpenAI to an error. Its own words are quoted where they help: for content, settings, references and permissions.
 *
 * @see https://platform.openai.com/docs/guides/error-codes; the names of the codes of moderation are [U], those of money [D, third party]
 */
export const classifyOpenAi: Classifier = ({ status, body }) => {
  const error = ErrorBody.safeParse(body).data?.error
  if (!error || status >= 500) return undefined
  return classifyContent(error) ?? classifyAccount(status, error) ?? classifyField(status, error)
}

const CONTENT_CODES = [
  'moderation_blocked',
  'content_policy_violation',
  'content_filter',
  'image_content_policy_violation',
]

/** Returns the failure of an answer that was refused for its content; undefined if it was not. */
export function classifyContent(error: {
  code?: string | null | undefined
  message?: string | null | undefined
  moderation_details?: z.infer<typeof ModerationDetails> | null | undefined
}): ClassifiedRefusal | undefined {
  if (!CONTENT_CODES.includes(error.code ?? '')) return undefined
  const isOutput = error.moderation_details?.moderation_stage === 'output'
  return quoted(isOutput ? 'output_refused' : 'content_refused', error.message)
}

/** A limit that waiting does not lift: the account needs money, or a higher limit. */
const MONEY = [
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'billing_hard_limit_reached',
  'billing_not_active',
]

function classifyAccount(status: number, error: ApiError): ClassifiedRefusal | undefined {
  if ([error.code, error.type].some(text => MONEY.includes(text ?? ''))) return { code: 'payment_required' }
  if (error.code === 'unsupported_country_region_territory')
    return { code: 'provider_refused', message: 'OpenAI does not serve the country that this computer is in.' }
  if (status === 403) return quoted('no_permission', error.message)
  return undefined
}

function classifyField(status: number, error: ApiError): ClassifiedRefusal | undefined {
  const { code, param, message } = error
  if (code === 'model_not_found' || (param === 'model' && status < 429)) return { code: 'model_unknown' }
  if (status !== 400 && status !== 422) return undefined
  if (
    /^(?:tools\[0\]\.)?(?:image|images|mask|input_image_mask|input)\b/.test(param ?? '') ||
    /image|mask/.test(code ?? '')
  )
    return quoted('reference_refused', message)
  if (!param) return quoted('provider_refused', message)
  return { code: 'setting_refused', message: describeRefusedSetting(param, quoteProvider(message)) }
}

const SPECS = createModelSpecs('', undefined, '')
/** Settings of all models, those of the newest where several have one. */
const SETTINGS: Readonly<Record<string, Setting>> = Object.assign(
  {},
  ...SPECS.map(({ settings }) => settings).toReversed(),
)

/** Describes a field that was refused, and what is allowed. `tools[0].quality` is that of the Responses API. */
function describeRefusedSetting(param: string, quote: string | undefined): string {
  const name = param.slice(param.lastIndexOf('.') + 1)
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined
  const allowed = quote ?? (setting && `It ${describeSetting(setting)}, and not all with every model.`)
  return [describeField(name, setting), allowed].filter(text => text !== undefined).join(' ')
}

function describeField(name: string, setting: Setting | undefined): string {
  if (name === 'size') return 'OpenAI does not take this size for the model.'
  if (name === 'prompt') return 'OpenAI does not take this prompt.'
  return setting ? `OpenAI does not take this value of ${setting.title}.` : FAILURES.setting_refused.message
}

function quoted(code: FailureCode, text: string | null | undefined): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, text) }
}
