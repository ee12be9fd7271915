import { toStorableText } from '@darkroom/contracts/parameters'
import type { Receipt } from '../providers/adapter.ts'

const MAX_TRACE_CHARACTERS = 200
const MAX_MODEL_CHARACTERS = 200
const MAX_PROMPT_CHARACTERS = 10_000
const MAX_UNIT_CHARACTERS = 100
const MAX_UNITS = 50

/**
 * Returns what the database takes of a receipt: a provider may report anything, and an image is not lost by it. A cost that is no amount
 * is none, so that the estimate counts.
 */
export function toStorableReceipt({ cost, usage, trace, seed, revisedPrompt, model }: Receipt): Receipt {
  const micros = cost && Math.round(cost.micros)
  return {
    ...(cost && Number.isSafeInteger(micros) && micros !== undefined && micros >= 0 && { cost: { ...cost, micros } }),
    ...(usage && { usage: toStorableUsage(usage) }),
    ...(trace !== undefined && { trace: toStorableText(trace, MAX_TRACE_CHARACTERS) }),
    ...(seed !== undefined && Number.isFinite(seed) && { seed }),
    ...(model !== undefined && model !== '' && { model: toStorableText(model, MAX_MODEL_CHARACTERS) }),
    ...(revisedPrompt !== undefined && { revisedPrompt: toStorableText(revisedPrompt, MAX_PROMPT_CHARACTERS) }),
  }
}

function toStorableUsage(usage: Record<string, number>): Record<string, number> {
  const counts = Object.entries(usage).filter(([, count]) => Number.isFinite(count))
  return Object.fromEntries(
    counts.slice(0, MAX_UNITS).map(([unit, count]) => [toStorableText(unit, MAX_UNIT_CHARACTERS), count]),
  )
}
