import { createMetadata, type ImageMetadata } from '../metadata.ts'

const JOB = ' Job ID: '
/** Longest description that is read. */
const MAX_DESCRIPTION = 20_000
const MAX_OPTIONS = 64
/** Names of the options that say which model it was. */
const [VERSION, NIJI] = ['v', 'niji']

/**
 * Reads the description that Midjourney writes: the prompt, options such as `--ar 3:2`, and the id of the job.
 *
 * @see https://docs.midjourney.com/hc/en-us/articles/32859204029709-Parameter-List
 */
export function readMidjourney({
  Description: text = '',
}: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const end = text.slice(0, MAX_DESCRIPTION).lastIndexOf(JOB)
  if (end < 0) return undefined
  const [prompt = '', ...parts] = text.slice(0, end).split(' --')
  const options = Object.fromEntries(parts.slice(0, MAX_OPTIONS).map(readOption))
  const { seed, no: negative, [VERSION]: version, [NIJI]: niji, ...rest } = options
  const model = niji ? `niji ${niji}` : version ? `midjourney ${version}` : 'midjourney'
  const size = { width: undefined, height: undefined }
  return createMetadata({ source: 'Midjourney', prompt, negative, model, seed, rest, ...size })
}

function readOption(part: string): [string, string | boolean] {
  const [name = '', ...values] = part.trim().split(' ')
  return [name, values.join(' ') || true]
}
