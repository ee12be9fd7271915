import type { ImageSettings } from '@darkroom/contracts/history/library'
import { LIMITS } from '@darkroom/contracts/limits'
import { toStorableText } from '@darkroom/contracts/parameters'
import { readImageTexts } from './image-texts.ts'
import type { ImageMetadata } from './metadata.ts'
import { readMetadata } from './read-metadata.ts'
import { readDarkroomLabel } from './readers/darkroom-label.ts'
import { XMP } from './xmp.ts'

/** Reads the settings that its maker wrote into an image; null if there are none. Only its metadata are read, not its pixels. */
export function readImageSettings(bytes: Uint8Array): ImageSettings | null {
  const texts = readImageTexts(bytes)
  const metadata = readDarkroomLabel(texts[XMP] ?? '') ?? readMetadata(texts)
  return metadata ? toImageSettings(metadata) : null
}

function toImageSettings({
  source,
  prompt,
  model,
  width,
  height,
  largeSeed,
  parameters,
}: ImageMetadata): ImageSettings {
  const { seed, negativePrompt, settings = {} } = parameters
  const guidance = settings.cfgScale ?? settings.cfg ?? settings.guidance
  const chosenSeed = seed ?? largeSeed
  return {
    source,
    ...(prompt !== '' && { prompt: toStorableText(prompt, LIMITS.promptCharacters) }),
    ...(negativePrompt !== undefined && { negativePrompt: toStorableText(negativePrompt, LIMITS.promptCharacters) }),
    ...(model !== null && { model: toStorableText(model, model.length) }),
    ...(chosenSeed !== null && { seed: chosenSeed }),
    ...(width !== null && height !== null && { width, height }),
    ...(typeof settings.steps === 'number' && { steps: settings.steps }),
    ...(typeof guidance === 'number' && { guidance }),
  }
}
