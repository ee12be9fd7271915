import { createMetadata, type ImageMetadata } from '../metadata.ts'

const [PROMPT, SEED, OUTPUT] = ['Procedural image, no AI model. Prompt: ', '. Seed: ', '. Output: ']
const ENTITIES: readonly [string, string][] = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&amp;', '&'],
]

/** Reads the XMP metadata that the demo writes into its images; undefined if there is none. */
export function readDarkroomLabel(xmp: string): ImageMetadata | undefined {
  const start = xmp.indexOf(PROMPT)
  const [seedAt, outputAt] = [xmp.lastIndexOf(SEED), xmp.lastIndexOf(OUTPUT)]
  if (!xmp.includes('CreatorTool="Darkroom') || start < 0 || seedAt < start || outputAt < seedAt) return undefined
  const seed = xmp.slice(seedAt + SEED.length, outputAt)
  const escaped = xmp.slice(start + PROMPT.length, seedAt)
  const prompt = ENTITIES.reduce((text, [entity, character]) => text.replaceAll(entity, character), escaped)
  const absent = { negative: undefined, width: undefined, height: undefined, rest: {} }
  return createMetadata({ ...absent, source: 'Darkroom', prompt, model: 'demo', seed })
}
