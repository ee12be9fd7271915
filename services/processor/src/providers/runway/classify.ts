import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import type { Setting } from '@darkroom/contracts/model'
import { withQuote } from '../http/quote-provider.ts'
import type { ClassifiedRefusal, Classifier } from '../http/refusal.ts'
import { CATALOGUE } from './catalogue.ts'
import { ErrorBody } from './wire.ts'

/** "You do not have enough credits to run this task." [D github.com/runwayml/sdk-node/issues/28]. It comes with 400. */
const NO_CREDITS = /\bnot have enough credits?\b|\binsufficient credits?\b/i

/**
 * Maps a refusal of Runway to an error. Its own words are quoted where they help. Limits of how much runs at once are no refusals: such a
 * task waits at Runway [D docs.dev-stage.runwayml.com/usage/tiers].
 *
 * @see https://docs.dev.runwayml.com/api-details/errors
 */
export const classifyRunway: Classifier = ({ status, body }) => {
  const error = ErrorBody.safeParse(body).data
  if (!error || status >= 500) return undefined
  const [issue] = error.issues ?? []
  const words = issue?.message ?? error.error
  if (NO_CREDITS.test(error.error)) return { code: 'payment_required' }
  if (status === 403) return quoted('no_permission', words)
  if (status === 429) return quoted('rate_limited', words)
  if (status !== 400 && status !== 422) return undefined
  const field = issue?.path?.find(part => typeof part === 'string') ?? findField(error.error)
  return field === undefined ? quoted('provider_refused', words) : classifyField(String(field), words)
}

const IMAGE_FIELDS = ['promptImage', 'referenceImages', 'imageUri']
const FIELDS = [...IMAGE_FIELDS, 'promptText', 'negativePrompt', 'ratio', 'duration', 'seed']

/** Returns the field that a text names: "the field that the error occurred for (e.g., promptImage) and the reason" [D]. */
function findField(text: string): string | undefined {
  return FIELDS.find(name => text.includes(name))
}

const SETTINGS: Readonly<Record<string, Setting>> = Object.assign(
  {},
  ...Object.values(CATALOGUE).map(({ settings }) => settings),
)

function classifyField(field: string, words: string): ClassifiedRefusal {
  if (field === 'model') return { code: 'model_unknown' }
  if (IMAGE_FIELDS.includes(field)) return quoted('reference_refused', words)
  return { code: 'setting_refused', message: withQuote(describeField(field), words) }
}

function describeField(field: string): string {
  if (field === 'promptText') return 'Runway does not take this prompt.'
  if (field === 'ratio') return 'Runway does not take this size for the model.'
  if (field === 'duration') return 'Runway does not take this duration for the model.'
  const title = Object.hasOwn(SETTINGS, field) ? SETTINGS[field]?.title : undefined
  return title === undefined ? FAILURES.setting_refused.message : `Runway does not take this value of “${title}”.`
}

function quoted(code: FailureCode, words: string): ClassifiedRefusal {
  return { code, message: withQuote(FAILURES[code].message, words) }
}
