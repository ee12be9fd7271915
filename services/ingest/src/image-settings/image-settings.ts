import type { ImageSettings } from '@darkroom/contracts/history/library'
import { LIMITS } from '@darkroom/contracts/limits'
import { toStorableText } from '@darkroom/contracts/parameters'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { openImage } from '@darkroom/infra/images/open-image'
import { readDarkroomLabel } from './darkroom-label.ts'
import { readExifTexts } from './exif-text.ts'
import type { ImageMetadata } from './metadata.ts'
import { readPngTexts } from './png-text.ts'
import { type ImageTexts, readMetadata } from './read-metadata.ts'

/** Longest text that is read, in characters: a workflow of hundreds of nodes is shorter. */
const MAX_TEXT = 2_000_000
/** Keyword of XMP metadata in a PNG. */
const XMP = 'XML:com.adobe.xmp'

/** Reads the settings that its maker wrote into an image; null if there are none. Only its metadata are read, not its pixels. */
export async function readImageSettings(bytes: Uint8Array): Promise<ImageSettings | null> {
  const texts = withoutLong(sniffImageType(bytes) === 'image/png' ? readPngTexts(bytes) : await readOtherTexts(bytes))
  const metadata = readDarkroomLabel(texts[XMP] ?? '') ?? readMetadata(texts)
  return metadata ? toImageSettings(metadata) : null
}

/** Reads the texts of a file that is no PNG: in that of a PNG the decoder inflates whatever is there. */
async function readOtherTexts(bytes: Uint8Array): Promise<ImageTexts> {
  const { exif, xmp } = await openImage(bytes).metadata()
  return { ...readExifTexts(exif), ...(xmp && { [XMP]: xmp.toString('utf8') }) }
}

function withoutLong(texts: ImageTexts): ImageTexts {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text.length <= MAX_TEXT))
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
