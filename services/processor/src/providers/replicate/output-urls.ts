import { LIMITS } from '@darkroom/contracts/limits'

const MAX_OUTPUTS = 32

/** Lists the URLs of an output: a text, a list of texts, or an object that has them. Whatever else a model gives is left out. */
export function listOutputUrls(output: unknown): string[] {
  if (typeof output === 'string') return isFileUrl(output) ? [output] : []
  if (typeof output !== 'object' || output === null) return []
  return Object.values(output).slice(0, MAX_OUTPUTS).flatMap(listNestedUrls).slice(0, MAX_OUTPUTS)
}

/** Lists the files of a value. An object has its files in lists as well; nothing is nested deeper. */
function listNestedUrls(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value.slice(0, MAX_OUTPUTS) : [value]
  return values.filter((text): text is string => typeof text === 'string' && isFileUrl(text))
}

function isFileUrl(text: string): boolean {
  return text.length <= LIMITS.urlCharacters && /^https?:\/\//.test(text) && URL.canParse(text)
}
